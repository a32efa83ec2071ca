import type { Pod } from '../../shared/model/gen/api.ts'
import { planRun } from './plan-run.ts'
import { planStop } from './plan-stop.ts'
import { containerRecord, containersOf, undeleted, type ContainerRecord, type PodContainer, type PodRecord, type PodStop } from './record.ts'
import { planResize } from './resize.ts'
import { shouldRestart } from './restart.ts'
import { merge, type PodPlan, type Step } from './steps.ts'
import { deletionStop, graceOf, type PodView } from './view.ts'
import { DEADLINE_MESSAGE, events } from './words.ts'

/**
 * What is to be done for a pod now, for its whole life: admission is behind it, from the sandbox to the last clean-up. Pure: planning twice
 * gives the same steps, and doing them leads to a plan without any.
 */
export function planPod(view: PodView): PodPlan {
  const { record } = view
  if (record.stop === undefined) {
    const stop = stopNow(view)
    if (stop !== undefined) return { steps: [stop] }
  }
  return merge([deletePlan(view), ...(record.stop === undefined ? [planRun(view), planResize(view)] : [planStop(view, record.stop)]), deadlinePlan(view)])
}

/** The reason to end the pod as a whole, if there is one now. */
function stopNow({ pod, record, nowMs }: PodView): Step | undefined {
  const deleted = deletionStop(pod, nowMs)
  if (deleted !== undefined) return { kind: 'stop-pod', stop: deleted }
  if (record.rejected !== undefined) return undefined
  const deadline = deadlineMs(pod, record)
  if (deadline !== undefined && nowMs >= deadline) {
    const stop: PodStop = { why: 'failed', sinceMs: nowMs, graceMs: graceOf(pod) }
    return { kind: 'stop-pod', stop, verdict: { reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE }, event: events.deadlineExceeded() }
  }
  // What ends for a restart of all begins again, whatever its own policy says.
  return record.restartAll?.isUnderWay !== true && isFinished(pod, record) ? { kind: 'stop-pod', stop: { why: 'finished', sinceMs: nowMs, graceMs: graceOf(pod) } } : undefined
}

const deadlineMs = (pod: Pod, record: PodRecord): number | undefined => (pod.spec?.activeDeadlineSeconds === undefined ? undefined : record.firstSeenMs + pod.spec.activeDeadlineSeconds * 1000)

/** A pod is done when every main container has ended for good, or an init container has failed for good. */
export function isFinished(pod: Pod, record: PodRecord): boolean {
  const ended = (container: PodContainer): boolean => endedForGood(pod, container, containerRecord(record, container.spec.name))
  const all = containersOf(pod)
  const main = all.filter((one) => one.kind === 'main')
  const failedInit = all.some((one) => one.kind === 'init' && ended(one) && !succeeded(containerRecord(record, one.spec.name)))
  return (main.length > 0 && main.every(ended)) || (failedInit && !record.initialized)
}

const succeeded = (container: ContainerRecord): boolean => container.now.kind === 'exited' && container.now.ended.exitCode === 0

export const endedForGood = (pod: Pod, container: PodContainer, { now, stop }: ContainerRecord): boolean => now.kind === 'exited' && stop?.why !== 'changed' && !shouldRestart(pod, container, now.ended)

/** Attempts that have ended leave something behind; it goes while the next one starts. */
function deletePlan({ pod, record }: PodView): PodPlan {
  return {
    steps: containersOf(pod).flatMap(({ spec }) => undeleted(containerRecord(record, spec.name)).map((id): Step => ({ kind: 'delete-container', container: spec.name, id }))),
  }
}

function deadlinePlan({ pod, record, nowMs }: PodView): PodPlan {
  const deadline = deadlineMs(pod, record)
  return { steps: [], ...(deadline === undefined || record.stop !== undefined || nowMs >= deadline ? {} : { wakeAtMs: deadline }) }
}
