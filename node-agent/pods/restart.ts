import type { ContainerRestartRule, Pod } from '../../shared/model/gen/api.ts'
import type { Backoff, ContainerRecord, Ended, PodContainer, PodRecord } from './record.ts'

const FIRST_MS = 10_000
const LONGEST_MS = 300_000
/** A container that ran this long starts over with the shortest wait. */
const FORGET_MS = 2 * LONGEST_MS

/** The policy that counts for one container: its own, a sidecar's, or the pod's. */
export function restartPolicyOf(pod: Pod, { kind, spec }: PodContainer): 'Always' | 'OnFailure' | 'Never' {
  const policy = kind === 'ephemeral' ? 'Never' : kind === 'sidecar' ? 'Always' : (spec.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always')
  if (policy === 'OnFailure' || policy === 'Never') return policy
  // An init container that has succeeded is done under every policy.
  return kind === 'init' ? 'OnFailure' : 'Always'
}

/** Whether a container that ended so is started again. */
export function shouldRestart(pod: Pod, container: PodContainer, ended: Pick<Ended, 'exitCode'>): boolean {
  if (ruleFor(container, ended) !== undefined) return true
  const policy = restartPolicyOf(pod, container)
  return policy === 'Always' || (policy === 'OnFailure' && ended.exitCode !== 0)
}

/** What the first rule of the container that its exit code meets asks for. An init container that has succeeded is done under every rule. */
export function ruleFor({ kind, spec }: PodContainer, { exitCode }: Pick<Ended, 'exitCode'>): 'Restart' | 'RestartAllContainers' | undefined {
  if (kind === 'init' && exitCode === 0) return undefined
  const action = (spec.restartPolicyRules ?? []).find((one) => matches(one, exitCode))?.action
  return action === 'Restart' || action === 'RestartAllContainers' ? action : undefined
}

function matches({ exitCodes }: ContainerRestartRule, exitCode: number): boolean {
  const among = exitCodes?.values?.includes(exitCode) === true
  return exitCodes !== undefined && (exitCodes.operator === 'In' ? among : !among)
}

export type NextStart =
  | { readonly kind: 'now'; readonly backoff?: Backoff | undefined }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly delayMs: number }

/**
 * When the next attempt may start, by Kubernetes' back-off: the first restart at once, then 10 s after the exit, doubled each time up to
 * 5 minutes. A container stopped for a failing probe is measured from the exit before, so its second restart does not wait either.
 */
export function nextStart(container: ContainerRecord, ended: Ended, nowMs: number): NextStart {
  const backoff = current(container.backoff, ended.finishedMs)
  if (ended.byProbe === true && container.last === undefined) return { kind: 'now', backoff }
  if (backoff === undefined) return { kind: 'now', backoff: { delayMs: FIRST_MS, updatedMs: nowMs } }
  const longer = { delayMs: Math.min(LONGEST_MS, backoff.delayMs * 2), updatedMs: nowMs }
  if (ended.byProbe === true && container.last !== undefined && container.waiting === undefined && ended.finishedMs >= container.last.finishedMs + backoff.delayMs) return { kind: 'now', backoff: longer }
  const untilMs = ended.finishedMs + backoff.delayMs
  return isDue(untilMs, nowMs, backoff.delayMs) ? { kind: 'now', backoff: longer } : { kind: 'wait', untilMs, delayMs: backoff.delayMs }
}

const current = (backoff: Backoff | undefined, atMs: number): Backoff | undefined => (backoff !== undefined && atMs - backoff.updatedMs > FORGET_MS ? undefined : backoff)

/**
 * Whether a moment (wall time) has come for which nobody waits longer than `longestMs`. One that is farther off was written down before somebody set the
 * clock back: it counts as come, rather than after hours.
 */
export const isDue = (atMs: number, nowMs: number, longestMs = LONGEST_MS): boolean => nowMs >= atMs || atMs - nowMs > longestMs

/** How long to wait before an image, a network or a volume is tried again. */
export const retryDelayMs = (failures: number): number => Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1))

/** A duration to the millisecond, as Go prints it: `253ms`, `1.2s`, `1m2.053s`. */
export function goPreciseDuration(ms: number): string {
  const whole = Math.trunc(ms)
  if (whole > 0 && whole < 1000) return `${whole}ms`
  const seconds = Math.trunc(whole / 1000)
  const part = whole % 1000
  const fraction = part === 0 ? '' : `.${String(part).padStart(3, '0').replace(/0+$/, '')}`
  return `${goDuration(seconds * 1000).slice(0, -1)}${fraction}s`
}

/** A duration as Go prints it: `10s`, `1m20s`, `5m0s`. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds % 60}s`
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`
}

/** What waits for a ConfigMap, a Secret or an image that a Secret opens is due now. */
export function sourcesDue(record: PodRecord): PodRecord {
  return {
    ...record,
    volumes: record.volumes.kind === 'waiting' ? { ...record.volumes, retryAtMs: 0 } : record.volumes,
    containers: Object.fromEntries(Object.entries(record.containers).map(([name, one]) => [name, mayWaitForSource(one) ? { ...one, problem: { ...one.problem, retryAtMs: 0 } } : one])),
  }
}

const mayWaitForSource = (one: ContainerRecord): one is ContainerRecord & { readonly problem: NonNullable<ContainerRecord['problem']> } =>
  one.problem?.of === 'container' || one.problem?.reason === 'ErrImagePull' || one.problem?.reason === 'ImagePullBackOff'
