/** Ways to break a history that was right. Each gives `undefined` where there is nothing to break. */
import { reachedBy, type History, type Item, type List, type Operation, type Seen, type Watch, type Write } from './history.ts'
import type { Choose } from './model.ts'
import { Story } from './story.ts'

type Mutation = (history: History, choose: Choose) => History | undefined

const pick = <T>(from: readonly T[], choose: Choose): T | undefined => (from.length === 0 ? undefined : from[choose(from.length)])

const replaced = (history: History, one: Operation, by: Operation | undefined): History => ({ ...history, operations: history.operations.flatMap((each) => (each === one ? (by ? [by] : []) : [each])) })

const watches = ({ operations }: History): readonly Watch[] => operations.filter((one) => one.kind === 'watch')
const events = (watch: Watch): readonly Extract<Seen, { kind: 'event' }>[] => watch.seen.filter((seen) => seen.kind === 'event')

/** A watch whose events one can take part in, and one of them. */
function anEvent(history: History, choose: Choose, fits: (watch: Watch, event: Extract<Seen, { kind: 'event' }>) => boolean = () => true): readonly [Watch, Extract<Seen, { kind: 'event' }>] | undefined {
  return pick(watches(history).flatMap((watch) => events(watch).filter((event) => fits(watch, event)).map((event) => [watch, event] as const)), choose)
}

const fullLists = (history: History): readonly List[] => history.operations.filter((one): one is List => one.kind === 'list' && one.outcome.kind === 'listed' && one.outcome.pages.some(({ items }) => items.length > 0))

function withItems(list: List, change: (items: readonly Item[]) => readonly Item[]): List {
  if (list.outcome.kind !== 'listed') return list
  const [first] = list.outcome.pages
  return { ...list, outcome: { kind: 'listed', pages: [{ revision: first?.revision ?? 0, items: change(list.outcome.pages.flatMap(({ items }) => items)) }] } }
}

/** Acknowledged, of its own revision: nothing else can explain the change. */
function ownWrites(history: History): readonly Write[] {
  const writes = history.operations.filter((one): one is Write => one.kind === 'write' && one.verb !== 'delete' && one.outcome.kind === 'done')
  return writes.filter((write) => history.operations.filter((one) => one.kind === 'write' && one.value === write.value).length === 1)
}

export const mutations: Readonly<Record<string, Mutation>> = {
  'an acknowledged write is lost': (history, choose) => {
    const write = pick(ownWrites(history), choose)
    const revision = write?.outcome.kind === 'done' ? write.outcome.revision : undefined
    return revision === undefined ? undefined : { ...history, changes: history.changes.filter((change) => change.revision !== revision) }
  },
  'a change that nobody asked for': (history, choose) => {
    const write = pick(ownWrites(history), choose)
    return write && replaced(history, write, undefined)
  },
  'a write is done twice': (history, choose) => {
    const write = pick(ownWrites(history), choose)
    return write && { ...history, changes: [...history.changes, { key: write.key, revision: new Story(history.changes).newest + 5, value: write.value }] }
  },
  'a write on another state than it named': (history, choose) => {
    const write = pick(ownWrites(history).filter(({ verb, expects }) => verb === 'update' && expects !== undefined), choose)
    return write && replaced(history, write, { ...write, expects: (write.expects ?? 0) + 100_000 })
  },
  'a create on what is there': (history, choose) => {
    const write = pick(ownWrites(history).filter(({ verb }) => verb === 'update' || verb === 'patch'), choose)
    return write && replaced(history, write, { ...write, verb: 'create', expects: undefined })
  },
  'a watch leaves a change out': (history, choose) => {
    const found = anEvent(history, choose, (watch, event) => event.item.revision < (reachedBy({ ...watch, seen: watch.seen.filter((one) => one !== event) }) ?? 0))
    return found && replaced(history, found[0], { ...found[0], seen: found[0].seen.filter((one) => one !== found[1]) })
  },
  'a watch tells a change twice': (history, choose) => {
    const found = anEvent(history, choose)
    return found && replaced(history, found[0], { ...found[0], seen: found[0].seen.flatMap((one) => (one === found[1] ? [one, one] : [one])) })
  },
  'a watch turns two changes round': (history, choose) => {
    const watch = pick(watches(history).filter((one) => events(one).length > 1), choose)
    if (!watch) return undefined
    const [first, second] = events(watch)
    return replaced(history, watch, { ...watch, seen: watch.seen.map((seen) => (seen === first ? second : seen === second ? first : seen)).filter((seen) => seen !== undefined) })
  },
  'a watch gives a change the wrong name': (history, choose) => {
    const found = anEvent(history, choose)
    return found && replaced(history, found[0], { ...found[0], seen: found[0].seen.map((one) => (one === found[1] ? { ...found[1], type: found[1].type === 'MODIFIED' ? 'ADDED' : 'MODIFIED' } : one)) })
  },
  'a watch shows another value': (history, choose) => {
    const found = anEvent(history, choose)
    return found && replaced(history, found[0], { ...found[0], seen: found[0].seen.map((one) => (one === found[1] ? { ...found[1], item: { ...found[1].item, value: 'other' } } : one)) })
  },
  'a watch says it is further than it is': (history, choose) => {
    const watch = pick(watches(history).filter((one) => new Story(history.changes).between(one.prefix, reachedBy(one) ?? 0, Number.POSITIVE_INFINITY).length > 0), choose)
    return watch && replaced(history, watch, { ...watch, seen: [...watch.seen, { kind: 'bookmark', at: watch.answered, revision: new Story(history.changes).newest, initialEnd: false }] })
  },
  'a 410 without a reason': (history, choose) => {
    const watch = pick(watches(history), choose)
    return watch && replaced(history, watch, { ...watch, gone: true })
  },
  'a list leaves one out': (history, choose) => {
    const list = pick(fullLists(history), choose)
    return list && replaced(history, list, withItems(list, (items) => items.slice(1)))
  },
  'a list shows one that is gone or of another time': (history, choose) => {
    const list = pick(fullLists(history), choose)
    return list && replaced(history, list, withItems(list, (items) => items.map((item, index) => (index === 0 ? { ...item, revision: item.revision - 1 } : item))))
  },
  'a consistent list is as old as the cache': (history, choose) => {
    const { floor } = floorsOf(history)
    const list = pick(history.operations.filter((one): one is List => one.kind === 'list' && one.fresh.kind === 'newest' && one.outcome.kind === 'listed' && floor(one.asked) > 1), choose)
    if (!list) return undefined
    const revision = floor(list.asked) - 1
    return replaced(history, list, { ...list, outcome: { kind: 'listed', pages: [{ revision, items: new Story(history.changes).state(list.prefix, revision) }] } })
  },
  'a consistent get is as old as the cache': (history, choose) => {
    const { floor } = floorsOf(history)
    const story = new Story(history.changes)
    const gets = history.operations.flatMap((one) => {
      if (one.kind !== 'get' || one.fresh.kind !== 'newest') return []
      const current = story.last(one.key, floor(one.asked))
      const old = current && story.last(one.key, current.revision - 1)
      return old?.value === undefined ? [] : [{ one, old: { key: one.key, revision: old.revision, value: old.value } }]
    })
    const found = pick(gets, choose)
    return found && replaced(history, found.one, { ...found.one, outcome: { kind: 'found', item: found.old } })
  },
  'a cache has not heard the last': (history) => {
    const cache = history.operations.find((one) => one.kind === 'cache')
    const last = history.changes.at(-1)
    if (cache?.kind !== 'cache' || !last) return undefined
    return replaced(history, cache, { ...cache, revision: last.revision - 1, items: new Story(history.changes).state(cache.prefix, last.revision - 1) })
  },
}

/** What acknowledged writes alone prove: enough for what is broken here. */
function floorsOf({ operations }: History): { floor(moment: number): number } {
  return { floor: (moment) => Math.max(0, ...operations.flatMap((one) => (one.kind === 'write' && one.outcome.kind === 'done' && one.answered < moment ? [one.outcome.revision ?? 0] : []))) }
}
