/** The whole table behind a placement, made only when somebody asks. PURE. */
import type { PodInfo, Snapshot } from './state.ts'
import { filtersFor, scoreNodes } from './schedule.ts'

export type NodeVerdict =
  | { readonly node: string; readonly kind: 'feasible'; readonly score: number; readonly parts: Readonly<Record<string, number>> }
  /** Every plugin that refuses the node, not only the first: one reason alone is a near miss. */
  | { readonly node: string; readonly kind: 'refused'; readonly by: ReadonlyArray<{ readonly plugin: string; readonly reasons: readonly string[]; readonly detail?: string | undefined }> }

export interface Explanation {
  readonly revision: number
  /** Feasible nodes by score, then refused ones by how little is missing. */
  readonly verdicts: readonly NodeVerdict[]
  /** The refused node that fails the fewest things, if none is feasible. */
  readonly nearestMiss?: string | undefined
}

export function explain(pod: PodInfo, snapshot: Snapshot): Explanation {
  const filters = filtersFor(pod, snapshot)
  const refused: Array<Extract<NodeVerdict, { kind: 'refused' }>> = []
  const feasible = snapshot.nodes.filter((node) => {
    const by = filters.flatMap(({ name, ask }) => {
      const refusal = ask(node)
      return refusal ? [{ plugin: name, reasons: refusal.reasons, detail: refusal.detail }] : []
    })
    if (by.length > 0) refused.push({ node: node.name, kind: 'refused', by })
    return by.length === 0
  })
  const { totals, partsOf } = scoreNodes(pod, snapshot, feasible)
  const scored = feasible.map((node, at): NodeVerdict => ({ node: node.name, kind: 'feasible', score: totals[at] ?? 0, parts: partsOf(at) }))
  const count = (verdict: (typeof refused)[number]): number => verdict.by.reduce((sum, { reasons }) => sum + reasons.length, 0)
  refused.sort((a, b) => count(a) - count(b) || a.node.localeCompare(b.node))
  scored.sort((a, b) => (a.kind === 'feasible' && b.kind === 'feasible' ? b.score - a.score : 0) || a.node.localeCompare(b.node))
  return { revision: snapshot.revision, verdicts: [...scored, ...refused], ...(scored.length === 0 && refused[0] && { nearestMiss: refused[0].node }) }
}
