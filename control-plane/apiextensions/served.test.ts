import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'
import { createCustomResourcesController } from '../controllers/customresources/reconcile.ts'
import { createEventRecorder } from '../controllers/events/recorder.ts'
import { runController } from '../controllers/runner.ts'
import { createInformers } from '../informers/informers.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const WIDGETS = '/apis/example.com/v1/namespaces/x/widgets'
const MERGE = { 'content-type': 'application/merge-patch+json' }

const stops: Array<() => void> = []
afterEach(() => stops.splice(0).forEach((stop) => stop()))

async function started(storage?: TestServer['storage']): Promise<TestServer> {
  const server = await startTestServer(storage)
  stops.push(() => server.stop())
  return server
}

/** Somebody has to accept the names. */
function lead({ client }: TestServer): void {
  const stop = new AbortController()
  stops.push(() => stop.abort())
  const parts = { client, clock: systemClock, random: seededRandom(1), log: silentLog }
  const informers = createInformers(parts)
  const controller = createCustomResourcesController({ ...parts, informers, events: createEventRecorder(parts) })
  void informers.run(stop.signal)
  void runController(controller, { clock: systemClock, log: silentLog, metrics: undefined }, stop.signal)
}

const definition = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } } }],
    ...more,
  },
})

const widget = (name: string, spec: JsonObject): JsonObject => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec })

async function until(server: TestServer, line: string, holds: (answer: Awaited<ReturnType<TestServer['ask']>>) => boolean): Promise<void> {
  for (let attempt = 0; attempt < 4_000; attempt++) {
    if (holds(await server.ask(line))) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`${line} never answered as it should`)
}

const served = (server: TestServer): Promise<void> => until(server, `GET ${WIDGETS}`, ({ status }) => status === 200)

test('every server over one storage serves a definition, whoever took it in, and forgets it when it is deleted', async () => {
  const one = await started()
  const other = await started(one.storage)
  lead(one)
  expect((await one.ask(`POST ${DEFINITIONS}`, definition({ a: { type: 'string', default: 'x' } }))).status).toBe(201)
  await Promise.all([served(one), served(other)])
  expect((await other.ask(`POST ${WIDGETS}`, widget('w', {}))).body['spec']).toEqual({ a: 'x' })
  expect((await one.ask(`GET ${WIDGETS}/w`)).body['spec']).toEqual({ a: 'x' })
  expect(other.api.definitions().some(({ kind }) => kind === 'Widget')).toBe(true)
  await one.ask(`DELETE ${DEFINITIONS}/widgets.example.com`)
  for (const server of [one, other]) {
    await until(server, `GET ${WIDGETS}`, ({ status }) => status === 404)
    expect(server.api.definitions().some(({ kind }) => kind === 'Widget')).toBe(false)
  }
  expect((await one.ask(`GET ${DEFINITIONS}/widgets.example.com`)).status).toBe(404)
  // Nothing of it is left behind: the same again starts empty.
  await one.ask(`POST ${DEFINITIONS}`, definition({ a: { type: 'string' } }))
  await served(one)
  expect((await one.ask(`GET ${WIDGETS}`)).body['items']).toEqual([])
})

test('methods are what authorization takes them for: HEAD is a GET, and all is a watch below watch/', async () => {
  const server = await started()
  lead(server)
  await server.ask(`POST ${DEFINITIONS}`, definition({}, { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, subresources: { status: {} } }] }))
  await served(server)
  await server.ask(`POST ${WIDGETS}`, widget('w', {}))
  const statuses = async (...lines: readonly string[]): Promise<readonly number[]> => Promise.all(lines.map(async (line) => (await server.ask(line)).status))
  expect(await statuses(`HEAD ${WIDGETS}/w`, `HEAD ${WIDGETS}/w/status`, `HEAD ${WIDGETS}`, `HEAD ${WIDGETS}/none`, `OPTIONS ${WIDGETS}/w`)).toEqual([200, 200, 200, 404, 405])
  expect(await statuses(`HEAD ${DEFINITIONS}`, `HEAD ${DEFINITIONS}/widgets.example.com`, 'HEAD /api/v1/namespaces/x/configmaps', 'HEAD /api/v1/namespaces/x/pods/p/log')).toEqual([405, 405, 405, 405])
  expect((await server.raw('POST /apis/example.com/v1/watch/namespaces/x/widgets')).kind).toBe('stream')
})

test('a server that starts later serves what is defined', async () => {
  const one = await started()
  lead(one)
  await one.ask(`POST ${DEFINITIONS}`, definition({ a: { type: 'string' } }))
  await served(one)
  const late = await started(one.storage)
  expect((await late.ask(`GET ${WIDGETS}`)).status).toBe(200)
})

test('a changed schema is seen by reads, writes and watches', async () => {
  const server = await started()
  lead(server)
  await server.ask(`POST ${DEFINITIONS}`, definition({ a: { type: 'string' } }))
  await served(server)
  await server.ask(`POST ${WIDGETS}`, widget('w', { a: '1' }))
  const watch = await server.raw(`GET ${WIDGETS}?watch=1`)
  const rules = [{ rule: 'self.startsWith("b")', message: 'begins with b' }]
  const patch = { spec: { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { a: { type: 'string', maxLength: 9, 'x-kubernetes-validations': rules }, n: { type: 'integer', default: 7 } } } } } } }] } }
  expect((await server.ask(`PATCH ${DEFINITIONS}/widgets.example.com`, patch, MERGE)).status).toBe(200)
  await until(server, `GET ${WIDGETS}/w`, ({ body }) => (body['spec'] as JsonObject)['n'] === 7)
  const refused = await server.ask(`POST ${WIDGETS}`, widget('v', { a: 'a' }))
  expect([refused.status, refused.body['message']]).toEqual([422, 'Widget.example.com "v" is invalid: spec.a: Invalid value: "a": begins with b'])
  const ratcheted = await server.ask(`PATCH ${WIDGETS}/w`, { spec: { n: 8 } }, MERGE)
  expect([ratcheted.status, ratcheted.warnings]).toEqual([200, ['spec.a: Invalid value: "1": begins with b']])
  // Who watched asks again, and sees the new schema.
  const chunks: unknown[] = []
  if (watch.kind === 'stream') for await (const chunk of watch.chunks) chunks.push(chunk)
  expect(chunks).not.toEqual([])
})

test('names that are taken are not served; when they are free they are', async () => {
  const server = await started()
  lead(server)
  await server.ask(`POST ${DEFINITIONS}`, definition({}))
  await served(server)
  const gadgets = { ...definition({}, { names: { plural: 'gadgets', kind: 'Widget' } }), metadata: { name: 'gadgets.example.com' } }
  await server.ask(`POST ${DEFINITIONS}`, gadgets)
  const reasons = ({ body }: { readonly body: JsonObject }): readonly unknown[] => ((body['status'] as JsonObject)['conditions'] as readonly JsonObject[] | null)?.map((one) => one['reason']) ?? []
  await until(server, `GET ${DEFINITIONS}/gadgets.example.com`, (answer) => reasons(answer).includes('ListKindConflict'))
  expect((await server.ask('GET /apis/example.com/v1/namespaces/x/gadgets')).body['text']).toBe('404 page not found\n')
  await server.ask(`DELETE ${DEFINITIONS}/widgets.example.com`)
  await until(server, 'GET /apis/example.com/v1/namespaces/x/gadgets', ({ status }) => status === 200)
})

test('objects with finalizers hold a definition that is deleted, and nothing new is created', async () => {
  const server = await started()
  lead(server)
  await server.ask(`POST ${DEFINITIONS}`, definition({}))
  await served(server)
  await server.ask(`POST ${WIDGETS}`, { ...widget('w', {}), metadata: { name: 'w', finalizers: ['example.com/hold'] } })
  await server.ask(`DELETE ${DEFINITIONS}/widgets.example.com`)
  await until(server, `GET ${WIDGETS}/w`, ({ body }) => (body['metadata'] as JsonObject)['deletionTimestamp'] !== undefined)
  expect((await server.ask(`POST ${WIDGETS}`, widget('v', {}))).body['message']).toBe('widgets.example.com "v" is forbidden: create not allowed while custom resource definition is terminating')
  expect((await server.ask(`GET ${DEFINITIONS}/widgets.example.com`)).status).toBe(200)
  await server.ask(`PATCH ${WIDGETS}/w`, { metadata: { finalizers: null } }, MERGE)
  await until(server, `GET ${DEFINITIONS}/widgets.example.com`, ({ status }) => status === 404)
})

test('versions show one object each through their own schema; only the stored one is kept', async () => {
  const server = await started()
  lead(server)
  const version = (name: string, properties: JsonObject, storage = false): JsonObject => ({ name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } } })
  await server.ask(`POST ${DEFINITIONS}`, definition({}, { versions: [version('v1', { a: { type: 'string', default: 'one' }, b: { type: 'string' } }, true), version('v2', { b: { type: 'string' }, c: { type: 'string' } })] }))
  await served(server)
  const v2 = '/apis/example.com/v2/namespaces/x/widgets'
  expect((await server.ask(`POST ${v2}`, { ...widget('w', { b: '1', c: '2' }), apiVersion: 'example.com/v2' })).body['spec']).toEqual({ b: '1' })
  expect((await server.ask(`GET ${WIDGETS}/w`)).body['spec']).toEqual({ a: 'one', b: '1' })
})

test('nesting that nobody means is refused, in bodies, definitions, rules and what patches build', async () => {
  const server = await started()
  lead(server)
  const nested = (levels: number): JsonObject => {
    let value: JsonObject = {}
    for (let level = 0; level < levels; level++) value = { a: value }
    return value
  }
  const schema = (levels: number): JsonObject => {
    let value: JsonObject = { type: 'string' }
    for (let level = 0; level < levels; level++) value = { type: 'object', properties: { a: value } }
    return value
  }
  expect((await server.ask(`POST ${DEFINITIONS}`, definition({ deep: schema(5000) }))).status).toBe(400)
  const rule = { rule: `${'('.repeat(9000)}true${')'.repeat(9000)}`, message: 'm' }
  expect((await server.ask(`POST ${DEFINITIONS}`, definition({ a: { type: 'string', 'x-kubernetes-validations': [rule] } }))).status).toBe(422)
  await server.ask(`POST ${DEFINITIONS}`, definition({ free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }))
  await served(server)
  expect((await server.ask(`POST ${WIDGETS}`, widget('w', { free: nested(3000) }))).status).toBe(400)
  expect((await server.ask(`POST ${WIDGETS}`, widget('w', { free: nested(900) }))).status).toBe(201)
  const deeper = [{ op: 'add', path: `/spec/free${'/a'.repeat(900)}/a`, value: nested(900) }]
  expect((await server.ask(`PATCH ${WIDGETS}/w`, deeper, { 'content-type': 'application/json-patch+json' })).status).toBe(400)
})

test('rules that take long leave the loop to others, and what somebody else wrote meanwhile is not written over', async () => {
  const server = await started()
  lead(server)
  const items = { type: 'array', maxItems: 30, items: { type: 'integer' } }
  const rule = 'self.items.all(x, self.items.all(y, self.items.all(z, x + y + z >= 0)))'
  const parts = { type: 'array', maxItems: 30, items: { type: 'object', properties: { items }, 'x-kubernetes-validations': [{ rule }] } }
  expect((await server.ask(`POST ${DEFINITIONS}`, definition({ parts, note: { type: 'string' } }))).status).toBe(201)
  await served(server)
  const spec = { parts: Array.from({ length: 30 }, () => ({ items: Array.from({ length: 28 }, (_, at) => at) })) }
  const creating = await heldMs(() => server.ask(`POST ${WIDGETS}`, widget('w', spec)))
  expect(creating.answer.status).toBe(201)
  expect(creating.longestMs).toBeLessThan(creating.allMs / 3)
  const replacing = server.ask(`PUT ${WIDGETS}/w`, { ...creating.answer.body, spec: { ...spec, note: 'mine' } })
  const patched = await server.ask(`PATCH ${WIDGETS}/w`, { spec: { parts: null, note: 'theirs' } }, MERGE)
  expect([patched.status, (await replacing).status]).toEqual([200, 409])
  expect((await server.ask(`GET ${WIDGETS}/w`)).body['spec']).toEqual({ note: 'theirs' })
})

/** For how much of this thread's time nobody else had a turn, at the longest, of all that it took. */
async function heldMs<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly longestMs: number; readonly allMs: number }> {
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  const startMs = cpuMs()
  let [sinceMs, longestMs, isDone] = [startMs, 0, false]
  const look = (): void => {
    const nowMs = cpuMs()
    longestMs = Math.max(longestMs, nowMs - sinceMs)
    sinceMs = nowMs
    if (!isDone) setImmediate(look)
  }
  setImmediate(look)
  const answer = await work()
  isDone = true
  return { answer, longestMs: Math.max(longestMs, cpuMs() - sinceMs), allMs: cpuMs() - startMs }
}

test('through the status of a definition metadata changes, and its spec does not', async () => {
  const server = await started()
  await server.ask(`POST ${DEFINITIONS}`, definition({}))
  const { status, body } = await server.ask(`PATCH ${DEFINITIONS}/widgets.example.com/status`, { metadata: { labels: { a: 'b' }, finalizers: ['example.com/x'] }, spec: { scope: 'Cluster' } }, MERGE)
  expect([status, body['metadata'], body['spec']]).toMatchObject([200, { labels: { a: 'b' }, finalizers: ['example.com/x'], generation: 1 }, { scope: 'Namespaced' }])
  // Nobody comes to own it by that.
  expect((body['metadata'] as JsonObject)['managedFields']).toHaveLength(1)
})

test('a method that a subresource does not have is told with its resource', async () => {
  const server = await started()
  lead(server)
  await server.ask(`POST ${DEFINITIONS}`, definition({}, { versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object' } } }] }))
  await served(server)
  const { status, body } = await server.ask(`DELETE ${WIDGETS}/a/status`)
  expect([status, body['message'], body['details']]).toEqual([405, 'delete is not supported on resources of kind "widgets.example.com"', { group: 'example.com', kind: 'widgets' }])
})
