import { expect, test } from 'vitest'
import { AssignmentChange_Action, AssignmentChange_Kind, type AssignmentChange } from '../../proto/gen/node/v1/session.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../shared/model/gen/api.ts'
import { keyOf, type KubeObject } from '../../shared/model/meta.ts'
import { nodeIndex } from '../node-index.ts'
import { world } from '../controllers/testing.ts'
import { persistentVolumes, pods } from '../../shared/model/resources.ts'
import type { Lister } from '../informers/port.ts'
import { NodeAssignments, type AssignmentSources } from './assignments.ts'
import type { ServiceMaps } from './service-maps.ts'

const claim = (name: string, volumeName?: string): PersistentVolumeClaim => ({ metadata: { name, namespace: 'ns' }, spec: volumeName === undefined ? {} : { volumeName } })
const volume = (name: string, owner?: string): PersistentVolume => ({ metadata: { name }, spec: owner === undefined ? {} : { claimRef: { namespace: 'ns', name: owner } } })
const pod = (name: string, ...volumes: NonNullable<NonNullable<Pod['spec']>['volumes']>): Pod => ({ metadata: { name, namespace: 'ns', uid: name }, spec: { nodeName: 'n1', containers: [{ name: 'c' }], volumes } })
const named = (claimName: string) => ({ name: 'd', persistentVolumeClaim: { claimName } })

function lister<T extends KubeObject>(): Lister<T> & { readonly set: (object: T) => void; readonly drop: (key: string) => void } {
  const objects = new Map<string, T>()
  return { get: (key: string) => objects.get(key), list: () => objects.values(), byIndex: () => [...objects.values()], set: (object: T) => void objects.set(keyOf(object), object), drop: (key: string) => void objects.delete(key) } as unknown as Lister<T> & { readonly set: (object: T) => void; readonly drop: (key: string) => void }
}

/** What one node is told, as `+ KIND key` and `- KIND key`. */
function desk() {
  const [claims, volumes, of] = [lister<PersistentVolumeClaim>(), lister<PersistentVolume>(), lister<Pod>()]
  const none = lister<never>()
  const sources: AssignmentSources = { pods: of, claims, volumes, configMaps: none, secrets: none, services: none, slices: none, nodes: none, serviceAccounts: none }
  const assignments = new NodeAssignments('n1', { sources, maps: { isHeld: () => false } as unknown as ServiceMaps, onReleased: () => {} })
  const words = (changes: readonly AssignmentChange[]): readonly string[] => changes.map(({ action, kind, key }) => `${action === AssignmentChange_Action.REMOVE ? '-' : '+'} ${Object.entries(AssignmentChange_Kind).find(([, value]) => value === kind)?.[0]} ${key}`)
  return { claims, volumes, pods: of, assignments, complete: () => words(assignments.complete()), changes: () => words(assignments.changes()) }
}

test('a node is told the claims of its pods, and the volumes these have, before the pods', () => {
  const at = desk()
  at.claims.set(claim('c', 'pv'))
  at.claims.set(claim('p-e'))
  at.claims.set(claim('other', 'theirs'))
  at.volumes.set(volume('pv', 'c'))
  at.volumes.set(volume('theirs', 'other'))
  at.pods.set(pod('p', named('c'), { name: 'e', ephemeral: {} }))
  expect(at.complete()).toEqual(['+ PERSISTENT_VOLUME_CLAIM ns/c', '+ PERSISTENT_VOLUME_CLAIM ns/p-e', '+ PERSISTENT_VOLUME pv', '+ POD ns/p'])
  expect(at.assignments.touch({ kind: 'PERSISTENT_VOLUME_CLAIM', key: 'ns/other' })).toBe(false)
  expect(at.assignments.touch({ kind: 'PERSISTENT_VOLUME', key: 'theirs' })).toBe(false)
})

test('a claim that is bound while its pod is there brings its volume, and both go with the last pod', () => {
  const at = desk()
  at.claims.set(claim('c'))
  at.pods.set(pod('p', named('c')))
  at.pods.set(pod('q', named('c')))
  at.volumes.set(volume('pv', 'c'))
  expect(at.complete()).toEqual(['+ PERSISTENT_VOLUME_CLAIM ns/c', '+ POD ns/p', '+ POD ns/q'])
  at.claims.set(claim('c', 'pv'))
  at.assignments.touch({ kind: 'PERSISTENT_VOLUME_CLAIM', key: 'ns/c' })
  expect(at.changes()).toEqual(['+ PERSISTENT_VOLUME_CLAIM ns/c', '+ PERSISTENT_VOLUME pv'])
  for (const [name, expected] of [['p', ['- POD ns/p']], ['q', ['- PERSISTENT_VOLUME_CLAIM ns/c', '- PERSISTENT_VOLUME pv', '- POD ns/q']]] as const) {
    at.pods.drop(`ns/${name}`)
    at.assignments.touch({ kind: 'POD', key: `ns/${name}` })
    expect(at.changes()).toEqual(expected)
  }
})

test('a volume that does not say that it is the claim’s is not told, whatever the claim says', () => {
  const at = desk()
  at.claims.set(claim('c', 'pv'))
  at.pods.set(pod('p', named('c')))
  at.volumes.set(volume('pv', 'somebody'))
  expect(at.complete()).not.toContain('+ PERSISTENT_VOLUME pv')
  at.volumes.set(volume('pv', 'c'))
  at.assignments.touch({ kind: 'PERSISTENT_VOLUME', key: 'pv' })
  expect(at.changes()).toEqual(['+ PERSISTENT_VOLUME pv'])
})

test('a volume is told with its claim, though another claim that is not its own named it before', () => {
  const at = desk()
  at.claims.set(claim('greedy', 'pv'))
  at.claims.set(claim('c', 'pv'))
  at.volumes.set(volume('pv', 'c'))
  at.pods.set(pod('p', named('greedy')))
  expect(at.complete()).not.toContain('+ PERSISTENT_VOLUME pv')
  at.pods.set(pod('q', named('c')))
  at.assignments.touch({ kind: 'POD', key: 'ns/q' })
  expect(at.changes()).toEqual(['+ PERSISTENT_VOLUME_CLAIM ns/c', '+ PERSISTENT_VOLUME pv', '+ POD ns/q'])
})

test('a volume that its claim names no more goes, though it changed before', () => {
  const at = desk()
  at.claims.set(claim('c', 'pv'))
  at.volumes.set(volume('pv', 'c'))
  at.volumes.set(volume('new', 'c'))
  at.pods.set(pod('p', named('c')))
  expect(at.complete()).toContain('+ PERSISTENT_VOLUME pv')
  at.volumes.set({ ...volume('pv', 'c'), status: { phase: 'Released' } })
  at.assignments.touch({ kind: 'PERSISTENT_VOLUME', key: 'pv' })
  at.claims.set(claim('c', 'new'))
  at.assignments.touch({ kind: 'PERSISTENT_VOLUME_CLAIM', key: 'ns/c' })
  expect(at.changes().toSorted()).toEqual(['+ PERSISTENT_VOLUME new', '+ PERSISTENT_VOLUME_CLAIM ns/c', '- PERSISTENT_VOLUME pv'])
})

test('a node may read the claims of its pods and the volumes of these', async () => {
  await using at = world()
  const index = nodeIndex(at.informers)
  await at.start()
  await at.client.create(persistentVolumes, volume('pv', 'c'))
  await at.client.create(persistentVolumes, volume('free'))
  await at.client.create(pods, pod('p', named('c')))
  await at.client.create(pods, { ...pod('q', named('other')), spec: { containers: [], nodeName: 'n2' } })
  await at.clock.advance(10)
  const sees = (resource: 'persistentvolumeclaims' | 'persistentvolumes', name: string): boolean => index.isReferencedByNode('n1', { resource, namespace: resource === 'persistentvolumes' ? '' : 'ns', name })
  expect([sees('persistentvolumeclaims', 'c'), sees('persistentvolumes', 'pv')]).toEqual([true, true])
  expect([sees('persistentvolumeclaims', 'other'), sees('persistentvolumes', 'free'), sees('persistentvolumes', 'none')]).toEqual([false, false, false])
})
