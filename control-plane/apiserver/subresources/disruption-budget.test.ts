import { expect, test } from 'vitest'
import type { Pod, PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import { budgetsOf, isBeyondBudgets, mayGoUnready, takeDisruption } from './disruption-budget.ts'

const NOW = 1_770_000_000_000
const budget = (status: PodDisruptionBudget['status'], spec: PodDisruptionBudget['spec'] = { selector: { matchLabels: { app: 'web' } } }): PodDisruptionBudget => ({ metadata: { name: 'web', generation: 1 }, spec, status })
const pod = (phase: string, ready = false): Pod => ({ metadata: { name: 'a', labels: { app: 'web' } }, status: { phase, conditions: ready ? [{ type: 'Ready', status: 'True' }] : [] } })

test('a pod is counted by the budgets that select it; one without labels by those that select all', () => {
  const all = budget({}, { selector: {} })
  expect(budgetsOf(pod('Running'), [budget({}), all, budget({}, { selector: { matchLabels: { app: 'db' } } }), budget({}, {})])).toEqual([budget({}), all])
  expect(budgetsOf({ metadata: { name: 'a' } }, [budget({}), all])).toEqual([all])
})

test('only pods that run are guarded', () => {
  expect(['Pending', 'Running', 'Succeeded', 'Failed'].map((phase) => isBeyondBudgets(pod(phase)))).toEqual([true, false, true, true])
  expect(isBeyondBudgets({ ...pod('Running'), metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })).toBe(true)
})

test('a pod that is not ready goes when enough others are, or whenever the budget says so', () => {
  expect(mayGoUnready(pod('Running'), budget({ currentHealthy: 2, desiredHealthy: 2 }))).toBe(true)
  expect(mayGoUnready(pod('Running'), budget({ currentHealthy: 1, desiredHealthy: 2 }))).toBe(false)
  expect(mayGoUnready(pod('Running'), budget({ currentHealthy: 0, desiredHealthy: 0 }))).toBe(false)
  expect(mayGoUnready(pod('Running', true), budget({ currentHealthy: 2, desiredHealthy: 2 }))).toBe(false)
  expect(mayGoUnready(pod('Running'), budget({}, { unhealthyPodEvictionPolicy: 'AlwaysAllow' }))).toBe(true)
})

test('each eviction takes one disruption, the last one says so', () => {
  const conditions = [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }]
  const first = takeDisruption(budget({ observedGeneration: 1, disruptionsAllowed: 2, conditions }), 'a', NOW)
  expect(first).toMatchObject({ kind: 'allowed', budget: { status: { disruptionsAllowed: 1, disruptedPods: { a: '2026-02-02T02:40:00Z' }, conditions } } })
  const second = first.kind === 'allowed' ? takeDisruption(first.budget, 'b', NOW) : first
  expect(second).toMatchObject({ kind: 'allowed', budget: { status: { disruptionsAllowed: 0, disruptedPods: { a: '2026-02-02T02:40:00Z', b: '2026-02-02T02:40:00Z' }, conditions: [{ status: 'False', reason: 'InsufficientPods' }] } } })
  const third = second.kind === 'allowed' ? takeDisruption(second.budget, 'c', NOW) : second
  expect(third).toEqual({ kind: 'refused', cause: 'The disruption budget web needs 0 healthy pods and has 0 currently' })
})

test('a budget that was not looked at yet, or is beyond use, allows nothing', () => {
  expect(takeDisruption(budget({ disruptionsAllowed: 1 }), 'a', NOW)).toEqual({ kind: 'refused', cause: 'The disruption budget web is still being processed by the server.', retryAfterSeconds: 10 })
  expect(takeDisruption(budget({ observedGeneration: 1, disruptionsAllowed: -1 }), 'a', NOW)).toMatchObject({ kind: 'broken' })
  const failed = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'found no controllers', lastTransitionTime: '2026-01-01T00:00:00Z' }
  expect(takeDisruption(budget({ observedGeneration: 1, conditions: [failed] }), 'a', NOW)).toMatchObject({ cause: 'The disruption budget web does not allow evicting pods currently because it failed sync: found no controllers' })
})
