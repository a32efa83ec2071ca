/** What controllers ask of a pod. PURE. */
import type { Pod, PodCondition } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'

export const podCondition = (pod: Pod, type: string): PodCondition | undefined => pod.status?.conditions?.find((condition) => condition.type === type)

export const isReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True'

/** Succeeded or Failed: it will never run again. */
export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/** Counts as a replica: neither finished nor on its way out. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && pod.metadata.deletionTimestamp === undefined

/** On its way out and not yet stopped. */
export const isStopping = (pod: Pod): boolean => !isFinished(pod) && pod.metadata.deletionTimestamp !== undefined

/** When the pod became ready, or 0 if the condition does not say. */
export const readySinceMs = (pod: Pod): number => parseTime(podCondition(pod, 'Ready')?.lastTransitionTime) ?? 0

export type Availability = { readonly kind: 'available' } | { readonly kind: 'in'; readonly ms: number } | { readonly kind: 'not-ready' }

/** Ready for `minReadySeconds` on end; if only the time is missing, how long yet. */
export function availabilityOf(pod: Pod, minReadySeconds: number, nowMs: number): Availability {
  if (!isReady(pod)) return { kind: 'not-ready' }
  if (minReadySeconds === 0) return { kind: 'available' }
  const sinceMs = readySinceMs(pod)
  if (sinceMs === 0) return { kind: 'not-ready' }
  const leftMs = sinceMs + minReadySeconds * 1000 - nowMs
  return leftMs <= 0 ? { kind: 'available' } : { kind: 'in', ms: leftMs }
}
