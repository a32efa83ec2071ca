/** How far a rollout may go above and below the wanted number of pods. PURE. */
import type { Deployment, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { scaledValue } from '../../../shared/model/int-or-string.ts'

export const wantedOf = (deployment: Deployment): number => deployment.spec?.replicas ?? 1
export const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 1
export const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0
export const isRolling = (deployment: Deployment): boolean => deployment.spec?.strategy?.type !== 'Recreate'

interface Fenceposts {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/** Percentages of the wanted replicas: surge rounded up, unavailable down; both 0 would never move, so one may then be unavailable. */
function fencepostsOf(deployment: Deployment): Fenceposts {
  const rolling = deployment.spec?.strategy?.rollingUpdate
  const wanted = wantedOf(deployment)
  const maxSurge = scaledValue(rolling?.maxSurge ?? '25%', wanted, 'up') ?? 0
  const maxUnavailable = scaledValue(rolling?.maxUnavailable ?? '25%', wanted, 'down') ?? 0
  return maxSurge === 0 && maxUnavailable === 0 ? { maxSurge, maxUnavailable: 1 } : { maxSurge, maxUnavailable }
}

export const maxSurgeOf = (deployment: Deployment): number => (isRolling(deployment) ? fencepostsOf(deployment).maxSurge : 0)

export function maxUnavailableOf(deployment: Deployment): number {
  if (!isRolling(deployment) || wantedOf(deployment) === 0) return 0
  return Math.min(fencepostsOf(deployment).maxUnavailable, wantedOf(deployment))
}

export const minAvailableOf = (deployment: Deployment): number => wantedOf(deployment) - maxUnavailableOf(deployment)
export const maxTotalOf = (deployment: Deployment): number => wantedOf(deployment) + maxSurgeOf(deployment)
