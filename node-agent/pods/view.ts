import type { Pod } from '../../shared/model/gen/api.ts'
import type { PodRecord, PodStop } from './record.ts'
import type { Room } from './resize.ts'

/** Everything the decision for one pod depends on. */
export interface PodView {
  readonly pod: Pod
  readonly record: PodRecord
  /** Keys of the steps that are being done. */
  readonly inFlight: ReadonlySet<string>
  /** Containers may be started: the node has the right to run this pod. */
  readonly mayRun: boolean
  readonly nowMs: number
  /** Whether what the object wishes can be had, where that is not what the pod was given. */
  readonly room?: Room | undefined
}

/** What a deletion through the API asks for; also for a pod that is stopping already (a second delete may shorten the grace). */
export function deletionStop(pod: Pod, nowMs: number): PodStop | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined
  return { why: 'deleted', sinceMs: nowMs, graceMs: (pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000 }
}

export const graceOf = (pod: Pod): number => (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
