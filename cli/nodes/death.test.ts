import { expect, test } from 'vitest'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { deathOf, isFenced, tolerates, withTaint } from './death.ts'
import { lengthText } from './length-text.ts'
import type { Sight } from './sight.ts'

const NOW = Date.UTC(2030, 0, 1)
const TAINT = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }
const node = (status: string | undefined, more: { readonly taints?: readonly object[]; readonly message?: string } = {}): Node =>
  ({ metadata: { name: 'n2' }, spec: { taints: more.taints ?? [] }, status: status === undefined ? {} : { conditions: [{ type: 'Ready', status, reason: 'R', message: more.message ?? '', lastTransitionTime: '2029-12-31T23:59:00Z' }] } }) as unknown as Node
const ago = (ms: number): number => NOW - ms

test.each<readonly [title: string, node: Node, sight: Sight, kind: string, words: string]>([
  ['seen by the leader', node('True'), { kind: 'seen', lastSeenMs: ago(40) }, 'alive', 'it gave a sign of life 40 ms ago (Ready is True).'],
  ['Ready, by its lease', node('True'), { kind: 'unknown', lastSeenMs: ago(6_300) }, 'alive', 'it is Ready, and was heard of 6.3 s ago.'],
  ['not ready, but speaking', node('False', { message: 'no network' }), { kind: 'unknown' }, 'alive', 'it is not Ready, but speaks (R: no network), and was heard of lately.'],
  ['silent', node('Unknown', { message: 'n2: no heartbeat for 9 s; 1 of 3 members seen.' }), { kind: 'silent', lastSeenMs: ago(9_000) }, 'silent', 'the last sign of life came 9.0 s ago (n2: no heartbeat for 9 s; 1 of 3 members seen).'],
  ['silent, nothing told', node('Unknown'), { kind: 'unknown' }, 'silent', 'the last sign of life came 60 s ago or longer.'],
  ['never heard of', node(undefined), { kind: 'unknown' }, 'silent', 'it has never given a sign of life.'],
  ['given up', node('Unknown', { taints: [TAINT], message: 'n2: fenced' }), { kind: 'fenced' }, 'fenced', 'n2: fenced'],
])('%s', (_, of, sight, kind, words) => {
  expect(deathOf(of, { sight, nowMs: NOW })).toEqual({ kind, words })
})

test('the taint is put beside others, once', () => {
  const taints = withTaint([{ key: 'a', effect: 'NoSchedule' }, { key: TAINT.key, effect: 'NoExecute' }], 'T')
  expect(taints).toEqual([{ key: 'a', effect: 'NoSchedule' }, { ...TAINT, timeAdded: 'T' }])
  expect([isFenced(node('True')), isFenced(node('True', { taints }))]).toEqual([false, true])
})

test('pods that tolerate it stay', () => {
  const pod = (...tolerations: readonly object[]): Pod => ({ spec: { containers: [], tolerations } }) as unknown as Pod
  const { key } = TAINT
  expect([pod(), pod({ key: 'other', operator: 'Exists' }), pod({ key, operator: 'Exists', effect: 'NoSchedule' }), pod({ key, value: 'x' })].map(tolerates)).toEqual([false, false, false, false])
  expect([pod({ operator: 'Exists' }), pod({ key, operator: 'Exists' }), pod({ key, operator: 'Equal', value: 'nodeshutdown', effect: 'NoExecute' })].map(tolerates)).toEqual([true, true, true])
})

test('lengths of time for people', () => {
  expect([-5, 40, 1_234, 9_960, 100_000, 200_000, 240_000, 7_500_000].map(lengthText)).toEqual(['0 ms', '40 ms', '1.2 s', '10 s', '100 s', '3 min 20 s', '4 min', '2 h 5 min'])
})
