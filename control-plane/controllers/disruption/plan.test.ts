import { expect, test } from 'vitest'
import type { Pod, PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import { planBudget, type BudgetView } from './plan.ts'

const NOW = 1_770_000_000_000
const NOW_TEXT = '2026-02-02T02:40:00Z'
const budget = (spec: PodDisruptionBudget['spec'], status?: PodDisruptionBudget['status']): PodDisruptionBudget => ({ metadata: { name: 'web', namespace: 'ns', generation: 2 }, spec: { selector: { matchLabels: { app: 'web' } }, ...spec }, status })
const pod = (name: string, ready: boolean, owner?: string): Pod => ({
  metadata: { name, labels: { app: 'web' }, ...(owner && { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }] }) },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})
const view = (of: PodDisruptionBudget, pods: readonly Pod[], replicas?: number): BudgetView => ({ budget: of, pods, ownerOf: () => (replicas === undefined ? undefined : { uid: 'web', replicas }), nowMs: NOW })
const condition = (status: 'True' | 'False', lastTransitionTime = NOW_TEXT) => ({ type: 'DisruptionAllowed', status, reason: status === 'True' ? 'SufficientPods' : 'InsufficientPods', message: '', observedGeneration: 2, lastTransitionTime })

test.each([
  ['no pods: nothing may go', { minAvailable: 1 }, [], [0, 0, 1, 0]],
  ['more ready than needed', { minAvailable: 1 }, [pod('a', true), pod('b', true)], [1, 2, 1, 2]],
  ['pods that are not ready do not count', { minAvailable: 1 }, [pod('a', true), pod('b', false)], [0, 1, 1, 2]],
  ['a share of what the owner promises, rounded up', { minAvailable: '50%' }, [pod('a', true, 'web'), pod('b', true, 'web')], [0, 2, 2, 3]],
  ['at most one away', { maxUnavailable: 1 }, [pod('a', true, 'web'), pod('b', true, 'web'), pod('c', true, 'web')], [1, 3, 2, 3]],
  ['a share that may be away, rounded up', { maxUnavailable: '30%' }, [pod('a', true, 'web'), pod('b', true, 'web'), pod('c', true, 'web')], [1, 3, 2, 3]],
  ['neither said: nothing', {}, [pod('a', true)], [0, 1, 0, 0]],
] as const)('%s', (_, spec, pods, [disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods]) => {
  const { status, failure } = planBudget(view(budget(spec), pods, 3))
  expect(failure).toBeUndefined()
  expect(status).toEqual({ observedGeneration: 2, disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods, conditions: [condition(disruptionsAllowed > 0 ? 'True' : 'False')] })
})

test('a pod that was given to an eviction does not count for two minutes, then it does again and somebody hears of it', () => {
  const early = planBudget(view(budget({ minAvailable: 1 }, { disruptedPods: { a: '2026-02-02T02:39:00Z' } }), [pod('a', true), pod('b', true)]))
  expect(early).toMatchObject({ status: { disruptionsAllowed: 0, currentHealthy: 1, disruptedPods: { a: '2026-02-02T02:39:00Z' } }, againInMs: 60_000, overdue: [] })
  const late = planBudget(view(budget({ minAvailable: 1 }, { disruptedPods: { a: '2026-02-02T02:37:00Z', gone: '2026-02-02T02:39:59Z' } }), [pod('a', true), pod('b', true)]))
  expect(late).toMatchObject({ status: { disruptionsAllowed: 1, currentHealthy: 2 }, againInMs: undefined, overdue: [{ metadata: { name: 'a' } }] })
  expect(late.status.disruptedPods).toBeUndefined()
})

test('pods that nobody promises: those without a controller are told, an unknown controller allows nothing', () => {
  expect(planBudget(view(budget({ maxUnavailable: 1 }), [pod('a', true)], 3))).toMatchObject({ unmanaged: ['a'], status: { expectedPods: 0, disruptionsAllowed: 0 } })
  const failed = planBudget(view(budget({ maxUnavailable: 1 }, { disruptionsAllowed: 2, currentHealthy: 3, observedGeneration: 1 }), [pod('a', true, 'web')]))
  expect(failed.status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 3, conditions: [{ status: 'False', reason: 'SyncFailed', message: 'found no controllers for pod "a"' }] })
})

test('planning again changes nothing', () => {
  const of = budget({ minAvailable: 1 })
  const pods = [pod('a', true), pod('b', true)]
  const { status } = planBudget(view(of, pods))
  expect(planBudget({ ...view({ ...of, status }, pods), nowMs: NOW + 5000 }).status).toEqual(status)
})
