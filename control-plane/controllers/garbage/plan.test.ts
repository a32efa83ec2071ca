import { expect, test } from 'vitest'
import type { ConfigMap, OwnerReference } from '../../../shared/model/gen/api.ts'
import { configMaps, namespaces, replicaSets, secrets } from '../../../shared/model/resources.ts'
import { world, type World } from '../testing.ts'
import { planItem, type OwnerState } from './plan.ts'
import { createGarbageController } from './reconcile.ts'

const reference = (uid: string, more: Partial<OwnerReference> = {}): OwnerReference => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid, ...more })
const map = (name: string, more: Partial<ConfigMap['metadata']> = {}): ConfigMap => ({ metadata: { name, namespace: 'ns', uid: name, ...more } })
const owners = (...states: readonly OwnerState[]) => states.map((state, index) => ({ reference: reference(`o${index}`, { blockOwnerDeletion: true }), state }))

test('what has an owner left stays, and forgets the others', () => {
  expect(planItem({ item: map('x'), owners: [], dependents: [] })).toEqual({ kind: 'none' })
  expect(planItem({ item: map('x'), owners: owners('present', 'unknown'), dependents: [] })).toEqual({ kind: 'none' })
  expect(planItem({ item: map('x'), owners: owners('present', 'absent', 'waiting'), dependents: [] })).toEqual({ kind: 'drop-owners', uids: ['o1', 'o2'] })
})

test('what has none goes, in the way its finalizers ask for', () => {
  expect(planItem({ item: map('x'), owners: owners('absent'), dependents: [] })).toEqual({ kind: 'delete', policy: 'Background', unblock: [] })
  expect(planItem({ item: map('x', { finalizers: ['orphan'] }), owners: owners('absent'), dependents: [] })).toEqual({ kind: 'delete', policy: 'Orphan', unblock: [] })
  expect(planItem({ item: map('x'), owners: owners('waiting'), dependents: [map('d')] })).toEqual({ kind: 'delete', policy: 'Foreground', unblock: [] })
  const waiting = map('d', { deletionTimestamp: 't', finalizers: ['foregroundDeletion'] })
  expect(planItem({ item: map('x'), owners: owners('waiting'), dependents: [waiting] })).toEqual({ kind: 'delete', policy: 'Foreground', unblock: ['o0'] })
})

test('a deletion in the foreground waits for dependents that block, one that orphans for none', () => {
  const item = map('x', { deletionTimestamp: 't', finalizers: ['foregroundDeletion'] })
  expect(planItem({ item, owners: [], dependents: [map('d', { ownerReferences: [reference('x', { blockOwnerDeletion: true })] })] })).toEqual({ kind: 'collect-dependents' })
  expect(planItem({ item, owners: [], dependents: [map('d', { ownerReferences: [reference('x')] })] })).toEqual({ kind: 'finish' })
  expect(planItem({ item: map('x', { deletionTimestamp: 't', finalizers: ['orphan'] }), owners: [], dependents: [map('d')] })).toEqual({ kind: 'orphan' })
  expect(planItem({ item: map('x', { deletionTimestamp: 't', finalizers: ['other'] }), owners: [], dependents: [] })).toEqual({ kind: 'none' })
})

const at = (name: string) => ({ namespace: 'ns', name })
const names = (here: World): readonly (string | undefined)[] => here.client.all(configMaps).map(({ metadata }) => metadata.name)

async function start(here: World): Promise<void> {
  await here.start(createGarbageController(here.parts, [configMaps, secrets, replicaSets, namespaces]))
}

async function make(here: World, name: string, ...owning: ReadonlyArray<Partial<OwnerReference>>): Promise<ConfigMap> {
  const ownerReferences = owning.map((owner) => reference(owner.uid ?? '', owner))
  return here.client.create(configMaps, { metadata: { name, namespace: 'ns', ...(owning.length > 0 ? { ownerReferences } : {}) } })
}

const owned = ({ metadata }: ConfigMap, more: Partial<OwnerReference> = {}): Partial<OwnerReference> => ({ name: metadata.name ?? '', uid: metadata.uid ?? '', ...more })

test('a chain of owners goes in the background; one with two owners stays', async () => {
  await using here = world()
  await start(here)
  const a = await make(here, 'a')
  const b = await make(here, 'b', owned(a))
  await make(here, 'c', owned(b))
  const other = await make(here, 'other')
  await make(here, 'both', owned(a), owned(other))
  await here.client.delete(configMaps, at('a'))
  await here.clock.advance(1000)
  expect(names(here)).toEqual(['both', 'other'])
  expect(here.client.all(configMaps)[0]?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['other'])
})

test('an owner that never was, or is another under that name, is checked live and its dependents go; unknown kinds are left alone', async () => {
  await using here = world()
  await start(here)
  const owner = await make(here, 'owner')
  await make(here, 'lonely', { name: 'nobody', uid: 'none' })
  await make(here, 'mistaken', owned(owner, { uid: 'another' }))
  await make(here, 'strange', { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w' })
  await here.clock.advance(1000)
  expect(names(here)).toEqual(['owner', 'strange'])
})

test('orphaning takes the reference away and keeps the dependents', async () => {
  await using here = world()
  await start(here)
  await make(here, 'child', owned(await make(here, 'owner')))
  await here.client.delete(configMaps, at('owner'), { propagationPolicy: 'Orphan' })
  await here.clock.advance(1000)
  expect(here.client.all(configMaps).map(({ metadata }) => [metadata.name, metadata.ownerReferences])).toEqual([['child', []]])
})

test('in the foreground the owner goes last, even if dependents own each other', async () => {
  await using here = world()
  await start(here)
  const owner = await make(here, 'owner')
  const held = await make(here, 'child', owned(owner, { blockOwnerDeletion: true }))
  await make(here, 'grandchild', owned(held, { blockOwnerDeletion: true }))
  await here.client.patch(configMaps, at('grandchild'), { type: 'merge', body: { metadata: { finalizers: ['example.com/hold'] } } })
  await here.clock.advance(100)
  await here.client.delete(configMaps, at('owner'), { propagationPolicy: 'Foreground' })
  await here.clock.advance(1000)
  expect(here.client.all(configMaps).map(({ metadata }) => [metadata.name, metadata.deletionTimestamp !== undefined])).toEqual([['child', true], ['grandchild', true], ['owner', true]])
  await here.client.patch(configMaps, at('grandchild'), { type: 'merge', body: { metadata: { finalizers: [] } } })
  await here.clock.advance(1000)
  expect(names(here)).toEqual([])
})
