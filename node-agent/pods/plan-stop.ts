import { LEAST_AFTER_HOOK_MS, planContainerStop } from './plan-container-stop.ts'
import { containerRecord, containersOf, isRunning, undeleted, type PodContainer, type PodStop } from './record.ts'
import { merge, type PodPlan, type Step } from './steps.ts'
import { events } from './words.ts'
import { deletionStop, type PodView } from './view.ts'

/** Steps for a pod that is to end: main containers together, then the sidecars from the last to the first, then what held them. */
export function planStop(view: PodView, stop: PodStop): PodPlan {
  const { pod, record, inFlight, nowMs } = view
  const sharper = sharperStop(view, stop)
  if (sharper !== undefined) return { steps: [sharper] }
  const all = containersOf(pod)
  const running = all.filter(({ spec }) => isRunning(containerRecord(record, spec.name)))
  if (running.length > 0) return merge(running.map((container) => (containerRecord(record, container.spec.name).stop === undefined ? beginPlan({ container, running, stop, nowMs }) : planContainerStop(view, container))))
  // A container that is being made will run in a moment: it is stopped then.
  const busy = [...inFlight].some((key) => !key.startsWith('ensure-image') && key !== 'clean-up')
  const pending = all.some(({ spec }) => undeleted(containerRecord(record, spec.name)).length > 0)
  return { steps: record.cleaned || busy || pending ? [] : [{ kind: 'clean-up' }] }
}

/** A deletion with a shorter grace than the one under way, or one that comes while the pod ends by itself. */
function sharperStop({ pod, record, nowMs }: PodView, stop: PodStop): Step | undefined {
  const deleted = deletionStop(pod, nowMs)
  if (deleted === undefined || stop.why === 'removed') return undefined
  if (stop.why === 'deleted') return deleted.graceMs < stop.graceMs ? { kind: 'stop-pod', stop: { ...stop, graceMs: deleted.graceMs } } : undefined
  return record.cleaned || deleted.graceMs >= stop.graceMs ? { kind: 'stop-pod', stop: { ...stop, why: 'deleted' } } : { kind: 'stop-pod', stop: deleted }
}

interface BeginOptions {
  readonly container: PodContainer
  readonly running: readonly PodContainer[]
  readonly stop: PodStop
  readonly nowMs: number
}

function beginPlan({ container, running, stop, nowMs }: BeginOptions): PodPlan {
  const elapsed = nowMs - stop.sinceMs
  if (container.kind === 'sidecar' && !isLast(container, running) && elapsed < stop.graceMs) return { steps: [], wakeAtMs: stop.sinceMs + stop.graceMs }
  // A sidecar shares the pod's grace with those before it, but has a moment in any case.
  const graceMs = elapsed <= 0 || stop.graceMs <= 0 ? stop.graceMs : Math.max(stop.graceMs - elapsed, LEAST_AFTER_HOOK_MS)
  const { name } = container.spec
  return { steps: [{ kind: 'stop-container', container: name, stop: { why: 'pod', sinceMs: nowMs, graceMs, stage: 'begin' }, event: events.stopping(name) }] }
}

/** Whether nothing runs any more that must end before this sidecar. */
const isLast = (sidecar: PodContainer, running: readonly PodContainer[]): boolean => running.at(-1) === sidecar || running.slice(running.indexOf(sidecar) + 1).every((one) => one.kind === 'ephemeral')
