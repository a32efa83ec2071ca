import { planContainerStop } from './plan-container-stop.ts'
import { containerRecord, containersOf, isRunning, type PodContainer } from './record.ts'
import { merge, type PodPlan } from './steps.ts'
import type { PodView } from './view.ts'
import { events } from './words.ts'

/** All containers end at once, without hooks and grace, so that the pod can begin anew in place (KEP-5532): its network and volumes stay. Debug containers run on. */
export function planAllDown(view: PodView): PodPlan {
  const { pod, record, inFlight } = view
  const all = containersOf(pod).filter(({ kind }) => kind !== 'ephemeral')
  const running = all.filter(({ spec }) => isRunning(containerRecord(record, spec.name)))
  if (running.length > 0) return merge(running.map((container) => endPlan(view, container)))
  // One that is being made will run in a moment.
  return { steps: inFlight.has('start-container') ? [] : [{ kind: 'note-all-down', containers: all.map(({ spec }) => spec.name) }] }
}

function endPlan(view: PodView, container: PodContainer): PodPlan {
  const { name } = container.spec
  const { stop } = containerRecord(view.record, name)
  if (stop === undefined) return { steps: [{ kind: 'stop-container', container: name, stop: { why: 'all', sinceMs: view.nowMs, graceMs: 0, stage: 'begin' }, event: events.stopping(name) }] }
  return stop.graceMs > 0 ? { steps: [{ kind: 'stop-container', container: name, stop: { ...stop, graceMs: 0, stage: stop.stage === 'killed' ? 'killed' : 'term' } }] } : planContainerStop(view, container)
}
