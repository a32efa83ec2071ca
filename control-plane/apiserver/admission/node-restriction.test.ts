import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { clusterRoleBindings, clusterRoles, nodes, pods } from '../../../shared/model/resources.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'
import type { User } from '../request.ts'

const n1: User = { name: 'system:node:n1', uid: '', groups: ['system:nodes', 'system:authenticated'], extra: {} }

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  for (const name of ['n1', 'n2']) await server.client.create(nodes, { metadata: { name } })
  for (const name of ['n1', 'n2']) await server.client.create(pods, { metadata: { name: `on-${name}`, namespace: 'x', labels: { app: 'a' } }, spec: { nodeName: name, containers: [{ name: 'c', image: 'busybox:1.35' }] } })
})
afterAll(() => server.stop())

/** As the node's own certificate may: the authorizer lets it at these objects. */
async function asNode(line: string, body: unknown): Promise<{ readonly status: number; readonly message: unknown }> {
  const [method = '', path = ''] = line.split(' ')
  const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
  const answer = await server.api.handle({ method, path, query: new URLSearchParams(), headers, body: new TextEncoder().encode(JSON.stringify(body)), user: n1, remoteAddress: '', signal: AbortSignal.timeout(5_000) })
  if (answer.kind !== 'body') throw new Error(`${line} is answered with a ${answer.kind}`)
  const said = JSON.parse(typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body)) as JsonObject
  return { status: answer.status, message: said['message'] }
}

const NODE = 'PATCH /api/v1/nodes/n1'
const POD_STATUS = 'PATCH /api/v1/namespaces/x/pods/on-n1/status'
const refusal = (what: string): object => ({ status: 403, message: expect.stringContaining(`node "n1" ${what}`) as string })

test.each([
  [NODE, { metadata: { labels: { disk: 'ssd' } } }, { status: 200 }],
  [NODE, { spec: { taints: [] } }, refusal('is not allowed to modify taints')],
  [NODE, { spec: { podCIDR: '10.244.9.0/24' } }, refusal('is not allowed to modify its pod range')],
  [NODE, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b' }] } }, refusal('is not allowed to modify ownerReferences')],
  [NODE, { metadata: { labels: { 'node-role.kubernetes.io/worker': '', 'x.node-restriction.kubernetes.io/a': '' } } }, { status: 403, message: 'nodes "n1" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/worker, x.node-restriction.kubernetes.io/a' }],
  [POD_STATUS, { status: { message: 'fine' } }, { status: 200 }],
  [POD_STATUS, { metadata: { labels: { app: 'b' } } }, refusal('cannot update labels through pod status')],
])('%s %j by the node itself: %j', async (line, change, answer) => {
  expect(await asNode(line, change)).toMatchObject(answer)
})

const mirror = (change: { readonly metadata?: JsonObject; readonly spec?: JsonObject }): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'static-n1', annotations: { 'kubernetes.io/config.mirror': 'h' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: nodeUid, controller: true }], ...change.metadata },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'busybox:1.35' }], ...change.spec },
})

const owner = (change: JsonObject): { readonly metadata: JsonObject } => ({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: nodeUid, controller: true, ...change }] } })
const volume = (source: JsonObject): { readonly spec: JsonObject } => ({ spec: { volumes: [{ name: 'v', ...source }] } })
const env = (valueFrom: JsonObject): { readonly spec: JsonObject } => ({ spec: { containers: [{ name: 'c', image: 'busybox:1.35', env: [{ name: 'A', valueFrom }] }] } })

/** Of the node that asks, once it is there. */
let nodeUid = ''
beforeAll(async () => void (nodeUid = (await server.client.get(nodes, { name: 'n1' })).metadata.uid ?? ''))

const MIRRORS: ReadonlyArray<readonly [string, () => Parameters<typeof mirror>[0]]> = [
  ['pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods', () => ({ metadata: { annotations: {} } })],
  ['node "n1" can only create pods with spec.nodeName set to itself', () => ({ spec: { nodeName: 'n2' } })],
  ['node "n1" can only create pods with an owner reference set to itself', () => ({ metadata: { ownerReferences: [] } })],
  ['node "n1" can only create pods with an owner reference set to itself', () => owner({ name: 'n2' })],
  ['node "n1" can only create pods with an owner reference set to itself', () => owner({ kind: 'Pod' })],
  ['node "n1" can only create pods with a controller owner reference set to itself', () => owner({ controller: false })],
  ['node "n1" must not set blockOwnerDeletion on an owner reference', () => owner({ blockOwnerDeletion: true })],
  ['a mirror pod may not reference service accounts', () => ({ spec: { serviceAccountName: 'default' } })],
  ['a mirror pod may not reference secrets', () => env({ secretKeyRef: { name: 's', key: 'k' } })],
  ['a mirror pod may not reference secrets', () => ({ spec: { imagePullSecrets: [{ name: 's' }] } })],
  ['node "n1" can not create pods that reference configmaps', () => env({ configMapKeyRef: { name: 's', key: 'k' } })],
  ['node "n1" can not create pods that reference configmaps', () => volume({ projected: { sources: [{ configMap: { name: 's' } }] } })],
  ['node "n1" can not create pods that reference clustertrustbundles', () => volume({ projected: { sources: [{ clusterTrustBundle: { name: 's', path: 'p' } }] } })],
  ['node "n1" can not create pods that reference persistentvolumeclaims', () => volume({ persistentVolumeClaim: { claimName: 's' } })],
  ['node "n1" can not create pods that reference persistentvolumeclaims (via ephemeral volumes)', () => volume({ ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } })],
  ['node "n1" can not create pods that reference resourceclaims', () => ({ spec: { resourceClaims: [{ name: 'a', resourceClaimName: 's' }] } })],
  ['node "n1" can not create pods that reference csidrivers (via CSI volumes)', () => volume({ csi: { driver: 'd.example.com' } })],
  ['a mirror pod may not use ServiceAccountToken volume projections', () => volume({ projected: { sources: [{ serviceAccountToken: { path: 'p' } }] } })],
]

test.each(MIRRORS)('a node shows its static pods alone, which refer to nothing: %s', async (message, change) => {
  expect(await asNode('POST /api/v1/namespaces/x/pods', mirror(change()))).toEqual({ status: 403, message: `pods "static-n1" is forbidden: ${message}` })
})

test('a node shows its static pods, and takes away what is its own', async () => {
  const expected = '00000000-0000-0000-0000-000000000000'
  expect(await asNode('POST /api/v1/namespaces/x/pods', mirror(owner({ uid: expected })))).toEqual({ status: 403, message: `pods "static-n1" is forbidden: node n1 UID mismatch: expected ${expected} got ${nodeUid}` })
  expect((await asNode('POST /api/v1/namespaces/x/pods', mirror({}))).status).toBe(201)
  expect((await asNode('DELETE /api/v1/namespaces/x/pods/static-n1', {})).status).toBe(200)
  expect(await asNode('DELETE /api/v1/namespaces/x/pods/on-n2', {})).toEqual({ status: 403, message: 'pods "on-n2" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself' })
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'on-n2' } }
  expect(await asNode('POST /api/v1/namespaces/x/pods/on-n2/eviction', eviction)).toEqual({ status: 403, message: 'pods "on-n2" is forbidden: node n1 can only evict pods with spec.nodeName set to itself' })
  expect(await asNode('PATCH /api/v1/namespaces/x/pods/on-n2/status', {})).toEqual({ status: 403, message: 'pods "on-n2" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself' })
  expect(await asNode('PATCH /api/v1/namespaces/x/pods/on-n1/status', { status: { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] } })).toEqual({ status: 403, message: 'pods "on-n1" is forbidden: node "n1" cannot update resource claim statues' })
})

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const SLICES = '/apis/resource.k8s.io/v1/resourceslices'
const slice = (nodeName: string): JsonObject => ({ apiVersion: 'resource.k8s.io/v1', kind: 'ResourceSlice', metadata: { name: `slice-${nodeName}` }, spec: { driver: 'd.example.com', nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 }, devices: [] } })

test.each([
  ['POST /api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n3' } }, 403, 'nodes "n3" is forbidden: node "n1" is not allowed to modify node "n3"'],
  ['POST /api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { 'node-role.kubernetes.io/a': '' } } }, 403, 'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-role.kubernetes.io/a'],
  ['POST /api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { disk: 'ssd' } } }, 409, 'nodes "n1" already exists'],
  [`POST ${LEASES}`, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n2' } }, 403, 'leases.coordination.k8s.io "n2" is forbidden: can only access node lease with the same name as the requesting node'],
  [`POST ${LEASES}`, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n1' } }, 201, undefined],
  ['POST /apis/storage.k8s.io/v1/csinodes', { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: 'n2' }, spec: { drivers: [] } }, 403, 'csinodes.storage.k8s.io "n2" is forbidden: can only access CSINode with the same name as the requesting node'],
  ['POST /apis/storage.k8s.io/v1/csinodes', { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: 'n1' }, spec: { drivers: [] } }, 201, undefined],
  [`POST ${SLICES}`, slice('n2'), 403, 'resourceslices.resource.k8s.io "slice-n2" is forbidden: can only create ResourceSlice with the same NodeName as the requesting node'],
  [`POST ${SLICES}`, slice('n1'), 201, undefined],
])('what a node creates bears its name: %s %j', async (line, body, status, message) => {
  expect(await asNode(line, body)).toEqual({ status, message })
})

test('of a claim a node tells how large its volume is, and nothing else', async () => {
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
  expect((await server.ask('POST /api/v1/namespaces/x/persistentvolumeclaims', claim)).status).toBe(201)
  const CLAIM = 'PATCH /api/v1/namespaces/x/persistentvolumeclaims/c/status'
  expect((await asNode(CLAIM, { status: { capacity: { storage: '1Gi' } } })).status).toBe(200)
  expect(await asNode(CLAIM, { status: { phase: 'Bound' } })).toMatchObject({ status: 403, message: expect.stringContaining('node "n1" is not allowed to update fields other than status.quantity and status.conditions') as string })
})

test('a node that does not say which it is writes nothing', async () => {
  const nobody: User = { name: 'system:node:', uid: '', groups: ['system:nodes', 'system:masters'], extra: {} }
  expect((await server.askAs(nobody, 'POST /api/v1/namespaces/x/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })).body['message']).toBe('configmaps "a" is forbidden: could not determine node from user "system:node:"')
})

const podReference = async (name: string): Promise<object> => ({ kind: 'Pod', apiVersion: 'v1', name, uid: (await server.client.get(pods, { namespace: 'x', name })).metadata.uid })
const tokenFor = (boundObjectRef: object | undefined, ...audiences: readonly string[]): ReturnType<typeof asNode> =>
  asNode('POST /api/v1/namespaces/x/serviceaccounts/default/token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences, ...(boundObjectRef && { boundObjectRef }) } })

test('a node gets tokens for its own pods alone', async () => {
  const ends = (what: string): object => ({ status: 403, message: expect.stringContaining(what) as string })
  expect(await tokenFor(undefined)).toMatchObject(ends('node requested token not bound to a pod'))
  expect(await tokenFor({ kind: 'Pod', apiVersion: 'v1', name: 'on-n1' })).toMatchObject(ends('node requested token with a pod binding without a uid'))
  expect(await tokenFor(await podReference('on-n2'))).toMatchObject(ends('node requested token bound to a pod scheduled on a different node'))
  const own = await podReference('on-n1')
  expect(await tokenFor(own, 'a', 'b')).toMatchObject(ends('node may only request 0 or 1 audiences'))
  expect(await tokenFor(own, 'vault')).toEqual({ status: 403, message: 'serviceaccounts "default" is forbidden: audience "vault" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience' })
  // This server has no keys to sign with: the node got as far as anybody.
  expect(await tokenFor(own)).toMatchObject({ status: 503 })
  await server.client.create(clusterRoles, { metadata: { name: 'vault' }, rules: [{ apiGroups: [''], resources: ['vault'], verbs: ['request-serviceaccounts-token-audience'] }] })
  await server.client.create(clusterRoleBindings, { metadata: { name: 'vault' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'vault' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }] })
  await expect.poll(() => tokenFor(own, 'vault')).toMatchObject({ status: 503 })
})
