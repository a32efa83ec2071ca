import { messageOf } from '../../shared/kit/faults.ts'
import type { LifecycleHandler } from '../../shared/model/gen/api.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { runHandler } from '../probes/handler.ts'
import type { ProbeResult } from '../probes/threshold.ts'
import type { ContainerRuntime } from '../runtime/port.ts'
import { containerDeleted, hookEnded, stopStage } from './apply.ts'
import { removeImageVolumes } from './image-volumes.ts'
import { containerLogPath } from './paths.ts'
import { containerId, containerRecord, containersOf, withContainer } from './record.ts'
import { graceOf } from './view.ts'
import { containerNamed, podIPOf, unchanged, type Change, type StepContext } from './step-context.ts'
import type { Step } from './steps.ts'
import { events } from './words.ts'

/** Hooks have no limit of their own; this one is only for what nobody waits for any more. */
const LONGEST_HOOK_MS = 24 * 3_600_000

/**
 * A container is told of a millisecond after its start here, where kubelet takes longer than a small server needs to listen: so long a refused
 * connection counts for nothing.
 */
const LISTENS_WITHIN_MS = 1_000
const REFUSED_RETRY_MS = 20

const isRefused = ({ kind, output }: ProbeResult): boolean => kind === 'failure' && output.endsWith('connection refused')

interface HookRun {
  readonly handler: LifecycleHandler
  readonly container: string
  readonly limitMs: number
}

/** Runs a hook; answers whether it succeeded. */
async function runHook(context: StepContext, { handler, container, limitMs }: HookRun): Promise<boolean> {
  const { parts, pod, record, signal } = context
  const { now } = containerRecord(record, container)
  if (now.kind !== 'running') return false
  if (handler.sleep !== undefined) {
    const whole = handler.sleep.seconds * 1000
    await sleep(parts.clock, Math.min(whole, limitMs), signal)
    return whole <= limitMs
  }
  const { spec } = containerNamed(pod, container)
  const place = { pod, container: spec, containerId: now.id, podIP: podIPOf(context) }
  const run = (): Promise<ProbeResult> => runHandler({ runtime: parts.runtime, network: parts.probes, clock: parts.clock }, { handler, place, timeoutMs: limitMs, signal })
  let result = await run()
  for (const untilMs = now.startedMs + LISTENS_WITHIN_MS; isRefused(result) && parts.clock.nowMs() < untilMs; result = await run()) await sleep(parts.clock, REFUSED_RETRY_MS, signal)
  if (result.kind !== 'success' && result.kind !== 'warning') parts.log.info({ pod: pod.metadata.name, container, output: result.output }, 'a hook failed')
  return result.kind === 'success' || result.kind === 'warning'
}

/**
 * A hook is over with the container it belongs to: nobody waits for it then, and what became of it is nothing to the attempt after that one. (kubelet stops
 * waiting when the pod is deleted, and waits out a sleep of a container that has ended.)
 */
export async function postStart(context: StepContext, name: string): Promise<Change> {
  const { pod, parts, record, signal, emit } = context
  const handler = containerNamed(pod, name).spec.lifecycle?.postStart
  const { now } = containerRecord(record, name)
  if (now.kind !== 'running') return unchanged
  const whileRunning =
    (change: Change): Change =>
    (newest) => {
      const { now: newestNow } = containerRecord(newest, name)
      return newestNow.kind === 'running' && newestNow.id === now.id ? change(newest) : newest
    }
  using ended = endOf(parts.runtime, now.id)
  const fine = handler === undefined || (await runHook({ ...context, signal: AbortSignal.any([signal, ended.signal]) }, { handler, container: name, limitMs: LONGEST_HOOK_MS }).catch(() => false))
  signal.throwIfAborted()
  if (fine) return whileRunning((newest) => hookEnded(newest, name, 'done'))
  if (ended.signal.aborted && handler.exec === undefined) return unchanged
  emit(events.postStartFailed(name))
  emit(events.hookKills(name))
  const stop = { why: 'hook', sinceMs: parts.clock.nowMs(), graceMs: graceOf(pod), stage: 'begin' } as const
  return whileRunning((newest) => withContainer(hookEnded(newest, name, 'failed'), name, { stop: containerRecord(newest, name).stop ?? stop }))
}

/** Aborts when the container has ended, be it before this was asked. */
function endOf(runtime: ContainerRuntime, id: string): Disposable & { readonly signal: AbortSignal } {
  const over = new AbortController()
  const end = (): void => over.abort(new Error('the container has ended'))
  const stopListening = runtime.onExit((one) => one === id && end())
  runtime.state(id).then(
    ({ kind }) => kind === 'exited' && end(),
    () => {},
  )
  return { signal: over.signal, [Symbol.dispose]: stopListening }
}

export async function preStop(context: StepContext, { container, limitMs }: Extract<Step, { kind: 'pre-stop' }>): Promise<Change> {
  const handler = containerNamed(context.pod, container).spec.lifecycle?.preStop
  const fine =
    handler === undefined ||
    (await runHook(context, { handler, container, limitMs }).catch((error: unknown) => {
      context.parts.log.info({ container, err: messageOf(error) }, 'a hook failed')
      return false
    }))
  if (!fine) context.emit(events.preStopFailed(container))
  return (record) => stopStage(record, container, { stage: containerRecord(record, container).stop?.stage === 'killed' ? 'killed' : 'term', hooked: true })
}

const SIGTERM = 15
const SIGKILL = 9

export async function signalContainer({ parts, pod, record }: StepContext, { container, force }: Extract<Step, { kind: 'signal' }>): Promise<Change> {
  const state = containerRecord(record, container)
  if (state.now.kind !== 'running') return unchanged
  const { spec } = containerNamed(pod, container)
  const named = spec.lifecycle?.stopSignal ?? state.image?.stopSignal ?? ''
  const signal = force ? SIGKILL : (parts.files.signalNumber(named) ?? SIGTERM)
  await parts.runtime.kill(state.now.id, signal)
  const signalledMs = parts.clock.nowMs()
  return (newest) => stopStage(newest, container, force ? { stage: 'killed' } : { stage: 'signalled', signalledMs })
}

export async function deleteContainer({ parts, record, pod }: StepContext, { container, id }: Extract<Step, { kind: 'delete-container' }>): Promise<Change> {
  await parts.runtime.delete(id)
  await parts.snapshots.remove(id)
  await dropOldLog({ parts, record, pod }, container)
  return (newest) => containerDeleted(newest, container, id)
}

/** Logs are kept of the attempt that runs (or ran last) and the one before. */
async function dropOldLog({ parts, record, pod }: Pick<StepContext, 'parts' | 'record' | 'pod'>, container: string): Promise<void> {
  const old = containerRecord(record, container).attempt - 2
  if (old < 0) return
  await parts.logs.remove(containerLogPath(parts.config.logFolder, pod, { container, attempt: old }))
}

/** Takes away what held the pod, all at once. What it leaves for people: its logs and its status. */
export async function cleanUp({ parts, pod, record }: StepContext): Promise<Change> {
  const { network, volumes, cgroups } = parts
  await Promise.all(containersOf(pod).map(({ spec }) => removeUnstarted({ parts, pod, record }, spec.name)))
  const uid = pod.metadata.uid ?? ''
  const path = cgroups.podPath(uid)
  const groups = async (): Promise<void> => {
    await cgroups.killAll(path)
    await cgroups.remove(path)
  }
  await Promise.all([network.detach(uid), volumes.remove(uid), groups(), removeImageVolumes({ parts, pod })])
  return (record) => ({ ...record, cleaned: true, volumes: { kind: 'none' }, sandbox: record.sandbox.kind === 'ready' ? { kind: 'gone', ip: record.sandbox.ip } : record.sandbox })
}

/** What a start that failed half-way left behind: it is in no record, but its id is known. */
async function removeUnstarted({ parts, pod, record }: Pick<StepContext, 'parts' | 'pod' | 'record'>, name: string): Promise<void> {
  const { now, attempt } = containerRecord(record, name)
  if (now.kind === 'running') return
  const id = containerId(pod.metadata.uid ?? '', name, now.kind === 'exited' ? attempt + 1 : attempt)
  if ((await parts.runtime.state(id)).kind !== 'unknown') await parts.runtime.delete(id)
  await parts.snapshots.remove(id)
}
