/** A watch tells every change once, in order and by its right name, from where it began to where it has come; a 410 needs a reason. */
import { told, type Evidence } from './evidence.ts'
import { reachedBy, type Change, type Item, type Revision, type Seen, type Violation, type Watch } from './history.ts'
import { differs } from './reads.ts'
import type { Story } from './story.ts'

type Event = Extract<Seen, { readonly kind: 'event' }>

export function checkWatches(evidence: Evidence): readonly Violation[] {
  return evidence.operations.flatMap((one) => (one.kind === 'watch' ? [...checkEvents(evidence, one), ...checkGone(evidence, one)] : []))
}

function checkEvents(evidence: Evidence, watch: Watch): readonly Violation[] {
  const begun = begin(evidence, watch)
  if (begun.after === undefined) return begun.wrong
  const inOrder = checkOrder(watch, { after: begun.after, rest: begun.rest })
  const reached = reachedBy(watch) ?? begun.after
  const late: readonly Violation[] = watch.reaches !== undefined && reached < watch.reaches && !watch.gone ? unlessNothing(evidence, watch, { reached, wanted: watch.reaches }) : []
  return [...begun.wrong, ...inOrder, ...checkComplete(evidence.story, watch, { after: begun.after, upTo: reached, events: begun.rest.filter((seen) => seen.kind === 'event') }), ...late]
}

interface Begun {
  /** Where the changes begin; `undefined`: it was not told yet. */
  readonly after: Revision | undefined
  readonly rest: readonly Seen[]
  readonly wrong: readonly Violation[]
}

function begin(evidence: Evidence, watch: Watch): Begun {
  if (watch.from.kind === 'after') return { after: watch.from.revision, rest: watch.seen, wrong: [] }
  const end = watch.seen.findIndex((seen) => seen.kind === 'bookmark' && seen.initialEnd)
  const mark = watch.seen[end]
  if (mark?.kind !== 'bookmark') return { after: undefined, rest: [], wrong: [] }
  const { fresh } = watch.from
  const least = fresh.kind === 'newest' ? evidence.knowledge.floor(watch.asked) : fresh.kind === 'not-older' ? fresh.revision : 0
  const initial = watch.seen.slice(0, end).filter((seen) => seen.kind === 'event')
  const wrong: Violation[] = []
  if (mark.revision < least) wrong.push({ rule: 'stale', sentence: `${told(watch)} begins at ${mark.revision}, and may not be older than ${least}` })
  const odd = initial.find(({ type }) => type !== 'ADDED')
  if (odd) wrong.push({ rule: 'watch-type', sentence: `${told(watch)} begins with ${odd.type} ${odd.item.key}` })
  const difference = differs(evidence, watch.prefix, { revision: mark.revision, items: initial.map(({ item }) => item).toSorted((a, b) => (a.key < b.key ? -1 : 1)) })
  if (difference !== undefined) wrong.push({ rule: 'state', sentence: `${told(watch)} begins at ${mark.revision} and ${difference}` })
  return { after: mark.revision, rest: watch.seen.slice(end + 1), wrong }
}

/** Each event later than everything before it; a bookmark not earlier. */
function checkOrder(watch: Watch, { after, rest }: { readonly after: Revision; readonly rest: readonly Seen[] }): readonly Violation[] {
  let reached = after
  for (const seen of rest) {
    const revision = seen.kind === 'event' ? seen.item.revision : seen.revision
    if (seen.kind === 'event' ? revision <= reached : revision < reached) return [{ rule: 'watch-order', sentence: `${told(watch)} tells ${seen.kind === 'event' ? `${seen.type} ${seen.item.key}` : 'a bookmark'} of ${revision} after ${reached}` }]
    reached = revision
  }
  return []
}

function checkComplete(story: Story, watch: Watch, { after, upTo, events }: { readonly after: Revision; readonly upTo: Revision; readonly events: readonly Event[] }): readonly Violation[] {
  const byRevision = new Map(events.map((event) => [event.item.revision, event]))
  const wrong: Violation[] = []
  for (const change of story.between(watch.prefix, after, upTo)) {
    const event = byRevision.get(change.revision)
    byRevision.delete(change.revision)
    if (!event) wrong.push({ rule: 'watch-gap', sentence: `${told(watch)} came to ${upTo} and did not tell of ${change.key} at ${change.revision}` })
    else wrong.push(...checkType(story, watch, { change, event }))
  }
  for (const { type, item } of byRevision.values()) if (item.revision > after) wrong.push({ rule: 'watch-gap', sentence: `${told(watch)} tells ${type} ${item.key} at ${item.revision}, which did not happen` })
  return wrong
}

function checkType(story: Story, watch: Watch, { change, event: { type, item } }: { readonly change: Change; readonly event: Event }): readonly Violation[] {
  const before = story.last(change.key, change.revision - 1)
  const wanted = change.value === undefined ? 'DELETED' : before?.value === undefined ? 'ADDED' : 'MODIFIED'
  // A deletion shows the last state, with the deletion's revision.
  const shown: Item = { key: change.key, revision: change.revision, value: change.value ?? before?.value ?? '' }
  if (type === wanted && item.key === shown.key && item.value === shown.value) return []
  return [{ rule: 'watch-type', sentence: `${told(watch)} tells ${type} ${item.key} = ${item.value} at ${item.revision}; it was ${wanted} ${shown.key} = ${shown.value}` }]
}

/** To be late is to miss something. */
function unlessNothing({ story }: Evidence, watch: Watch, { reached, wanted }: { readonly reached: Revision; readonly wanted: Revision }): readonly Violation[] {
  const [missed] = story.between(watch.prefix, reached, wanted)
  return missed ? [{ rule: 'watch-gap', sentence: `${told(watch)} has come to ${reached} only; ${missed.key} changed at ${missed.revision}, long ago` }] : []
}

/** History is forgotten for a reason: since the revision was the newest somebody forgot it. */
function checkGone(evidence: Evidence, watch: Watch): readonly Violation[] {
  if (!watch.gone) return []
  const reached = reachedBy(watch)
  const since = reached === undefined ? watch.asked : evidence.knowledge.notBefore(reached)
  return evidence.forgotten.some((at) => at >= since && at <= watch.answered) ? [] : [{ rule: 'gone', sentence: `${told(watch)} was told that ${reached ?? 'its beginning'} is gone, though nothing has been forgotten since then` }]
}
