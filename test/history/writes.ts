/** Writes are linearizable: each acknowledged one happened, once, after all that was known when it was asked, on the state it named; nothing else happened. */
import type { Change, Revision, Violation, Write } from './history.ts'
import type { Evidence } from './evidence.ts'
import { told } from './evidence.ts'

export function checkWrites(evidence: Evidence): readonly Violation[] {
  const writes = evidence.operations.filter((one) => one.kind === 'write')
  return [...writes.flatMap((write) => [...acknowledged(evidence, write), ...refused(evidence, write)]), ...explained(evidence, writes)]
}

function acknowledged(evidence: Evidence, write: Write): readonly Violation[] {
  if (write.outcome.kind === 'done' && write.verb === 'delete') return deleted(evidence, write)
  if (write.outcome.kind !== 'done' || write.outcome.revision === undefined) return []
  const { story, knowledge } = evidence
  const { revision } = write.outcome
  const change = story.at(revision)
  if (change?.key !== write.key || change.value !== write.value) {
    return [{ rule: 'lost', sentence: `${told(write)} was acknowledged at ${revision}, where the storage has ${change ? `${change.key} = ${change.value ?? 'deleted'}` : 'nothing'}` }]
  }
  const floor = knowledge.floor(write.asked)
  if (revision > floor) return precondition(evidence, write, revision)
  // Older than what was known: right only if the value was there already and still is.
  const newest = story.last(write.key, floor)
  if (write.verb !== 'create' && newest?.revision === revision && (write.expects === undefined || write.expects === revision)) return []
  const rule = write.verb !== 'create' && newest !== undefined && newest.revision > revision ? 'lost' : 'order'
  return [{ rule, sentence: `${told(write)} was acknowledged at ${revision}, but ${floor} was known when it was asked, and there the key was at ${newest?.revision ?? 'nothing'}` }]
}

/** Its revision is not told; but if it named a state, that state was the last one before it. (That it happened at all: {@link explained}.) */
function deleted({ story }: Evidence, write: Write): readonly Violation[] {
  if (write.expects === undefined) return []
  const next = story.next(write.key, write.expects)
  return next && next.value === undefined ? [] : [{ rule: 'precondition', sentence: `${told(write)} was acknowledged, but after that revision the key was ${next ? `written at ${next.revision}` : 'left as it was'}` }]
}

function precondition({ story }: Evidence, write: Write, revision: Revision): readonly Violation[] {
  const before = story.last(write.key, revision - 1)
  const wrong = (why: string): readonly Violation[] => [{ rule: 'precondition', sentence: `${told(write)} happened at ${revision}, ${why}` }]
  if (write.verb === 'create') return before?.value === undefined ? [] : wrong(`though the key was there, since ${before.revision}`)
  if (write.expects === undefined || write.expects === revision) return []
  if (before?.value === undefined) return wrong('though the key was not there')
  return before.revision === write.expects ? [] : wrong(`though the key was at ${before.revision}`)
}

/** A refusal names something that must have been so at some moment while the write was under way. */
function refused({ story, knowledge }: Evidence, write: Write): readonly Violation[] {
  if (write.outcome.kind !== 'refused' || write.outcome.reason === 'other') return []
  const { reason } = write.outcome
  const span = { from: knowledge.floor(write.asked), before: knowledge.ceiling(write.answered) }
  const isTrue = story.wasEver(write.key, span, (last) => {
    switch (reason) {
      case 'exists':
        return last?.value !== undefined
      case 'missing':
        return last?.value === undefined
      case 'conflict':
        // Without an expectation: too many others wrote.
        return write.expects === undefined || last?.value === undefined || last.revision !== write.expects
    }
  })
  return isTrue ? [] : [{ rule: 'refusal', sentence: `${told(write)} was refused (${reason}), which was at no moment so from ${span.from} on` }]
}

/** Every change has one write that made it, and no write made two. */
function explained(evidence: Evidence, writes: readonly Write[]): readonly Violation[] {
  const found: Violation[] = []
  const groups = new Map<string, { readonly changes: Change[]; readonly writes: Write[] }>()
  const groupOf = (key: string, value: string | undefined): { readonly changes: Change[]; readonly writes: Write[] } => {
    const name = JSON.stringify([key, value])
    const group = groups.get(name) ?? { changes: [], writes: [] }
    groups.set(name, group)
    return group
  }
  for (const change of evidence.story.all) groupOf(change.key, change.value).changes.push(change)
  for (const write of writes) groupOf(write.key, write.value).writes.push(write)
  for (const group of groups.values()) found.push(...explainedIn(evidence, group))
  return found
}

/** All changes of one key to one value, and the writes that wanted it. */
function explainedIn({ knowledge }: Evidence, { changes, writes }: { readonly changes: readonly Change[]; readonly writes: readonly Write[] }): readonly Violation[] {
  const found: Violation[] = []
  const known = new Set(writes.flatMap(({ outcome }) => (outcome.kind === 'done' && outcome.revision !== undefined ? [outcome.revision] : [])))
  const open = changes.filter(({ revision }) => !known.has(revision))
  // Acknowledged without a revision: each takes the first change that fits, the one that had to be done first before the others.
  const within = writes.filter(({ outcome }) => outcome.kind === 'done' && outcome.revision === undefined).map((write) => ({ write, after: knowledge.floor(write.asked), before: knowledge.ceiling(write.answered) }))
  for (const { write, after, before } of within.toSorted((a, b) => a.before - b.before || a.after - b.after)) {
    const at = open.findIndex(({ revision }) => revision > after && revision < before)
    if (at >= 0) open.splice(at, 1)
    else found.push({ rule: 'lost', sentence: `${told(write)} was acknowledged, and the storage has nothing of it after ${after}` })
  }
  const unknown = writes.filter(({ outcome }) => outcome.kind === 'unknown').map((write) => ({ write, after: knowledge.floor(write.asked) })).toSorted((a, b) => b.after - a.after)
  for (const change of open.toReversed()) {
    const at = unknown.findIndex(({ after }) => after < change.revision)
    if (at >= 0) unknown.splice(at, 1)
    else found.push({ rule: 'invented', sentence: `at ${change.revision} ${change.key} was ${change.value === undefined ? 'deleted' : `set to ${change.value}`}, which nobody asked for${known.size > 0 ? ' once more' : ''}` })
  }
  return found
}
