import { expect, test } from 'vitest'
import { whyText } from './why.ts'

const POD = { namespace: 'd', name: 'web', nodeName: 'n1' }
const parts = (fit: number): Readonly<Record<string, number>> => ({ NodeResourcesFit: fit, ImageLocality: 0 })

test('a pod that is placed: the node and the runners-up with their parts', () => {
  const text = whyText({ pod: POD, now: null, decision: { kind: 'placed', node: 'n1', score: 90, parts: parts(90), runnersUp: [{ node: 'n2', score: 80.5, parts: parts(80.5) }], feasible: 2, evaluated: 3, refusals: { 'Insufficient cpu': 1 }, revision: 1, decidedAt: 'T' } })
  expect(text).toBe('Pod web is on node n1: the best of 2 that could take it, 1 could not (T).\n\nNODE   SCORE   NODERESOURCESFIT\nn1 *   90      90\nn2     80.5    80.5\n\nNot possible:\n  1 node: Insufficient cpu\n')
})

test('a pod that is nowhere: what is missing on each node, the nearest miss marked', () => {
  const text = whyText({
    pod: { ...POD, nodeName: null },
    decision: { kind: 'unschedulable', message: '0/2 nodes are available: 2 Insufficient cpu.', evaluated: 2, refusals: {}, revision: 1, decidedAt: 'T' },
    now: { nearestMiss: 'n2', verdicts: [{ node: 'n2', kind: 'refused', by: [{ plugin: 'NodeResourcesFit', reasons: ['Insufficient cpu'], detail: 'cpu: needs 9, 2 free' }] }, { node: 'n1', kind: 'refused', by: [{ plugin: 'Taints', reasons: ['tainted'] }, { plugin: 'NodeResourcesFit', reasons: ['Insufficient cpu'] }] }] },
  })
  expect(text).toContain('Pod web is on no node: none of the 2 that were looked at can take it (T).\n0/2 nodes are available: 2 Insufficient cpu.\n')
  expect(text).toContain('NODE   MISSING                                  BY\nn2 *   Insufficient cpu; cpu: needs 9, 2 free   NodeResourcesFit\nn1     tainted                                  Taints\n       Insufficient cpu                         NodeResourcesFit\n')
  expect(text).toContain('* n2 is the nearest miss.')
})

test('a decision that is not known any more', () => {
  expect(whyText({ pod: POD, decision: null, now: null })).toContain('is on node n1')
  expect(whyText({ pod: { ...POD, nodeName: null }, decision: null, now: null })).toContain('has not been looked at')
})
