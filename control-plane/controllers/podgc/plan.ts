/** Pods that nobody will clean up. PURE. */
import type { Pod } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { isFinished } from '../pod-control/pod-state.ts'

/** Finished pods that may stay. */
export const FINISHED_LIMIT = 12_500
/** How long a node must have been missing before its pods count as lost. */
export const MISSING_NODE_MS = 40_000

/** The oldest finished pods beyond the limit. */
export function surplusFinished(pods: Iterable<Pod>, limit = FINISHED_LIMIT): readonly Pod[] {
  const finished = [...pods].filter((pod) => isFinished(pod) && pod.metadata.deletionTimestamp === undefined)
  if (finished.length <= limit) return []
  const ageOf = (pod: Pod): number => parseTime(pod.metadata.creationTimestamp) ?? 0
  return finished.toSorted((a, b) => ageOf(a) - ageOf(b) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)).slice(0, finished.length - limit)
}

/** Told to go before any node had it: nobody else will say that it is gone. */
export const isStrandedUnscheduled = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName
