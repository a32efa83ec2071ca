import { expect, test } from 'vitest'
import type { Deployment, Pod } from '../../shared/model/gen/api.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import { changedTaints, parseTaints } from '../nodes/taint.ts'
import { sortPods } from '../nodes/drain.ts'
import { rolloutState } from '../workloads/rollout-status.ts'
import { byUsefulness } from '../workloads/pods-of.ts'
import { changesOf, splitChanges } from './label.ts'
import { isReached, parseFor } from './wait.ts'

test('labels: what names objects and what changes them', () => {
  expect(splitChanges(['pod', 'web', 'a=b', 'c-'])).toEqual({ names: ['pod', 'web'], changes: ['a=b', 'c-'] })
  expect(changesOf(['a=b=c', 'd-', 'e='], 'label')).toEqual({ set: { a: 'b=c', e: '' }, remove: ['d'] })
  expect(() => changesOf(['a=b', 'a-'], 'label')).toThrow(/both modify and remove/)
})

test('taints', () => {
  expect(parseTaints(['a=b:NoSchedule', 'c:NoExecute', 'd-', 'e:NoSchedule-'])).toEqual({
    add: [{ key: 'a', value: 'b', effect: 'NoSchedule' }, { key: 'c', effect: 'NoExecute' }],
    remove: [{ key: 'd', effect: undefined }, { key: 'e', effect: 'NoSchedule' }],
  })
  expect(() => parseTaints(['a=b'])).toThrow(/effect is missing/)
  expect(() => parseTaints(['a:Nope'])).toThrow(/invalid taint effect: Nope/)
  const taints = [{ key: 'a', value: '1', effect: 'NoSchedule' }, { key: 'a', effect: 'NoExecute' }]
  expect(changedTaints(taints, parseTaints(['a-']), false)).toEqual({ taints: [] })
  expect(changedTaints(taints, parseTaints(['a:NoExecute-']), false)).toEqual({ taints: [taints[0]] })
  expect(changedTaints(taints, parseTaints(['a=2:NoSchedule']), false)).toHaveProperty('problem')
  expect(changedTaints(taints, parseTaints(['a=2:NoSchedule']), true)).toEqual({ taints: [taints[1], { key: 'a', value: '2', effect: 'NoSchedule' }] })
  expect(changedTaints(taints, parseTaints(['b-']), false)).toHaveProperty('problem')
})

test('wait: what for, and whether it is so', () => {
  expect(parseFor('condition=Ready')).toEqual({ kind: 'condition', type: 'Ready', status: 'True' })
  expect(parseFor('condition=Ready=False')).toMatchObject({ status: 'False' })
  expect(parseFor('delete')).toEqual({ kind: 'delete' })
  expect(parseFor("jsonpath={.status.phase}=Running")).toEqual({ kind: 'jsonpath', path: '.status.phase', value: 'Running' })
  expect(parseFor("jsonpath='{.status.loadBalancer.ingress}'")).toEqual({ kind: 'jsonpath', path: '.status.loadBalancer.ingress', value: undefined })
  expect(() => parseFor('nope')).toThrow(/unrecognized condition: "nope"/)
  const ready = (status: string, observedGeneration = 1): ApiObject => ({ metadata: { generation: 1 }, status: { observedGeneration, phase: 'Running', conditions: [{ type: 'Ready', status }] } })
  expect(isReached(parseFor('condition=ready'), ready('True'))).toBe(true)
  expect(isReached(parseFor('condition=Ready'), ready('False'))).toBe(false)
  // What was said of an older generation does not count.
  expect(isReached(parseFor('condition=Ready'), ready('True', 0))).toBe(false)
  expect(isReached(parseFor('condition=Other=False'), ready('True'))).toBe(false)
  expect(isReached(parseFor('jsonpath={.status.phase}=Running'), ready('True'))).toBe(true)
})

const pod = (name: string, more: Partial<Pod> = {}): Pod => ({ metadata: { name, namespace: 'd', ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }] }, ...more }) as Pod

test('drain: who leaves, who stays, and what forbids it', () => {
  const daemon = pod('daemon', { metadata: { name: 'daemon', namespace: 'd', ownerReferences: [{ apiVersion: 'v1', kind: 'DaemonSet', name: 's', uid: 'u', controller: true }] } })
  const lone = pod('lone', { metadata: { name: 'lone', namespace: 'd' } })
  const local = pod('local', { spec: { containers: [], volumes: [{ name: 'v', emptyDir: {} }] } })
  const pods = [pod('plain'), daemon, lone, local]
  const strict = sortPods(pods, { force: false, ignoreDaemonSets: false, deleteEmptyDirData: false })
  expect(strict.problems).toEqual(['cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): d/daemon', 'cannot delete Pods with local storage (use --delete-emptydir-data to override): d/local', 'cannot delete Pods that declare no controller (use --force to override): d/lone'])
  const free = sortPods(pods, { force: true, ignoreDaemonSets: true, deleteEmptyDirData: true })
  expect([free.problems, free.leave.map(({ metadata }) => metadata.name)]).toEqual([[], ['plain', 'lone', 'local']])
  expect(free.warnings).toHaveLength(2)
})

test('how far a rollout is', () => {
  const state = (spec: object, status: object, generation = 1): string => rolloutState({ metadata: { name: 'web', generation }, spec, status } as unknown as Deployment).message
  expect(state({ replicas: 3 }, {}, 1)).toBe('Waiting for deployment spec update to be observed...')
  expect(state({ replicas: 3 }, { observedGeneration: 1, updatedReplicas: 1, replicas: 3 })).toBe('Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...')
  expect(state({ replicas: 3 }, { observedGeneration: 1, updatedReplicas: 3, replicas: 4 })).toBe('Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...')
  expect(state({ replicas: 3 }, { observedGeneration: 1, updatedReplicas: 3, replicas: 3, availableReplicas: 2 })).toBe('Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...')
  expect(state({ replicas: 3 }, { observedGeneration: 1, updatedReplicas: 3, replicas: 3, availableReplicas: 3 })).toBe('deployment "web" successfully rolled out')
  expect(state({ replicas: 3 }, { observedGeneration: 1, conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] })).toBe('deployment "web" exceeded its progress deadline')
})

test('of several pods the one that runs comes first', () => {
  const running = pod('running', { spec: { containers: [], nodeName: 'n' }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } } as unknown as Partial<Pod>)
  const leaving = { ...running, metadata: { ...running.metadata, name: 'leaving', deletionTimestamp: '2030-01-01T00:00:00Z' } }
  expect([leaving, pod('pending'), running].toSorted(byUsefulness).map(({ metadata }) => metadata.name)).toEqual(['running', 'pending', 'leaving'])
})
