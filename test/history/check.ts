/** The judge of a history: which promises about reads, writes and watches were not kept. Pure. */
import { checkCaches } from './caches.ts'
import type { Evidence } from './evidence.ts'
import type { History, Violation } from './history.ts'
import { knowledgeOf } from './knowledge.ts'
import { checkReads } from './reads.ts'
import { Story } from './story.ts'
import { checkWatches } from './watches.ts'
import { checkWrites } from './writes.ts'

export function check({ operations, changes, forgotten }: History): readonly Violation[] {
  const story = new Story(changes)
  const evidence: Evidence = { operations, story, knowledge: knowledgeOf(operations, story), forgotten }
  return [...checkWrites(evidence), ...checkReads(evidence), ...checkWatches(evidence), ...checkCaches(evidence)]
}
