import type { Container, ContainerStatus, Pod } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'

/** The one-line state of a pod that `kubectl get pods` shows. */
export interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly reason: string
  readonly restarts: number
  /** When a container last ended before a restart; `undefined` if none did. */
  readonly lastRestartMs: number | undefined
}

const NODE_UNREACHABLE = 'NodeLost'

export const isSidecar = (container: Container | undefined): boolean => container?.restartPolicy === 'Always'

/** Restarts of a set of containers: how many, and when the latest was. */
interface Restarts {
  readonly count: number
  readonly lastMs: number | undefined
}

const noRestarts: Restarts = { count: 0, lastMs: undefined }

function addRestarts(sum: Restarts, status: ContainerStatus): Restarts {
  const endedMs = parseTime(status.lastState?.terminated?.finishedAt)
  const later = endedMs !== undefined && (sum.lastMs === undefined || endedMs > sum.lastMs)
  return { count: sum.count + (status.restartCount ?? 0), lastMs: later ? endedMs : sum.lastMs }
}

const endOf = (terminated: { readonly signal?: number | undefined; readonly exitCode?: number }): string => (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`)

/** The part that init containers have in the summary; `reason` is there while initialization is under way or failed. */
interface InitPart {
  readonly reason: string | undefined
  readonly ready: number
  readonly restarts: Restarts
  readonly sidecarRestarts: Restarts
}

function summarizeInit(pod: Pod): InitPart {
  const containers = new Map((pod.spec?.initContainers ?? []).map((one) => [one.name, one]))
  let part: InitPart = { reason: undefined, ready: 0, restarts: noRestarts, sidecarRestarts: noRestarts }
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(containers.get(status.name))
    part = { ...part, restarts: addRestarts(part.restarts, status), sidecarRestarts: sidecar ? addRestarts(part.sidecarRestarts, status) : part.sidecarRestarts }
    if (status.state?.terminated && (status.state.terminated.exitCode ?? 0) === 0) continue
    if (sidecar && status.started === true) {
      part = { ...part, ready: part.ready + (status.ready ? 1 : 0) }
      continue
    }
    return { ...part, reason: initReason(status, `${index}/${containers.size}`) }
  }
  return part
}

function initReason(status: ContainerStatus, progress: string): string {
  const { terminated, waiting } = status.state ?? {}
  if (terminated) return `Init:${terminated.reason || endOf(terminated)}`
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`
  return `Init:${progress}`
}

/** What the app containers say: the first of them that waits or has ended names the reason. */
function containerReason(status: ContainerStatus): string | undefined {
  const { waiting, terminated } = status.state ?? {}
  if (waiting?.reason) return waiting.reason
  if (terminated) return terminated.reason || endOf(terminated)
  return undefined
}

const hasCondition = (pod: Pod, type: string): boolean => pod.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false

function phaseReason(pod: Pod): string {
  const gated = pod.status?.conditions?.some((one) => one.type === 'PodScheduled' && one.reason === 'SchedulingGated')
  return gated ? 'SchedulingGated' : pod.status?.reason || (pod.status?.phase ?? '')
}

/** Computes what `kubectl get pods` shows in Ready, Status and Restarts. */
export function summarizePod(pod: Pod): PodSummary {
  const init = summarizeInit(pod)
  const total = (pod.spec?.containers?.length ?? 0) + (pod.spec?.initContainers ?? []).filter(isSidecar).length
  const initial = { ready: init.ready, reason: init.reason ?? phaseReason(pod), restarts: init.restarts }
  const { ready, reason, restarts } = init.reason === undefined || hasCondition(pod, 'Initialized') ? summarizeContainers(pod, { ...initial, restarts: init.sidecarRestarts }) : initial
  return { ready, total, reason: terminatingReason(pod) ?? reason, restarts: restarts.count, lastRestartMs: restarts.lastMs }
}

interface Progress {
  readonly ready: number
  readonly reason: string
  readonly restarts: Restarts
}

function summarizeContainers(pod: Pod, before: Progress): Progress {
  let { ready, reason, restarts } = before
  let running = false
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts = addRestarts(restarts, status)
    const own = containerReason(status)
    if (own !== undefined) reason = own
    else if (status.ready && status.state?.running) {
      running = true
      ready++
    }
  }
  if (reason === 'Completed' && running) reason = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady'
  return { ready, reason, restarts }
}

function terminatingReason(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined
  if (pod.status?.reason === NODE_UNREACHABLE) return 'Unknown'
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? undefined : 'Terminating'
}
