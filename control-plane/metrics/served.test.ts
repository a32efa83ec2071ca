import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StreamFrame } from '../../proto/gen/node/v1/session.ts'
import { channel } from '../../shared/kit/channel.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { NodeUsageReport } from '../../shared/model/node-usage.ts'
import { nodes, pods } from '../../shared/model/resources.ts'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'
import { createDiscovery } from '../apiserver/discovery/discovery.ts'
import { createOpenApi } from '../apiserver/openapi/openapi.ts'
import type { NodeStream } from '../dispatch/port.ts'
import { createMemoryStorage } from '../storage/storage.ts'

const reports = new Map<string, NodeUsageReport>()
/** What nodes answer that are not what they should be, whole. */
const answers = new Map<string, string>()

const answerOf = (body: string): string => `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`

/** A node whose API answers anything with the same. */
function nodeStream(answer: string): NodeStream {
  const frames = channel<StreamFrame>()
  frames.push({ frame: { $case: 'started', value: true } })
  return {
    send({ frame }) {
      if (frame?.$case === 'stdin') frames.push({ frame: { $case: 'stdout', value: Buffer.from(answer) } })
    },
    incoming: frames,
    close: () => frames.close(),
  }
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(createMemoryStorage(), {
    nodeStreams: {
      open(name) {
        const report = reports.get(name)
        const answer = answers.get(name) ?? (report && answerOf(JSON.stringify(report)))
        return answer !== undefined ? Promise.resolve(nodeStream(answer)) : Promise.reject(new Fault('unavailable', 'no agent'))
      },
    },
  })
  for (const name of ['n1', 'n2']) {
    const node = await server.client.create(nodes, { metadata: { name, labels: { kind: name } } })
    await server.client.update(nodes, { ...node, status: { conditions: [{ type: 'Ready', status: 'True' }] } }, { subresource: 'status' })
  }
  for (const [name, nodeName] of [['a', 'n1'], ['b', 'n1'], ['c', 'n2']] as const) {
    const pod = await server.client.create(pods, { metadata: { name, namespace: 'x', labels: { app: name } }, spec: { nodeName, containers: [{ name: 'main', image: 'i' }] } })
    await server.client.update(pods, { ...pod, status: { phase: 'Running' } }, { subresource: 'status' })
    const report = reports.get(nodeName) ?? { atMs: 60_000, windowMs: 1500, node: { cpuNanoCores: 5e8, memoryBytes: 2 ** 30 }, pods: [] }
    // Nothing was measured of the second.
    if (name !== 'b') reports.set(nodeName, { ...report, pods: [...report.pods, { uid: pod.metadata.uid ?? '', windowMs: 1500, containers: [{ name: 'main', cpuNanoCores: 1, memoryBytes: 4096 }] }] })
  }
  reports.delete('n2')
})
afterAll(() => server.stop())

const API = '/apis/metrics.k8s.io/v1beta1'
const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'
const NAME = 'v1beta1.metrics.k8s.io'
const service = { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: NAME }, spec: { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name: 'metrics-server', namespace: 'kube-system' } } }

const isServed = async (): Promise<boolean> => (await server.ask(`GET ${API}/nodes`)).status === 200
const page = async (path: string): Promise<string> => {
  const kinds = server.api.definitions
  const request = { method: 'GET', path, query: new URLSearchParams(), headers: { accept: 'application/json' }, body: new Uint8Array(), user: { name: '', uid: '', groups: [], extra: {} }, remoteAddress: '', signal: new AbortController().signal }
  const answer = await (path.startsWith('/openapi') ? createOpenApi({ kinds })(request) : createDiscovery({ kinds, serverAddress: '' }).answer(request))
  return answer.kind === 'body' ? String(answer.body) : ''
}

test('without an APIService there is no such group; with one there is, until it goes', async () => {
  expect(await server.ask(`GET ${API}/nodes`)).toMatchObject({ status: 404, body: { text: '404 page not found\n' } })
  expect(await page('/apis')).not.toContain('metrics.k8s.io')
  const made = await server.ask(`POST ${SERVICES}`, service)
  expect(made).toMatchObject({ status: 201, body: { status: { conditions: [{ type: 'Available', status: 'True', reason: 'Passed', message: 'all checks passed' }] } } })
  await expect.poll(isServed).toBe(true)
  expect(await page('/apis')).toContain('metrics.k8s.io/v1beta1')
  expect(JSON.parse(await page(API))).toMatchObject({ resources: [{ name: 'nodes', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] }, { name: 'pods', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }] })
  expect(await page('/openapi/v3/apis/metrics.k8s.io/v1beta1')).toContain('io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetricsList')
  await server.ask(`DELETE ${SERVICES}/${NAME}`)
  await expect.poll(isServed).toBe(false)
  expect(await page('/apis')).not.toContain('metrics.k8s.io')
  await server.ask(`POST ${SERVICES}`, service)
  await expect.poll(isServed).toBe(true)
})

const names = async (line: string): Promise<readonly unknown[]> => ((await server.ask(`GET ${API}/${line}`)).body['items'] as ReadonlyArray<{ readonly metadata: { readonly name: string } }>).map(({ metadata }) => metadata.name)

test('nodes that answer are listed; one that does not is not found', async () => {
  expect(await server.ask(`GET ${API}/nodes`)).toMatchObject({ body: { kind: 'NodeMetricsList', items: [{ kind: 'NodeMetrics', metadata: { name: 'n1', labels: { kind: 'n1' } }, timestamp: '1970-01-01T00:01:00Z', window: '1.5s', usage: { cpu: '500m', memory: '1Gi' } }] } })
  expect(await server.ask(`GET ${API}/nodes/n2`)).toMatchObject({ status: 404, body: { message: 'nodemetrics.metrics.k8s.io "n2" not found' } })
  expect(await server.ask(`GET ${API}/nodes/none`)).toMatchObject({ status: 404, body: { message: 'nodes "none" not found' } })
  expect(await names('nodes?labelSelector=kind%3Dn2')).toEqual([])
  expect(await names('nodes?fieldSelector=metadata.name%3Dn1')).toEqual(['n1'])
})

test.each([
  ['says nothing that can be read', answerOf('{')],
  ['says something else', answerOf('{"atMs":0,"pods":{}}')],
  ['says more than is read', answerOf(`{"atMs":0,"windowMs":0,"node":{"cpuNanoCores":0,"memoryBytes":0},"pods":[${' '.repeat(5 << 20)}]}`)],
  ['speaks another protocol from now on', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
])('a node that %s is left out, and the others are told of', async (_, answer) => {
  const name = `odd-${answer.length}`
  const node = await server.client.create(nodes, { metadata: { name } })
  await server.client.update(nodes, { ...node, status: { conditions: [{ type: 'Ready', status: 'True' }] } }, { subresource: 'status' })
  const pod = await server.client.create(pods, { metadata: { name, namespace: 'x' }, spec: { nodeName: name, containers: [{ name: 'main', image: 'i' }] } })
  await server.client.update(pods, { ...pod, status: { phase: 'Running' } }, { subresource: 'status' })
  answers.set(name, answer)
  expect([await names('nodes'), await names('pods')]).toEqual([['n1'], ['a']])
  await server.client.delete(pods, { namespace: 'x', name })
  await server.client.delete(nodes, { name })
})

test('pods that were measured are listed, in a namespace and in all, and chosen by labels and names', async () => {
  expect(await names('pods')).toEqual(['a'])
  expect(await names('namespaces/x/pods?labelSelector=app%3Da')).toEqual(['a'])
  expect(await names('namespaces/x/pods?labelSelector=app%3Dc')).toEqual([])
  expect(await names('namespaces/x/pods?fieldSelector=metadata.name%3Db')).toEqual([])
  expect(await names('namespaces/default/pods')).toEqual([])
  expect(await server.ask(`GET ${API}/namespaces/x/pods/a`)).toMatchObject({ body: { kind: 'PodMetrics', containers: [{ name: 'main', usage: { cpu: '1n', memory: '4Ki' } }] } })
  expect(await server.ask(`GET ${API}/namespaces/x/pods/b`)).toMatchObject({ status: 404, body: { message: 'podmetrics.metrics.k8s.io "x/b" not found' } })
  expect(await server.ask(`GET ${API}/namespaces/x/pods/none`)).toMatchObject({ status: 404, body: { message: 'pods "none" not found' } })
})

test('as tables, and nothing can be written', async () => {
  const table = await server.ask(`GET ${API}/nodes`, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
  expect(table.body).toMatchObject({ columnDefinitions: [{ name: 'Name' }, { name: 'cpu' }, { name: 'memory' }, { name: 'Window' }], rows: [{ cells: ['n1', '500m', '1Gi', '1.5s'] }] })
  for (const line of [`POST ${API}/nodes`, `DELETE ${API}/nodes/n1`, `PUT ${API}/nodes/n1`, `GET ${API}/nodes?watch=1`]) expect(await server.ask(line, {})).toMatchObject({ status: 405 })
})

test('who may read them is said by roles of their own', async () => {
  const somebody = { name: 'somebody', uid: '', groups: ['system:authenticated'], extra: {} }
  expect(await server.askAs(somebody, `GET ${API}/nodes`)).toMatchObject({ status: 403, body: { message: expect.stringContaining('cannot list resource "nodes" in API group "metrics.k8s.io" at the cluster scope') as string } })
})

test('neither a node that is not ready is asked, nor is told what a pod used that has ended', async () => {
  if (!(await isServed())) await server.ask(`POST ${SERVICES}`, service)
  await expect.poll(isServed).toBe(true)
  const namesOf = async (path: string): Promise<readonly string[]> => ((await server.ask(`GET ${API}/${path}`)).body as { readonly items: ReadonlyArray<{ readonly metadata: { readonly name: string } }> }).items.map(({ metadata }) => metadata.name)
  const silent = await server.client.create(nodes, { metadata: { name: 'n3' } })
  const over = await server.client.create(pods, { metadata: { name: 'over', namespace: 'x' }, spec: { nodeName: 'n3', containers: [{ name: 'main', image: 'i' }] } })
  reports.set('n3', { atMs: 60_000, windowMs: 1500, node: { cpuNanoCores: 1, memoryBytes: 4096 }, pods: [{ uid: over.metadata.uid ?? '', windowMs: 1500, containers: [{ name: 'main', cpuNanoCores: 1, memoryBytes: 4096 }] }] })
  expect(await namesOf('nodes')).not.toContain('n3')
  expect(await namesOf('namespaces/x/pods')).not.toContain('over')
  const running = await server.client.update(pods, { ...over, status: { phase: 'Running' } }, { subresource: 'status' })
  await server.client.update(nodes, { ...silent, status: { conditions: [{ type: 'Ready', status: 'True' }] } }, { subresource: 'status' })
  expect(await namesOf('nodes')).toContain('n3')
  expect(await namesOf('namespaces/x/pods')).toContain('over')
  await server.client.update(pods, { ...running, status: { phase: 'Succeeded' } }, { subresource: 'status' })
  expect(await namesOf('namespaces/x/pods')).not.toContain('over')
})
