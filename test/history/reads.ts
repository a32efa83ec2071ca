/** Reads show the state of one revision, exactly, and one as new as was asked for. */
import { told, type Evidence } from './evidence.ts'
import type { Get, Item, List, Operation, Page, Revision, Violation } from './history.ts'

export function checkReads(evidence: Evidence): readonly Violation[] {
  return [
    ...evidence.operations.flatMap((one) => (one.kind === 'get' ? checkGet(evidence, one) : one.kind === 'list' ? checkList(evidence, one) : [])),
    ...checkNeverBack(evidence.operations),
  ]
}

/** The oldest state that answers the question. */
function oldestAllowed({ knowledge }: Evidence, one: Get | List): Revision {
  switch (one.fresh.kind) {
    case 'newest':
      return knowledge.floor(one.asked)
    case 'any':
      return 0
    case 'not-older':
    case 'exact':
      return one.fresh.revision
  }
}

function checkGet(evidence: Evidence, get: Get): readonly Violation[] {
  if (get.outcome.kind === 'failed') return []
  const { story, knowledge } = evidence
  const from = oldestAllowed(evidence, get)
  if (get.outcome.kind === 'absent') {
    const wasAbsent = story.wasEver(get.key, { from, before: knowledge.ceiling(get.answered) }, (last) => last?.value === undefined)
    return wasAbsent ? [] : [{ rule: 'stale', sentence: `${told(get)} found nothing, though the key was there from ${story.last(get.key, from)?.revision} on` }]
  }
  const { item } = get.outcome
  const alien = checkItem(evidence, get, item)
  if (alien.length > 0 || item.key !== get.key) return [...alien, ...(item.key === get.key ? [] : [{ rule: 'state' as const, sentence: `${told(get)} answers ${item.key}` }])]
  const next = story.next(get.key, item.revision)
  return next && next.revision <= from ? [{ rule: 'stale', sentence: `${told(get)} answers ${item.revision}, which had been overtaken at ${next.revision}, and the answer may not be older than ${from}` }] : []
}

/** What is shown was once stored. */
function checkItem({ story }: Evidence, one: Operation, item: Item): readonly Violation[] {
  const change = story.at(item.revision)
  if (change?.key === item.key && change.value === item.value) return []
  return [{ rule: 'state', sentence: `${told(one)} shows ${item.key} = ${item.value} at ${item.revision}, where the storage has ${change ? `${change.key} = ${change.value ?? 'deleted'}` : 'nothing'}` }]
}

function checkList(evidence: Evidence, list: List): readonly Violation[] {
  if (list.outcome.kind === 'failed') return []
  if (list.outcome.kind === 'gone') return evidence.forgotten.some((at) => at <= list.answered) ? [] : [{ rule: 'gone', sentence: `${told(list)} was answered with 410, though nothing had been forgotten` }]
  const { pages } = list.outcome
  const [first] = pages
  if (!first) return [{ rule: 'state', sentence: `${told(list)} has no page` }]
  const wrong: Violation[] = []
  const other = pages.find(({ revision }) => revision !== first.revision)
  if (other) wrong.push({ rule: 'state', sentence: `${told(list)} has pages of ${first.revision} and of ${other.revision}` })
  const from = oldestAllowed(evidence, list)
  if (first.revision < from) wrong.push({ rule: 'stale', sentence: `${told(list)} answers ${first.revision}, and may not be older than ${from}` })
  if (list.fresh.kind === 'exact' && first.revision !== list.fresh.revision) wrong.push({ rule: 'state', sentence: `${told(list)} answers ${first.revision}` })
  const difference = differs(evidence, list.prefix, { revision: first.revision, items: pages.flatMap(({ items }) => items) })
  return difference === undefined ? wrong : [...wrong, { rule: 'state', sentence: `${told(list)} at ${first.revision} ${difference}` }]
}

/** How a listing differs from the state at its revision, in words. */
export function differs({ story }: Evidence, prefix: string, { revision, items }: Page): string | undefined {
  const should = new Map(story.state(prefix, revision).map((item) => [item.key, item]))
  let last = ''
  for (const item of items) {
    const right = should.get(item.key)
    if (item.key <= last) return `shows ${item.key} after ${last}`
    last = item.key
    if (!right) return `shows ${item.key} at ${item.revision}, which was not there`
    if (right.revision !== item.revision || right.value !== item.value) return `shows ${item.key} = ${item.value} at ${item.revision}; it was ${right.value} at ${right.revision}`
    should.delete(item.key)
  }
  const [missing] = should.values()
  return missing && `does not show ${missing.key}, there since ${missing.revision}`
}

/** Two reads of any age from one life of a server, one after the other: the second is not older. */
function checkNeverBack(operations: readonly Operation[]): readonly Violation[] {
  const lists = operations.filter((one): one is List => one.kind === 'list' && one.server !== undefined && one.fresh.kind !== 'exact' && one.outcome.kind === 'listed')
  const found: Violation[] = []
  for (const server of new Set(lists.map((one) => one.server))) {
    const own = lists.filter((one) => one.server === server)
    const answered = own.map((list) => ({ list, revision: revisionOf(list) })).toSorted((a, b) => a.list.answered - b.list.answered)
    let [next, highest] = [0, undefined as (typeof answered)[number] | undefined]
    for (const list of own.toSorted((a, b) => a.asked - b.asked)) {
      for (let one = answered[next]; one && one.list.answered < list.asked; one = answered[++next]) if (!highest || one.revision > highest.revision) highest = one
      if (highest && revisionOf(list) < highest.revision) found.push({ rule: 'backwards', sentence: `${told(list)} answers ${revisionOf(list)}, after ${told(highest.list)} had answered ${highest.revision} from the same server` })
    }
  }
  return found
}

const revisionOf = (list: List): Revision => (list.outcome.kind === 'listed' ? (list.outcome.pages[0]?.revision ?? 0) : 0)
