import { expect, test } from 'vitest'
import type { DaemonSet, Job, Node, Pod } from '../../../shared/model/gen/api.ts'
import { daemonSetStatus, jobStatus, statefulSetStatus } from './plan.ts'

const NOW = 1_770_000_000_000
const NOW_TEXT = '2026-02-02T02:40:00Z'
const node = (name: string, labels: Readonly<Record<string, string>> = {}, taint?: string): Node => ({ metadata: { name, labels }, spec: taint ? { taints: [{ key: taint, effect: 'NoSchedule' }] } : {} })
const pod = (nodeName: string, ready: boolean): Pod => ({ metadata: { name: nodeName }, spec: { containers: [], nodeName }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } })

test('a stateful set tells of the pods it has', () => {
  const set = { metadata: { generation: 3 }, spec: { selector: {}, template: {} }, status: { replicas: 0, currentRevision: 'db-1' } }
  expect(statefulSetStatus(set, [pod('a', true), pod('b', false)], NOW)).toEqual({ observedGeneration: 3, replicas: 2, readyReplicas: 1, availableReplicas: 1, collisionCount: 0, currentRevision: 'db-1' })
})

test('a daemon set counts the nodes that it wants and that it has', () => {
  const set: DaemonSet = { metadata: { generation: 1 }, spec: { selector: {}, template: { spec: { containers: [], nodeSelector: { disk: 'ssd' } } } } }
  const nodes = [node('a', { disk: 'ssd' }), node('b', { disk: 'ssd' }, 'node.kubernetes.io/unschedulable'), node('c', { disk: 'ssd' }, 'example.com/keep-out'), node('d')]
  expect(daemonSetStatus({ set, pods: [pod('a', true), pod('d', true)], nodes, nowMs: NOW })).toMatchObject({ desiredNumberScheduled: 2, currentNumberScheduled: 1, numberMisscheduled: 1, numberReady: 1, numberAvailable: 1, numberUnavailable: 1, observedGeneration: 1 })
})

test('a job says once that it is suspended, and that it is no more', () => {
  const job = (suspend: boolean, status: Job['status'] = {}): Job => ({ metadata: {}, spec: { template: {}, suspend }, status })
  expect(jobStatus(job(false), NOW)).toEqual({})
  const suspended = jobStatus(job(true), NOW)
  expect(suspended).toEqual({ ready: 0, terminating: 0, uncountedTerminatedPods: {}, conditions: [{ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended', lastProbeTime: NOW_TEXT, lastTransitionTime: NOW_TEXT }] })
  expect(jobStatus(job(true, suspended), NOW + 5000)).toBe(suspended)
  expect(jobStatus(job(false, suspended), NOW).conditions).toMatchObject([{ status: 'False', reason: 'JobResumed' }])
  expect(jobStatus({ ...job(true), spec: { template: {}, suspend: true, managedBy: 'example.com/mine' } }, NOW)).toEqual({})
})
