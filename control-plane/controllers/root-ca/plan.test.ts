import { expect, test } from 'vitest'
import type { ConfigMap, Namespace } from '../../../shared/model/gen/api.ts'
import { configMaps, namespaces, serviceAccounts } from '../../../shared/model/resources.ts'
import { createServiceAccountController } from '../serviceaccount/reconcile.ts'
import { world } from '../testing.ts'
import { planRootCa } from './plan.ts'
import { createRootCaController } from './reconcile.ts'

const namespace: Namespace = { metadata: { name: 'ns' }, status: { phase: 'Active' } }

test('a missing map is made, a changed one put right, a right one left alone', () => {
  const made = planRootCa({ namespace, stored: undefined, pem: 'PEM' })
  expect(made).toMatchObject({ kind: 'create', configMap: { metadata: { name: 'kube-root-ca.crt', namespace: 'ns' }, data: { 'ca.crt': 'PEM' } } })
  const stored: ConfigMap = made.kind === 'create' ? made.configMap : { metadata: {} }
  expect(planRootCa({ namespace, stored, pem: 'PEM' })).toEqual({ kind: 'none' })
  expect(planRootCa({ namespace, stored: { ...stored, data: { 'ca.crt': 'PEM', more: 'x' } }, pem: 'PEM' })).toMatchObject({ kind: 'update', configMap: { data: { 'ca.crt': 'PEM' } } })
  expect(planRootCa({ namespace: { ...namespace, status: { phase: 'Terminating' } }, stored: undefined, pem: 'PEM' })).toEqual({ kind: 'none' })
})

test('every namespace gets its account and its map, again when they are deleted', async () => {
  await using here = world()
  await here.start(createRootCaController(here.parts, 'PEM'), createServiceAccountController(here.parts))
  await here.client.create(namespaces, namespace)
  await here.clock.advance(100)
  await here.client.delete(configMaps, { namespace: 'ns', name: 'kube-root-ca.crt' })
  await here.client.delete(serviceAccounts, { namespace: 'ns', name: 'default' })
  await here.clock.advance(100)
  expect([here.client.all(configMaps).length, here.client.all(serviceAccounts).length]).toEqual([1, 1])
})
