/** Histories made by hand: a good one, and for each promise one that breaks it. */
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import type { Change, Freshness, History, Item, List, Operation, Page, Revision, Seen, Violation, Watch, Write } from './history.ts'

const [a, b] = ['/c/a', '/c/b']
const change = (key: string, revision: Revision, value?: string): Change => ({ key, revision, value })
/** a=1 at 10, b=1 at 20, a=2 at 30, b deleted at 40, a=3 at 50. */
const changes: readonly Change[] = [change(a, 10, 'a1'), change(b, 20, 'b1'), change(a, 30, 'a2'), change(b, 40), change(a, 50, 'a3')]

let ids = 0
const when = (asked: number, answered: number) => ({ id: ++ids, client: 'c', asked, answered })
const write = (verb: Write['verb'], [key, value, expects]: readonly [string, (string | undefined)?, Revision?], [asked, answered, outcome]: readonly [number, number, Revision | Write['outcome'] | undefined]): Write => ({
  ...when(asked, answered),
  kind: 'write',
  verb,
  key,
  value,
  expects,
  outcome: typeof outcome === 'object' ? outcome : { kind: 'done', revision: outcome },
})
const unknown = { kind: 'unknown' } as const
const newest: Freshness = { kind: 'newest' }
const get = (key: string, item: Item | undefined, [asked, answered, fresh = newest]: readonly [number, number, Freshness?]): Operation => ({ ...when(asked, answered), kind: 'get', key, fresh, outcome: item ? { kind: 'found', item } : { kind: 'absent' } })
const page = (revision: Revision, ...items: readonly Item[]): Page => ({ revision, items })
const list = (pages: readonly Page[], [asked, answered, fresh = newest]: readonly [number, number, List['fresh']?], server?: string): List => ({ ...when(asked, answered), server, kind: 'list', prefix: '/c/', fresh, outcome: { kind: 'listed', pages } })
const item = (key: string, revision: Revision, value: string): Item => ({ key, revision, value })
const event = (at: number, type: 'ADDED' | 'MODIFIED' | 'DELETED', of: Item): Seen => ({ kind: 'event', at, type, item: of })
const bookmark = (at: number, revision: Revision, initialEnd = false): Seen => ({ kind: 'bookmark', at, revision, initialEnd })
const watch = (after: Revision | Freshness, seen: readonly Seen[], more: Partial<Watch> = {}): Watch => ({ ...when(1, 100), kind: 'watch', prefix: '/c/', from: typeof after === 'number' ? { kind: 'after', revision: after } : { kind: 'initial', fresh: after }, seen, gone: false, ...more })

/** Writes as they really went: each of the changes, one after the other. */
const made: readonly Write[] = [write('create', [a, 'a1'], [1, 2, 10]), write('create', [b, 'b1'], [3, 4, 20]), write('update', [a, 'a2', 10], [5, 6, 30]), write('delete', [b], [7, 8, undefined]), write('patch', [a, 'a3'], [9, 10, 50])]

const events = [event(11, 'ADDED', item(a, 10, 'a1')), event(11, 'ADDED', item(b, 20, 'b1')), event(11, 'MODIFIED', item(a, 30, 'a2')), event(11, 'DELETED', item(b, 40, 'b1')), event(11, 'MODIFIED', item(a, 50, 'a3'))]

const history = (operations: readonly Operation[], more: Partial<History> = {}): History => ({ operations, changes, forgotten: [], ...more })
const rules = (operations: readonly Operation[], more: Partial<History> = {}): readonly Violation['rule'][] => [...new Set(check(history(operations, more)).map(({ rule }) => rule))]
/** What the good writes and these give. */
const beside = (...operations: readonly Operation[]): readonly Violation['rule'][] => rules([...made, ...operations])

describe('a good history', () => {
  test('has no violation', () => {
    const reads = [
      get(a, item(a, 30, 'a2'), [6.1, 6.9]),
      get(b, undefined, [8.1, 8.2]),
      get(b, item(b, 20, 'b1'), [8.1, 8.2, { kind: 'any' }]),
      get(b, item(b, 20, 'b1'), [7.1, 7.9]),
      list([page(35, item(a, 30, 'a2'), item(b, 20, 'b1'))], [6.1, 6.9]),
      list([page(35, item(a, 30, 'a2')), page(35, item(b, 20, 'b1'))], [6.1, 6.9]),
      list([page(25, item(a, 10, 'a1'), item(b, 20, 'b1'))], [20, 21, { kind: 'exact', revision: 25 }]),
      list([page(45, item(a, 30, 'a2'))], [20, 21, { kind: 'not-older', revision: 44 }]),
    ]
    const watches = [
      watch(0, events, { reaches: 50 }),
      watch(20, [...events.slice(2), bookmark(12, 60)]),
      watch(newest, [event(4.5, 'ADDED', item(a, 10, 'a1')), event(4.5, 'ADDED', item(b, 20, 'b1')), bookmark(4.5, 25, true), ...events.slice(2)], { asked: 4.1 }),
      watch(30, events.slice(3, 4), { gone: true, asked: 12, answered: 14 }),
    ]
    const refusals = [write('create', [a, 'x'], [5, 6, { kind: 'refused', reason: 'exists' }]), write('update', [b, 'x', 20], [7, 8, { kind: 'refused', reason: 'conflict' }]), write('delete', [b], [8.5, 8.6, { kind: 'refused', reason: 'missing' }])]
    const cache: Operation = { ...when(30, 31), kind: 'cache', prefix: '/c/', revision: 55, items: [item(a, 50, 'a3')], final: true }
    expect(check(history([...made, ...reads, ...watches, ...refusals, cache], { forgotten: [13] }))).toEqual([])
  })

  test('may hold writes whose end is not known, done or not', () => {
    expect(rules([...made.slice(0, 4), write('patch', [a, 'a3'], [9, 10, unknown]), write('update', [a, 'never'], [9, 10, unknown])])).toEqual([])
    expect(rules([...made.filter(({ verb }) => verb !== 'delete'), write('delete', [b], [7, 8, unknown]), write('delete', [b], [6, 8, unknown])])).toEqual([])
  })

  test('may hold an update to what is there already', () => {
    expect(beside(write('update', [a, 'a2'], [6.1, 6.2, 30]))).toEqual([])
    expect(beside(write('update', [a, 'a2', 30], [6.1, 6.2, 30]))).toEqual([])
  })
})

describe('writes', () => {
  test('an acknowledged write that the storage does not have is lost', () => {
    expect(beside(write('update', [a, 'a9'], [11, 12, 60]))).toContain('lost')
    expect(beside(write('update', [a, 'a9'], [11, 12, 50]))).toContain('lost')
    expect(beside(write('delete', [a], [11, 12, undefined]))).toContain('lost')
  })
  test('an update that was answered by an old state with the same value is lost', () => {
    expect(beside(write('update', [a, 'a2'], [10.5, 11, 30]))).toEqual(['lost'])
  })
  test('a write has a later revision than all that was known before', () => {
    expect(rules([...made, list([page(60, item(a, 50, 'a3'))], [10.1, 10.2]), write('create', [b, 'b2'], [11, 12, 55])], { changes: [...changes, change(b, 55, 'b2')] })).toContain('order')
  })
  test('a create on what is there, and an update on another state than it named', () => {
    expect(rules([...made, write('create', [a, 'a4'], [11, 12, 60])], { changes: [...changes, change(a, 60, 'a4')] })).toEqual(['precondition'])
    expect(rules([...made, write('update', [a, 'a4', 30], [11, 12, 60])], { changes: [...changes, change(a, 60, 'a4')] })).toEqual(['precondition'])
    expect(rules([...made, write('update', [b, 'b4', 20], [11, 12, 60])], { changes: [...changes, change(b, 60, 'b4')] })).toEqual(['precondition'])
  })
  test('a deletion of another state than it named', () => {
    expect(rules([...made, write('delete', [a, undefined, 30], [11, 12, undefined])], { changes: [...changes, change(a, 60)] })).toEqual(['precondition'])
    expect(rules([...made, write('delete', [a, undefined, 50], [11, 12, undefined])], { changes: [...changes, change(a, 60)] })).toEqual([])
  })
  test('what nobody asked for, what was refused and done, what was done twice', () => {
    const more = { changes: [...changes, change(a, 60, 'a4')] }
    expect(rules(made, more)).toEqual(['invented'])
    expect(rules([...made, write('update', [a, 'a4'], [11, 12, { kind: 'refused', reason: 'other' }])], more)).toEqual(['invented'])
    expect(rules([...made, write('update', [a, 'a4'], [11, 12, unknown])], { changes: [...changes, change(a, 60, 'a4'), change(a, 70, 'a4')] })).toEqual(['invented'])
    expect(rules([...made, write('update', [a, 'a4'], [11, 12, 60])], { changes: [...changes, change(a, 60, 'a4'), change(a, 70, 'a4')] })).toEqual(['invented'])
  })
  test('a refusal without its reason', () => {
    expect(beside(write('create', [b, 'x'], [8.5, 8.6, { kind: 'refused', reason: 'exists' }]))).toEqual(['refusal'])
    expect(beside(write('update', [a, 'x', 50], [11, 12, { kind: 'refused', reason: 'conflict' }]))).toEqual(['refusal'])
    expect(beside(write('delete', [a], [11, 12, { kind: 'refused', reason: 'missing' }]))).toEqual(['refusal'])
  })
})

describe('reads', () => {
  test('a consistent get that is older than what was acknowledged', () => {
    expect(beside(get(a, item(a, 10, 'a1'), [6.1, 6.2]))).toEqual(['stale'])
    expect(beside(get(b, undefined, [4.1, 4.2]))).toEqual(['stale'])
    expect(beside(get(b, item(b, 20, 'b1'), [10.1, 10.2]))).toEqual(['stale'])
  })
  test('a consistent get that is older than what another read has shown', () => {
    expect(beside(get(a, item(a, 30, 'a2'), [5.1, 5.2]), get(a, item(a, 10, 'a1'), [5.3, 5.4]))).toEqual(['stale'])
  })
  test('a get of what was never there', () => {
    expect(beside(get(a, item(a, 30, 'a1'), [6.1, 6.2]))).toEqual(['state'])
    expect(beside(get(a, item(a, 31, 'a2'), [6.1, 6.2]))).toEqual(['state'])
  })
  test('an answer older than the revision it was to have', () => {
    expect(beside(get(a, item(a, 10, 'a1'), [20, 21, { kind: 'not-older', revision: 30 }]))).toEqual(['stale'])
    expect(beside(list([page(25, item(a, 10, 'a1'), item(b, 20, 'b1'))], [20, 21, { kind: 'not-older', revision: 26 }]))).toEqual(['stale'])
    expect(beside(list([page(25, item(a, 10, 'a1'), item(b, 20, 'b1'))], [20, 21, { kind: 'exact', revision: 24 }]))).toEqual(['state'])
  })
  test('a consistent list that is older than what was acknowledged', () => {
    expect(beside(list([page(25, item(a, 10, 'a1'), item(b, 20, 'b1'))], [6.1, 6.2]))).toEqual(['stale'])
  })
  test('a list that misses one, holds one too many, mixes two revisions, is out of order', () => {
    const at = [6.1, 6.2] as const
    expect(beside(list([page(35, item(a, 30, 'a2'))], at))).toEqual(['state'])
    expect(beside(list([page(45, item(a, 30, 'a2'), item(b, 20, 'b1'))], [8.1, 8.2]))).toEqual(['state'])
    expect(beside(list([page(35, item(a, 10, 'a1'), item(b, 20, 'b1'))], at))).toEqual(['state'])
    expect(beside(list([page(35, item(b, 20, 'b1'), item(a, 30, 'a2'))], at))).toEqual(['state'])
    expect(beside(list([page(35, item(a, 30, 'a2')), page(36, item(b, 20, 'b1'))], at))).toEqual(['state'])
  })
  test('a cache that goes back', () => {
    const any: Freshness = { kind: 'any' }
    const [new_, old] = [page(35, item(a, 30, 'a2'), item(b, 20, 'b1')), page(25, item(a, 10, 'a1'), item(b, 20, 'b1'))]
    expect(beside(list([new_], [20, 21, any], 's1'), list([old], [22, 23, any], 's1'))).toEqual(['backwards'])
    expect(beside(list([new_], [20, 21, any], 's1'), list([old], [22, 23, any], 's2'))).toEqual([])
  })
  test('a read of the future', () => {
    expect(beside(get(a, item(a, 30, 'a2'), [4.1, 4.2]))).toContain('order')
  })
})

describe('watches', () => {
  test('a change left out, told twice, told in the wrong order, or never made', () => {
    expect(beside(watch(0, events.filter((_, index) => index !== 2)))).toEqual(['watch-gap'])
    expect(beside(watch(0, [...events.slice(0, 4), bookmark(12, 60)]))).toEqual(['watch-gap'])
    expect(beside(watch(0, [...events.slice(0, 2), ...events.slice(1)]))).toEqual(['watch-order'])
    expect(beside(watch(0, [events[1], events[0], ...events.slice(2)].filter((one) => one !== undefined)))).toEqual(['watch-order'])
    expect(beside(watch(0, [...events, event(12, 'MODIFIED', item(a, 60, 'a4'))]))).toEqual(['watch-gap'])
  })
  test('a change from before it began, and a bookmark that goes back', () => {
    expect(beside(watch(20, events.slice(1)))).toEqual(['watch-order'])
    expect(beside(watch(0, [...events, bookmark(12, 45)]))).toEqual(['watch-order'])
  })
  test('a wrong type, a wrong last state', () => {
    expect(beside(watch(0, [event(11, 'MODIFIED', item(a, 10, 'a1'))]))).toEqual(['watch-type'])
    expect(beside(watch(30, [event(11, 'DELETED', item(b, 40, 'b0'))]))).toEqual(['watch-type'])
    expect(beside(watch(20, [event(11, 'MODIFIED', item(a, 30, 'a1'))]))).toEqual(['watch-type'])
  })
  test('a beginning that is not the state, or too old', () => {
    const one = event(11, 'ADDED', item(a, 50, 'a3'))
    expect(beside(watch(newest, [one, bookmark(11, 55, true)], { asked: 10.5 }))).toEqual([])
    expect(beside(watch(newest, [bookmark(11, 55, true)], { asked: 10.5 }))).toEqual(['state'])
    expect(beside(watch(newest, [event(11, 'ADDED', item(a, 30, 'a2')), bookmark(11, 45, true)], { asked: 10.5 }))).toEqual(['stale'])
  })
  test('one that has all the time it needs and does not come', () => {
    expect(beside(watch(0, events.slice(0, 3), { reaches: 50 }))).toEqual(['watch-gap'])
  })
  test('a 410 without a reason', () => {
    const gone = watch(30, [], { gone: true, answered: 14 })
    expect(rules([...made, gone], { forgotten: [13] })).toEqual([])
    expect(rules([...made, gone], { forgotten: [2] })).toEqual(['gone'])
    expect(rules([...made, gone])).toEqual(['gone'])
  })
})

describe('caches', () => {
  const cache = (revision: Revision, items: readonly Item[], final = true): Operation => ({ ...when(30, 31), kind: 'cache', prefix: '/c/', revision, items, final })
  test('hold what was there, and at the end what is there', () => {
    expect(beside(cache(55, [item(a, 30, 'a2')]))).toEqual(['cache'])
    expect(beside(cache(45, [item(a, 30, 'a2')]))).toEqual(['cache'])
    expect(beside(cache(45, [item(a, 30, 'a2')], false))).toEqual([])
  })
})
