import type { Operation, Revision } from './history.ts'
import type { Story } from './story.ts'

/**
 * What every answer proves about time: a revision that somebody was told of has happened by then, so whatever is asked later comes after it; and a write
 * that was asked later had not happened before.
 */
export interface Knowledge {
  /** The newest revision that anybody had been told of before the moment: linearizable reads and writes asked then are not older. */
  floor(moment: number): Revision
  /** The oldest revision of a write that was asked after the moment: an answer given by then is older. */
  ceiling(moment: number): Revision
  /** A moment at which the revision had not happened yet. */
  notBefore(revision: Revision): number
}

interface Proof {
  readonly at: number
  readonly revision: Revision
}

export function knowledgeOf(operations: readonly Operation[], story: Story): Knowledge {
  const told = operations.flatMap(proofs)
  return from(operations, [...told, ...deletions(operations, story, from(operations, told))])
}

/** The revision of an acknowledged deletion is not told, but it is that of one of those that happened since. */
function deletions(operations: readonly Operation[], story: Story, known: Knowledge): readonly Proof[] {
  return operations.flatMap((one): readonly Proof[] => {
    if (one.kind !== 'write' || one.verb !== 'delete' || one.outcome.kind !== 'done' || one.outcome.revision !== undefined) return []
    const floor = known.floor(one.asked)
    const first = story.of(one.key).find(({ revision, value }) => value === undefined && revision > floor)
    return first ? [{ at: one.answered, revision: first.revision }] : []
  })
}

function from(operations: readonly Operation[], proven: readonly Proof[]): Knowledge {
  const told = proven.toSorted((a, b) => a.at - b.at)
  const asked = operations.flatMap(ownWrites).toSorted((a, b) => a.at - b.at)
  const highest = running(told, Math.max)
  const lowest = running(asked.toReversed(), Math.min).toReversed()
  return {
    floor: (moment) => highest[countBefore(told, moment) - 1] ?? 0,
    ceiling: (moment) => lowest[countBefore(asked, moment)] ?? Number.POSITIVE_INFINITY,
    notBefore: (revision) => asked.findLast((proof) => proof.revision <= revision)?.at ?? Number.NEGATIVE_INFINITY,
  }
}

/** Writes whose revision is surely their own: an update without an expectation may have found its value there already. */
function ownWrites(one: Operation): readonly Proof[] {
  if (one.kind !== 'write' || one.outcome.kind !== 'done' || one.outcome.revision === undefined) return []
  const { revision } = one.outcome
  return one.verb === 'create' || (one.expects !== undefined && one.expects !== revision) ? [{ at: one.asked, revision }] : []
}

function proofs(one: Operation): readonly Proof[] {
  const at = one.answered
  switch (one.kind) {
    case 'write':
      return one.outcome.kind === 'done' && one.outcome.revision !== undefined ? [{ at, revision: one.outcome.revision }] : []
    case 'get':
      return one.outcome.kind === 'found' ? [{ at, revision: one.outcome.item.revision }] : []
    case 'list':
      return one.outcome.kind === 'listed' ? one.outcome.pages.map(({ revision }) => ({ at, revision })) : []
    case 'watch':
      return one.seen.map((seen) => ({ at: seen.at, revision: seen.kind === 'event' ? seen.item.revision : seen.revision }))
    case 'cache':
      return [{ at, revision: one.revision }]
  }
}

function running(proofsInOrder: readonly Proof[], better: (a: number, b: number) => number): number[] {
  const found: number[] = []
  for (const { revision } of proofsInOrder) found.push(found.length === 0 ? revision : better(found.at(-1) as number, revision))
  return found
}

function countBefore(proofsInOrder: readonly Proof[], moment: number): number {
  let low = 0
  let high = proofsInOrder.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((proofsInOrder[middle] as Proof).at < moment) low = middle + 1
    else high = middle
  }
  return low
}
