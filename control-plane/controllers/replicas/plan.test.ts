import { expect, test } from 'vitest'
import type { Pod, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { byDispensability, rankByNode } from '../pod-control/victims.ts'
import { nextAvailabilityMs, planReplicas, statusOf } from './plan.ts'

const nowMs = 1_700_000_000_000

const set = (replicas: number, more: Partial<ReplicaSet> = {}): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'set', generation: 1, ...more.metadata },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web', x: 'y' } } }, ...more.spec },
  ...(more.status ? { status: more.status } : {}),
})

interface PodSketch {
  readonly node?: string
  readonly phase?: string
  readonly readyForMs?: number
  readonly cost?: string
  readonly restarts?: number
  readonly ageMs?: number
  readonly labels?: Record<string, string>
  readonly deleting?: boolean
}

const pod = (name: string, sketch: PodSketch = {}): Pod => ({
  metadata: {
    name,
    uid: name,
    labels: sketch.labels ?? { app: 'web', x: 'y' },
    creationTimestamp: formatTime(nowMs - (sketch.ageMs ?? 60_000)),
    ...(sketch.cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': sketch.cost } }),
    ...(sketch.deleting ? { deletionTimestamp: formatTime(nowMs) } : {}),
  },
  spec: { containers: [], ...(sketch.node === undefined ? {} : { nodeName: sketch.node }) },
  status: {
    phase: sketch.phase ?? 'Running',
    ...(sketch.readyForMs === undefined ? {} : { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: formatTime(nowMs - sketch.readyForMs) }] }),
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: sketch.restarts ?? 0 }],
  },
})

const view = (replicaSet: ReplicaSet, pods: readonly Pod[], related: readonly Pod[] = pods) => ({ replicaSet, pods, related, nowMs })

test('finished and terminating pods are replaced, a set on its way out does nothing', () => {
  const pods = [pod('a'), pod('b', { phase: 'Failed' }), pod('c', { deleting: true })]
  expect(planReplicas(view(set(3), pods))).toEqual({ create: 2, remove: [] })
  expect(planReplicas(view(set(3, { metadata: { deletionTimestamp: 'x' } }), pods))).toEqual({ create: 0, remove: [] })
})

test.each<[string, PodSketch, PodSketch]>([
  ['without a node before with one', {}, { node: 'n' }],
  ['pending before unknown', { node: 'n', phase: 'Pending' }, { node: 'n', phase: 'Unknown' }],
  ['unknown before running', { node: 'n', phase: 'Unknown' }, { node: 'n' }],
  ['not ready before ready', { node: 'n' }, { node: 'n', readyForMs: 1000 }],
  ['the cheaper first', { node: 'n', readyForMs: 1000, cost: '-5' }, { node: 'n', readyForMs: 1000, cost: '100' }],
  ['the one that shares its node', { node: 'n', readyForMs: 9e9 }, { node: 'm', readyForMs: 1000 }],
  ['ready for less long', { node: 'm', readyForMs: 1000 }, { node: 'o', readyForMs: 600_000 }],
  ['more restarts first', { node: 'm', readyForMs: 1000, restarts: 3 }, { node: 'o', readyForMs: 1000 }],
  ['the younger first', { node: 'm', readyForMs: 1000, ageMs: 1000 }, { node: 'o', readyForMs: 1000, ageMs: 1_000_000 }],
])('gives up %s', (_title, first, second) => {
  const pods = [pod('keep', second), pod('go', first)]
  const related = [...pods, pod('other', { node: 'n' })]
  const order = rankByNode(pods, related).toSorted(byDispensability(nowMs))
  expect(order.map(({ pod: one }) => one.metadata.name)).toEqual(['go', 'keep'])
})

test('ages in one power of two count as equal, then the uid decides', () => {
  const pods = [pod('b', { node: 'm', readyForMs: 530_000 }), pod('a', { node: 'o', readyForMs: 520_000 })]
  const order = rankByNode(pods, []).toSorted(byDispensability(nowMs))
  expect(order.map(({ pod: one }) => one.metadata.name)).toEqual(['a', 'b'])
})

test('status counts labels, readiness, availability and those on their way out', () => {
  const pods = [pod('a', { readyForMs: 20_000 }), pod('b', { readyForMs: 4_000, labels: { app: 'web' } }), pod('c'), pod('d', { deleting: true }), pod('e', { phase: 'Failed' })]
  const slow = set(3, { spec: { replicas: 3, minReadySeconds: 10, selector: {}, template: { metadata: { labels: { app: 'web', x: 'y' } } } } })
  expect(statusOf(view(slow, pods))).toEqual({ replicas: 3, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 1, terminatingReplicas: 1, observedGeneration: 1 })
  expect(nextAvailabilityMs(view(slow, pods))).toBe(6_000)
  expect(nextAvailabilityMs(view(set(3), pods))).toBeUndefined()
})

test('a failure becomes a condition, keeps its first words, and goes when a pass succeeds', () => {
  const failed = statusOf(view(set(1), []), { reason: 'FailedCreate', message: 'no quota' })
  expect(failed.conditions).toEqual([{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no quota', lastTransitionTime: formatTime(nowMs) }])
  const later = set(1, { status: failed })
  expect(statusOf(view(later, []), { reason: 'FailedCreate', message: 'other' }).conditions).toEqual(failed.conditions)
  expect(statusOf(view(later, [])).conditions).toBeUndefined()
})
