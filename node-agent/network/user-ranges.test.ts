import { describe, expect, it } from 'vitest'
import { freeRange, userPool, WHOLE_POOL } from './user-ranges.ts'

const faultOf = (subuid: string, subgid: string): unknown => {
  try {
    return userPool(subuid, subgid)
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
}

describe('ranges of ids', () => {
  it.each([
    ['nothing said', '', '', WHOLE_POOL],
    ['said of others', 'ann:100000:65536\n', 'ann:100000:65536\n', WHOLE_POOL],
    ['given', 'ann:100000:65536\nkubelet:131072:196608\n', 'kubelet:131072:196608', { first: 131_072, ranges: 3 }],
    ['two that differ', 'kubelet:131072:196608', 'kubelet:131072:65536', 'invalid'],
    ['users only', 'kubelet:131072:196608', '', 'invalid'],
    ['groups only', '', 'kubelet:131072:196608', 'invalid'],
    ['two lines', 'kubelet:131072:65536\nkubelet:262144:65536', 'kubelet:131072:65536', 'invalid'],
    ["beside a multiple of a pod's", 'kubelet:100000:65536', 'kubelet:100000:65536', 'invalid'],
    ['too few', 'kubelet:131072:1000', 'kubelet:131072:1000', 'invalid'],
  ])('%s', (_, subuid, subgid, expected) => {
    expect(faultOf(subuid, subgid)).toEqual(expected)
  })

  it('are given once each, until none is left', () => {
    const pool = { first: 131_072, ranges: 3 }
    const taken = new Set<number>()
    for (const uid of ['a', 'b', 'c']) taken.add(freeRange(pool, taken, uid) ?? 0)
    expect([...taken].sort((a, b) => a - b)).toEqual([131_072, 196_608, 262_144])
    expect(freeRange(pool, taken, 'd')).toBeUndefined()
  })

  it('are not the same for all first pods of agents that share a host, and never among the ids of the node itself', () => {
    const firsts = ['6e1fcf20-0000-4000-8000-000000000001', '6e1fcf20-0000-4000-8000-000000000002', '0'].map((uid) => freeRange(WHOLE_POOL, new Set(), uid) ?? 0)
    expect(new Set(firsts).size).toBe(3)
    for (const first of firsts) expect(first % 65_536 === 0 && first >= 65_536 && first + 65_536 < 2 ** 31).toBe(true)
  })
})
