import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { nodes, pods } from '../../../shared/model/resources.ts'
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
  [NODE, { metadata: { labels: { 'node-role.kubernetes.io/worker': '' } } }, refusal('is not allowed to modify labels: node-role.kubernetes.io/worker')],
  [POD_STATUS, { status: { message: 'fine' } }, { status: 200 }],
  [POD_STATUS, { metadata: { labels: { app: 'b' } } }, refusal('cannot update labels through pod status')],
])('%s %j by the node itself: %j', async (line, change, answer) => {
  expect(await asNode(line, change)).toMatchObject(answer)
})

const podReference = async (name: string): Promise<object> => ({ kind: 'Pod', apiVersion: 'v1', name, uid: (await server.client.get(pods, { namespace: 'x', name })).metadata.uid })
const tokenFor = (boundObjectRef: object | undefined): ReturnType<typeof asNode> =>
  asNode('POST /api/v1/namespaces/x/serviceaccounts/default/token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [], ...(boundObjectRef && { boundObjectRef }) } })

test('a node gets tokens for its own pods alone', async () => {
  const ends = (what: string): object => ({ status: 403, message: expect.stringContaining(what) as string })
  expect(await tokenFor(undefined)).toMatchObject(ends('node requested token not bound to a pod'))
  expect(await tokenFor({ kind: 'Pod', apiVersion: 'v1', name: 'on-n1' })).toMatchObject(ends('node requested token with a pod binding without a uid'))
  expect(await tokenFor(await podReference('on-n2'))).toMatchObject(ends('node requested token bound to a pod scheduled on a different node'))
  // This server has no keys to sign with: the node got as far as anybody.
  expect(await tokenFor(await podReference('on-n1'))).toMatchObject({ status: 503 })
})
