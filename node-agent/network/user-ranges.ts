import { Fault } from '../../shared/kit/faults.ts'
import { IDS_PER_POD } from '../host/user-namespaces.ts'

/** The node's ids that pods may have as their own, in ranges of 65,536. */
export interface UserPool {
  readonly first: number
  readonly ranges: number
}

/** All but those that the node's own users are among, below what some programs take for a negative number. */
export const WHOLE_POOL: UserPool = { first: IDS_PER_POD, ranges: 32_766 }

/** Kubernetes' rule: administrators give the ids of pods to this user in `/etc/subuid` and `/etc/subgid`. */
const OWNER = 'kubelet'

/** What both files say; all ids where they say nothing. Pure. @throws Fault('invalid') where they disagree, or give odd ranges */
export function userPool(subuid: string, subgid: string): UserPool {
  const [users, groups] = [entriesOf(subuid), entriesOf(subgid)]
  const [given] = users
  if (given === undefined && groups.length === 0) return WHOLE_POOL
  if (given === undefined || users.length > 1 || groups.length !== 1 || groups[0]?.first !== given.first || groups[0].count !== given.count) throw new Fault('invalid', `/etc/subuid and /etc/subgid must give the user ${OWNER} one range, and the same`)
  if (given.first < IDS_PER_POD || given.first % IDS_PER_POD !== 0 || given.count % IDS_PER_POD !== 0 || given.count === 0) throw new Fault('invalid', `the range of the user ${OWNER} in /etc/subuid must begin at a multiple of ${IDS_PER_POD}, and be as many ids`)
  return { first: given.first, ranges: given.count / IDS_PER_POD }
}

const entriesOf = (text: string): ReadonlyArray<{ readonly first: number; readonly count: number }> =>
  text.split('\n').flatMap((line) => {
    const [name, first, count] = line.trim().split(':')
    return name === OWNER ? [{ first: Number(first), count: Number(count) }] : []
  })

/**
 * A range that nobody on this node has: looked for from a place the pod's uid chooses, so that agents that share a host (a lab's) seldom give the same ones.
 * Undefined where all are taken. Pure.
 */
export function freeRange(pool: UserPool, taken: ReadonlySet<number>, podUid: string): number | undefined {
  const start = hashOf(podUid) % pool.ranges
  for (let step = 0; step < pool.ranges; step++) {
    const first = pool.first + ((start + step) % pool.ranges) * IDS_PER_POD
    if (!taken.has(first)) return first
  }
  return undefined
}

/** FNV-1a. */
const hashOf = (text: string): number => [...text].reduce((hash, letter) => Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x0100_0193) >>> 0, 0x811c_9dc5)
