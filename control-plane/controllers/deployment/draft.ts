/** The replica sets of a deployment while a plan is made: what was observed, and what shall be. PURE; drafts live no longer than one plan. */
import type { ReplicaSet } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { replicasOf } from './strategy.ts'

export interface Draft {
  readonly set: ReplicaSet
  /** Not stored yet. */
  readonly isNew: boolean
  replicas: number
  annotations: Record<string, string>
  minReadySeconds: number
  isDeleted: boolean
}

export const draftOf = (set: ReplicaSet, isNew = false): Draft => ({
  set,
  isNew,
  replicas: replicasOf(set),
  annotations: { ...set.metadata.annotations },
  minReadySeconds: set.spec?.minReadySeconds ?? 0,
  isDeleted: false,
})

export const totalReplicas = (drafts: readonly Draft[]): number => drafts.reduce((sum, { replicas }) => sum + replicas, 0)
export const isActiveSet = (draft: Draft): boolean => draft.replicas > 0

const createdMs = ({ set }: Draft): number => parseTime(set.metadata.creationTimestamp) ?? Number.POSITIVE_INFINITY
const byName = (a: Draft, b: Draft): number => ((a.set.metadata.name ?? '') < (b.set.metadata.name ?? '') ? -1 : 1)
const subtract = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)

export const oldestFirst = (a: Draft, b: Draft): number => subtract(createdMs(a), createdMs(b)) || byName(a, b)
/** Largest first; of equal ones the newer, or the older. */
export const largestNewest = (a: Draft, b: Draft): number => b.replicas - a.replicas || -subtract(createdMs(a), createdMs(b)) || byName(a, b)
export const largestOldest = (a: Draft, b: Draft): number => b.replicas - a.replicas || oldestFirst(a, b)
