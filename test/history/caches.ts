/** Who lists and watches as clients do ends with exactly what is stored. */
import { told, type Evidence } from './evidence.ts'
import type { Cache, Violation } from './history.ts'
import { differs } from './reads.ts'

export function checkCaches(evidence: Evidence): readonly Violation[] {
  return evidence.operations.flatMap((one) => (one.kind === 'cache' ? checkCache(evidence, one) : []))
}

function checkCache(evidence: Evidence, cache: Cache): readonly Violation[] {
  const difference = differs(evidence, cache.prefix, cache)
  if (difference !== undefined) return [{ rule: 'cache', sentence: `${told(cache)} and ${difference}` }]
  const [missed] = cache.final ? evidence.story.between(cache.prefix, cache.revision, evidence.story.newest) : []
  return missed ? [{ rule: 'cache', sentence: `${told(cache)} at the end, and has not heard of ${missed.key} at ${missed.revision}` }] : []
}
