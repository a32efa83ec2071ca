import { POSITIONS, type Entry, type Revision } from './port.ts'
import { deletePosition } from './positions.ts'

/** Whether a revision is between two writes of one batch: etcd can list what was before the batch and after it, but not that. */
export const isWithinBatch = (revision: Revision): boolean => revision % POSITIONS !== POSITIONS - 1

/** The state at a revision within a batch, in order of key, from all there was before the batch and after it. */
export function stateWithin(revision: Revision, before: readonly Entry[], after: readonly Entry[]): readonly Entry[] {
  const wasThere = new Map(before.map((entry) => [entry.key, entry]))
  const state: Entry[] = []
  for (const entry of after) {
    const earlier = wasThere.get(entry.key)
    wasThere.delete(entry.key)
    if (entry.revision <= revision) state.push(entry)
    else if (earlier) state.push(earlier)
  }
  // What is left was deleted in the batch.
  for (const entry of wasThere.values()) if (deletePosition(entry.key) > revision % POSITIONS) state.push(entry)
  return state.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
