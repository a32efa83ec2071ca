import { expect, test } from 'vitest'
import type { AutoscalingV2HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior } from '../../../shared/model/gen/api.ts'
import { limited, noHistory, remembered, stabilized, toleranceOf, type History } from './pace.ts'

const NOW = 10_000_000
const autoscaler = (behavior?: HorizontalPodAutoscalerBehavior): AutoscalingV2HorizontalPodAutoscaler => ({ metadata: { name: 'web' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 50, ...(behavior && { behavior }) } })
const wanted = (...of: ReadonlyArray<readonly [agoMs: number, replicas: number]>): History => ({ ...noHistory, wanted: of.map(([agoMs, replicas]) => ({ atMs: NOW - agoMs, replicas })) })
const changes = (...of: ReadonlyArray<readonly [agoMs: number, by: number]>): History => ({ ...noHistory, changes: of.map(([agoMs, by]) => ({ atMs: NOW - agoMs, by })) })

test('fewer are taken only once five minutes have wanted no more; more at once', () => {
  const settle = (history: History, want: number): readonly unknown[] => Object.values(stabilized(autoscaler(), history, { current: 10, wanted: want, nowMs: NOW })).slice(0, 2)
  expect(settle(wanted([200_000, 8]), 3)).toEqual([8, 'ScaleDownStabilized'])
  expect(settle(wanted([400_000, 8]), 3)).toEqual([3, 'ReadyForNewScale'])
  expect(settle(wanted([10_000, 10]), 20)).toEqual([20, 'ReadyForNewScale'])
  expect(settle(wanted([10_000, 12]), 3)).toEqual([12, 'ScaleDownStabilized'])
  expect(stabilized(autoscaler({}), wanted([10_000, 12]), { current: 10, wanted: 3, nowMs: NOW })).toMatchObject({ replicas: 10, reason: 'ScaleDownStabilized' })
  const slow = autoscaler({ scaleUp: { stabilizationWindowSeconds: 60 } })
  expect(stabilized(slow, wanted([10_000, 12]), { current: 10, wanted: 20, nowMs: NOW })).toMatchObject({ replicas: 12, reason: 'ScaleUpStabilized' })
})

test('not more than twice as many, or four, at once; and not beyond the bounds', () => {
  const limit = (current: number, want: number): readonly unknown[] => Object.values(limited(autoscaler(), changes([5000, 1]), { current, wanted: want, nowMs: NOW })).slice(0, 2)
  expect(limit(10, 40)).toEqual([20, 'ScaleUpLimit'])
  expect(limit(1, 40)).toEqual([4, 'ScaleUpLimit'])
  expect(limit(30, 90)).toEqual([50, 'TooManyReplicas'])
  expect(limit(10, 1)).toEqual([2, 'TooFewReplicas'])
})

test('with a behavior that says nothing of it: not more than twice as many, or four more, in fifteen seconds', () => {
  const limit = (current: number, want: number, history = noHistory): readonly unknown[] => Object.values(limited(autoscaler({}), history, { current, wanted: want, nowMs: NOW })).slice(0, 2)
  expect(limit(10, 40)).toEqual([20, 'ScaleUpLimit'])
  expect(limit(2, 40)).toEqual([6, 'ScaleUpLimit'])
  expect(limit(10, 15)).toEqual([15, 'DesiredWithinRange'])
  expect(limit(20, 40, changes([5000, 10]))).toEqual([20, 'ScaleUpLimit'])
  expect(limit(20, 40, changes([20_000, 10]))).toEqual([40, 'DesiredWithinRange'])
  expect(limit(40, 90)).toEqual([50, 'TooManyReplicas'])
  expect(limit(10, 1)).toEqual([2, 'TooFewReplicas'])
})

test('policies of its own: the one that allows most, or least, or none', () => {
  const policies = [{ type: 'Pods', value: 2, periodSeconds: 60 }, { type: 'Percent', value: 50, periodSeconds: 60 }]
  const down = (selectPolicy: string): number => limited(autoscaler({ scaleDown: { policies, selectPolicy } }), noHistory, { current: 20, wanted: 5, nowMs: NOW }).replicas
  expect([down('Max'), down('Min'), down('Disabled')]).toEqual([10, 18, 20])
  expect(toleranceOf(autoscaler({ scaleUp: { tolerance: '0.05' } }))).toEqual({ up: 0.05, down: 0.1 })
})

test('what is older than any window is forgotten', () => {
  expect(remembered({ wanted: wanted([4_000_000, 1], [1000, 2]).wanted, changes: changes([4_000_000, 1]).changes }, NOW)).toEqual(wanted([1000, 2]))
})
