import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_TERMS, termsForLease } from '../../shared/model/fencing-terms.ts'
import { afterChange, membersOf, NOTHING_RECORDED, parseRecord, startOf, type MembershipChange, type MembershipRecord } from './record.ts'

const fenced = { evidence: { kind: 'confirmed', by: 'ann' }, atMs: 5 } as const
const absent = { evidence: { kind: 'never-admitted' }, atMs: 7 } as const
const played = (...changes: readonly MembershipChange[]): MembershipRecord => changes.reduce((record, change) => afterChange(record, change, DEFAULT_TERMS), NOTHING_RECORDED)
const admit = (nodeName: string, bootId = 'b'): MembershipChange => ({ kind: 'admit', nodeName, bootId })

test('who is admitted is a member of a new epoch; under another boot id of the same', () => {
  const two = played(admit('n2'), admit('n1'))
  expect(two.inUse.map(({ epoch, members }) => [epoch, members])).toEqual([[1, ['n2']], [2, ['n1', 'n2']]])
  expect(afterChange(two, admit('n1'), DEFAULT_TERMS)).toBe(two)
  expect(afterChange(two, admit('n1', 'c'), DEFAULT_TERMS)).toMatchObject({ inUse: two.inUse, bootIds: { n1: 'c', n2: 'b' } })
})

test('who is fenced leaves, and is remembered until it is admitted', () => {
  const one = played(admit('n1'), admit('n2'), { kind: 'fence', nodeName: 'n1', fenced })
  expect([membersOf(one), one.bootIds, one.fenced]).toEqual([['n2'], { n2: 'b' }, { n1: fenced }])
  expect(afterChange(one, { kind: 'fence', nodeName: 'n1', fenced }, DEFAULT_TERMS)).toBe(one)
  expect(startOf(one)).toEqual({ inUse: one.inUse, admitted: [{ nodeName: 'n2', bootId: 'b' }], fenced: [{ nodeName: 'n1', evidence: fenced.evidence }] })
  expect(afterChange(one, { ...admit('n1'), fencedAtMs: fenced.atMs } as MembershipChange, DEFAULT_TERMS).fenced).toEqual({})
  // Whoever admits it has not heard of the verdict.
  expect(afterChange(one, admit('n1'), DEFAULT_TERMS)).toBe(one)
  expect(afterChange(one, { kind: 'drop', nodeName: 'n1' }, DEFAULT_TERMS)).toMatchObject({ inUse: one.inUse, fenced: {} })
})

test('who was never admitted is given up only while it is no member and not judged: an admission that is stored first wins', () => {
  const change: MembershipChange = { kind: 'fence', nodeName: 'n1', fenced: absent }
  const other = played(admit('n2'))
  expect(afterChange(other, change, DEFAULT_TERMS)).toEqual({ ...other, fenced: { n1: absent } })
  const member = played(admit('n1'))
  expect(afterChange(member, change, DEFAULT_TERMS)).toBe(member)
  const judged = played(admit('n1'), { kind: 'fence', nodeName: 'n1', fenced })
  expect(afterChange(judged, change, DEFAULT_TERMS)).toBe(judged)
  // An admission by whoever has not heard of it comes too late, one that has does not.
  const given = played(change)
  expect(afterChange(given, admit('n1'), DEFAULT_TERMS)).toBe(given)
  expect(afterChange(given, { ...admit('n1'), fencedAtMs: 7 } as MembershipChange, DEFAULT_TERMS)).toMatchObject({ bootIds: { n1: 'b' }, fenced: {} })
})

test('older epochs go when all that remain have acked the newest', () => {
  const record = played(admit('n1'), admit('n2'))
  const settle = (acked: Readonly<Record<string, number>>) => afterChange(record, { kind: 'settle', ackedEpoch: (name) => acked[name] }, DEFAULT_TERMS)
  expect(settle({ n1: 2 })).toBe(record)
  expect(settle({ n1: 2, n2: 2 }).inUse).toEqual([record.inUse[1]])
})

test('an epoch that an agent knows and the storage does not is overtaken, unless it can be nobody’s', () => {
  const record = played(admit('n1'), admit('n2'))
  expect(afterChange(record, { kind: 'overtake', epoch: 40 }, DEFAULT_TERMS).inUse.map(({ epoch, members }) => [epoch, members])).toEqual([[1, ['n1']], [2, ['n1', 'n2']], [41, ['n1', 'n2']]])
  for (const epoch of [1, 2, 2_000_000]) expect(afterChange(record, { kind: 'overtake', epoch }, DEFAULT_TERMS)).toBe(record)
  expect(afterChange(NOTHING_RECORDED, { kind: 'overtake', epoch: 40 }, DEFAULT_TERMS)).toBe(NOTHING_RECORDED)
})

test('other terms are another epoch', () => {
  const terms = termsForLease(2_400)
  const record = played(admit('n1'))
  expect(afterChange(record, { kind: 'terms', terms: { ...DEFAULT_TERMS } }, DEFAULT_TERMS)).toBe(record)
  expect(afterChange(record, { kind: 'terms', terms }, terms).inUse.at(-1)).toEqual({ epoch: 2, members: ['n1'], terms })
  expect(afterChange(NOTHING_RECORDED, { kind: 'terms', terms }, terms)).toBe(NOTHING_RECORDED)
})

test('what is stored is read again; anything else is no record', () => {
  const record = played(admit('n1'), { kind: 'fence', nodeName: 'n1', fenced })
  expect(parseRecord(JSON.stringify(record))).toEqual(record)
  expect([parseRecord('{'), parseRecord('[]'), parseRecord('{"inUse": 1}')]).toEqual([undefined, undefined, undefined])
})

const change: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.record({ kind: fc.constant('admit' as const), nodeName: fc.constantFrom('a', 'b', 'c'), bootId: fc.constantFrom('1', '2') }),
  fc.record({ kind: fc.constant('fence' as const), nodeName: fc.constantFrom('a', 'b', 'c'), fenced: fc.constantFrom(fenced, absent) }),
  fc.record({ kind: fc.constant('drop' as const), nodeName: fc.constantFrom('a', 'b', 'c') }),
)

test('safety: epochs grow, nobody is both a member and fenced, members are those with a boot id, and once is as good as twice', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      let record = NOTHING_RECORDED
      for (const one of changes) {
        const next = afterChange(record, one, DEFAULT_TERMS)
        expect(afterChange(next, one, DEFAULT_TERMS)).toEqual(next)
        expect((next.inUse.at(-1)?.epoch ?? 0) - (record.inUse.at(-1)?.epoch ?? 0)).toBeGreaterThanOrEqual(0)
        expect(next.inUse.slice(0, record.inUse.length)).toEqual(record.inUse)
        expect(membersOf(next).toSorted()).toEqual(Object.keys(next.bootIds).toSorted())
        expect(membersOf(next).filter((name) => next.fenced[name])).toEqual([])
        if (one.kind === 'fence' && one.fenced === absent) expect(membersOf(next)).toEqual(membersOf(record))
        record = next
      }
    }),
  )
})
