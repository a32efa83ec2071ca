import { describe, expect, test } from 'vitest'
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../../shared/model/gen/api.ts'
import { keyOf, nameOf } from '../../../shared/model/meta.ts'
import { classOfVolume, matchOnNodes } from '../../../shared/model/volume-matching.ts'
import { hintOf } from './hints.ts'
import { schedule, type Placement } from './schedule.ts'
import { ClusterState, podInfo } from './state.ts'

const node = (name: string, labels: Record<string, string> = {}): Node => ({ metadata: { name, labels: { host: name, ...labels } }, spec: {}, status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } } })
const onNodes = (...values: readonly string[]): PersistentVolume['spec'] => ({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values }] }] } } })
const volume = (name: string, spec: PersistentVolume['spec'] = {}, labels: Record<string, string> = {}): PersistentVolume => ({ metadata: { name, labels }, spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'wait', ...spec }, status: { phase: 'Available' } })
const claim = (name: string, spec: PersistentVolumeClaim['spec'] = {}, metadata: PersistentVolumeClaim['metadata'] = {}): PersistentVolumeClaim => ({ metadata: { name, namespace: 'ns', uid: name, ...metadata }, spec: { storageClassName: 'wait', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec }, status: { phase: 'Pending' } })
const bound = (name: string, volumeName: string, spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim => ({ ...claim(name, { ...spec, volumeName }, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }), status: { phase: 'Bound' } })
const storageClass = (name: string, more: Partial<StorageClass> = {}): StorageClass => ({ metadata: { name }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer', ...more })
const pod = (name: string, ...claims: readonly string[]): Pod => ({ metadata: { name, namespace: 'ns', uid: name }, spec: { containers: [{ name: 'c' }], volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) } })

interface Given {
  readonly claims?: readonly PersistentVolumeClaim[]
  readonly volumes?: readonly PersistentVolume[]
  readonly classes?: readonly StorageClass[]
  readonly pods?: ReadonlyArray<readonly [Pod, string]>
  readonly nodes?: readonly Node[]
}

function stateOf({ claims = [], volumes = [], classes = [storageClass('wait'), storageClass('now', { volumeBindingMode: 'Immediate' })], pods = [], nodes = [node('n1'), node('n2')] }: Given): ClusterState {
  const state = new ClusterState()
  for (const one of nodes) state.setNode(one)
  for (const [one, on] of pods) state.setPod(one, on)
  state.storage = {
    claim: (key) => claims.find((one) => keyOf(one) === key),
    volume: (name) => volumes.find((one) => nameOf(one) === name),
    volumesOf: (name) => volumes.filter((one) => classOfVolume(one) === name),
    storageClass: (name) => classes.find((one) => nameOf(one) === name),
  }
  return state
}

const place = (waiting: Pod, given: Given): Placement => schedule(podInfo(waiting), stateOf(given), { tieBreak: 0, start: 0 })
const wordsOf = (placement: Placement): string => (placement.kind === 'placed' ? placement.node : placement.message)
const HELPLESS = 'no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.'

describe('a pod with claims', () => {
  const ephemeral: Pod = { ...pod('p'), spec: { containers: [{ name: 'c' }], volumes: [{ name: 'e', ephemeral: {} }] } }
  test.each<readonly [string, Pod, Given, string]>([
    ['that are not there', pod('p', 'c'), {}, '0/2 nodes are available: persistentvolumeclaim "c" not found. not found'],
    ['that nobody made yet', ephemeral, {}, '0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "p-e". not found'],
    ['that somebody else made', ephemeral, { claims: [claim('p-e')] }, '0/2 nodes are available: PVC ns/p-e was not created for pod ns/p (pod is not owner). not found'],
    ['that lost their volume', pod('p', 'c'), { claims: [{ ...bound('c', 'v'), status: { phase: 'Lost' } }] }, '0/2 nodes are available: persistentvolumeclaim "c" bound to non-existent persistentvolume "v". not found'],
    ['that go', pod('p', 'c'), { claims: [claim('c', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })] }, '0/2 nodes are available: persistentvolumeclaim "c" is being deleted. not found'],
    ['that are to be bound at once, and are not', pod('p', 'c'), { claims: [claim('c', { storageClassName: 'now' })] }, '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found'],
    ['of a class that is not there', pod('p', 'c'), { claims: [claim('c', { storageClassName: 'nope' })] }, '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found'],
    ['that name their volume', pod('p', 'c'), { claims: [claim('c', { volumeName: 'v' })] }, '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found'],
    ['whose volume has gone', pod('p', 'c'), { claims: [bound('c', 'v')] }, `0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s). ${HELPLESS}`],
    ['whose volume is on no node', pod('p', 'c'), { claims: [bound('c', 'v')], volumes: [volume('v', onNodes('n9'))] }, `0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity. ${HELPLESS}`],
    ['whose volume is on one node', pod('p', 'c'), { claims: [bound('c', 'v')], volumes: [volume('v', onNodes('n2'))] }, 'n2'],
    ['that wait, and no volume fits', pod('p', 'c'), { claims: [claim('c')], volumes: [volume('small', { capacity: { storage: '1Mi' } }), volume('other', { storageClassName: 'x' })] }, `0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. ${HELPLESS}`],
    ['that wait, and one fits on one node', pod('p', 'c'), { claims: [claim('c')], volumes: [volume('v', onNodes('n2'))] }, 'n2'],
    ['that wait, of which both must be there', pod('p', 'a', 'b'), { claims: [claim('a'), claim('b')], volumes: [volume('v', onNodes('n1', 'n2'))] }, `0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. ${HELPLESS}`],
    ['that wait, where a volume is promised elsewhere', pod('p', 'c'), { claims: [claim('c')], volumes: [volume('mine', { ...onNodes('n2'), claimRef: { namespace: 'ns', name: 'c' } }), volume('v', onNodes('n1'))] }, 'n2'],
    ['for which a volume is made', pod('p', 'c'), { claims: [claim('c')], classes: [storageClass('wait', { provisioner: 'x', allowedTopologies: [{ matchLabelExpressions: [{ key: 'host', values: ['n2'] }] }] })] }, 'n2'],
    ['for which one is being made', pod('p', 'c'), { claims: [claim('c', {}, { annotations: { 'volume.kubernetes.io/selected-node': 'n2' } })], classes: [storageClass('wait', { provisioner: 'x' })] }, 'n2'],
    ['of which the biggest volume is for the biggest claim', pod('p', 'big', 'small'), { claims: [claim('big', { resources: { requests: { storage: '4Gi' } } }), claim('small')], volumes: [volume('v'), volume('w', { ...onNodes('n2'), capacity: { storage: '2Gi' } })] }, 'n2'],
    ['whose volume is in another zone', pod('p', 'c'), { claims: [bound('c', 'v')], volumes: [volume('v', {}, { 'topology.kubernetes.io/zone': 'a__b' })], nodes: [node('n1', { 'topology.kubernetes.io/zone': 'x' }), node('n2', { 'topology.kubernetes.io/zone': 'y' })] }, `0/2 nodes are available: 2 node(s) had no available volume zone. ${HELPLESS}`],
    ['whose volume is in a zone of older labels', pod('p', 'c'), { claims: [bound('c', 'v')], volumes: [volume('v', {}, { 'failure-domain.beta.kubernetes.io/zone': 'a' })], nodes: [node('n1', { 'topology.kubernetes.io/zone': 'x' }), node('n2', { 'topology.kubernetes.io/zone': 'a' })] }, 'n2'],
    ['whose zones no node tells', pod('p', 'c'), { claims: [bound('c', 'v')], volumes: [volume('v', {}, { 'topology.kubernetes.io/zone': 'a' })] }, 'n1'],
    ['for one pod alone, which another has', pod('p', 'c'), { claims: [bound('c', 'v', { accessModes: ['ReadWriteOncePod'] })], volumes: [volume('v')], pods: [[pod('q', 'c'), 'n2']] }, '0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.'],
    ['that another has too', pod('p', 'c'), { claims: [bound('c', 'v')], volumes: [volume('v')], pods: [[pod('q', 'c'), 'n2']] }, 'n1'],
  ])('%s', (_, waiting, given, expected) => {
    expect(wordsOf(place(waiting, given))).toBe(expected)
  })
})

test('each of many volumes is looked at once for a pod, and not again for each of many nodes', () => {
  const many = 300
  const names = Array.from({ length: many }, (_, at) => `n${at}`)
  let looks = 0
  const counted = (name: string): PersistentVolume => {
    const { spec = {}, ...rest } = volume(`v-${name}`, onNodes(name))
    return { ...rest, get spec() { return (looks++, spec) } }
  }
  const state = stateOf({ claims: [claim('c')], volumes: [], nodes: names.map((name) => node(name)) })
  const volumes = names.slice(-1).map(counted).concat(names.map((name) => counted(`x${name}`)))
  state.storage = { ...state.storage, volumesOf: () => volumes }
  expect(wordsOf(schedule(podInfo(pod('p', 'c')), state, { tieBreak: 0, start: 0 }))).toBe(`n${many - 1}`)
  // A sort among them, and the same again on the node itself: far from one look per node.
  expect(looks).toBeLessThan(100 * many)
})

test('of volumes that are for all nodes, for some and for one the smallest that can be used on a node is its', () => {
  const sized = (name: string, storage: string, spec: PersistentVolume['spec'] = {}): PersistentVolume => volume(name, { ...spec, capacity: { storage } })
  const notOn: PersistentVolume['spec'] = { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'NotIn', values: ['n1'] }] }] } } }
  const either: PersistentVolume['spec'] = { nodeAffinity: { required: { nodeSelectorTerms: [...(onNodes('n3')?.nodeAffinity?.required?.nodeSelectorTerms ?? []), { matchExpressions: [{ key: 'zone', operator: 'In', values: ['z'] }] }] } } }
  const volumes = [sized('all', '9Gi'), sized('n1', '8Gi', onNodes('n1')), sized('both', '7Gi', onNodes('n1', 'n2')), sized('not-n1', '6Gi', notOn), sized('either', '5Gi', either)]
  const match = matchOnNodes(volumes, claim('c'))
  const on = (name: string, labels: Record<string, string> = {}, ...taken: readonly string[]): string | undefined => match({ name, labels: { host: name, ...labels } }, new Set(taken))?.metadata.name
  expect([on('n1'), on('n1', {}, 'both'), on('n1', {}, 'both', 'n1'), on('n1', {}, 'both', 'n1', 'all')]).toEqual(['both', 'n1', 'all', undefined])
  expect([on('n2'), on('n3'), on('n4'), on('n4', { zone: 'z' }), on('n4', {}, 'not-n1')]).toEqual(['not-n1', 'either', 'not-n1', 'either', 'all'])
})

describe('what happens to claims and volumes wakes those it can help', () => {
  const refusedBy = ['VolumeBinding']
  const helps = (event: Parameters<typeof hintOf>[0], by = refusedBy): boolean => hintOf(event, stateOf({}))({ pod: podInfo(pod('p', 'c')), refusedBy: by })
  test.each<readonly [string, boolean, boolean]>([
    ['its claim', helps({ kind: 'claim', key: 'ns/c', node: {} }), true],
    ['another claim', helps({ kind: 'claim', key: 'ns/d', node: {} }), false],
    ['the claim of that name elsewhere', helps({ kind: 'claim', key: 'other/c', node: {} }), false],
    ['a volume', helps({ kind: 'volumes', node: {} }), true],
    ['a volume, where want of cpu refused it', helps({ kind: 'volumes', node: {} }, ['NodeResourcesFit']), false],
    ['a pod that had its claim goes', helps({ kind: 'pod', pod: { before: podInfo(pod('q', 'c')) }, node: {} }, ['VolumeRestrictions']), true],
    ['a pod that had another claim goes', helps({ kind: 'pod', pod: { before: podInfo(pod('q', 'd')) }, node: {} }, ['VolumeRestrictions']), false],
  ])('%s: %s', (_, answer, expected) => {
    expect(answer).toBe(expected)
  })
})
