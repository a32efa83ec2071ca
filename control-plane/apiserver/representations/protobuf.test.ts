/** What is asked for in protobuf says what it says in JSON. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exampleOf } from '../../../test/conformance/examples.ts'
import { collectionOf } from '../../../test/conformance/examples-server.ts'
import { isJsonObject, type Json, type JsonObject, readJson } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { kinds, servedKinds } from '../../registry/registry.ts'
import { admin, startTestServer, type TestServer } from '../core/testing.ts'
import { createDiscovery } from '../discovery/discovery.ts'
import { messageOfKind } from '../protobuf/messages.ts'
import { readEnvelope } from '../protobuf/read-body.ts'
import { readMessage } from '../protobuf/read-message.ts'
import type { BodyResponse } from '../request.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const METADATA = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
const METADATA_LIST = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

async function ask(line: string, accept: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<BodyResponse> {
  const [method = '', target = ''] = line.split(' ')
  const [path = '', query = ''] = target.split('?')
  const answer = await server.api.handle({ method, path, query: new URLSearchParams(query), headers: { accept, 'user-agent': 'test/1', ...headers }, body: new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body)), user: admin, remoteAddress: '', signal: new AbortController().signal })
  if (answer.kind !== 'body') throw new Error(`${line} is answered with a ${answer.kind}`)
  return answer
}

const bytesOf = ({ body }: BodyResponse): Uint8Array => (typeof body === 'string' ? Buffer.from(body) : body)
const jsonOf = (answer: BodyResponse): JsonObject => readJson(Buffer.from(bytesOf(answer)).toString()) as JsonObject

/** What bytes say, by the message of the kind that they name, as Go would print it. */
function opened(bytes: Uint8Array): JsonObject {
  const envelope = readEnvelope(bytes, '')
  if (envelope.kind === 'refused') throw new Error(envelope.message)
  const { apiVersion, kind } = envelope.typeMeta
  const message = messageOfKind(apiVersion, kind)
  const read = message && readMessage(message, envelope.message)
  if (read?.kind !== 'message') throw new Error(`${kind}: ${read?.message ?? 'no message'}`)
  const schema = schemaOfKind(apiVersion, kind)
  return { ...(schema === undefined ? read.object : decodeObject(schema, read.object).object), apiVersion, kind }
}

/** Nothing, and what says nothing, left out. */
function told(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((one) => told(one as Json) ?? null)
  if (!isJsonObject(value)) return value === '' || value === 0 || value === false || value === null ? undefined : value
  const entries = Object.entries(value).flatMap(([key, one]): ReadonlyArray<readonly [string, Json]> => {
    const said = told(one)
    return said === undefined ? [] : [[key, said]]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

const examples = kinds.flatMap((definition): ReadonlyArray<readonly [string, KindDefinition, JsonObject]> => {
  const example = definition.stored === false || !definition.verbs.includes('create') ? undefined : exampleOf(definition)
  return example ? [[definition.kind, definition, example.object]] : []
})

test('there are examples of nearly all kinds', () => {
  expect(examples.length).toBeGreaterThan(50)
})

describe.each(examples)('%s', (kind, definition, object) => {
  const path = collectionOf(definition)
  const { metadata } = object
  const name = isJsonObject(metadata) ? String(metadata['name']) : ''
  const inHere = { ...object, metadata: { ...(isJsonObject(metadata) ? metadata : {}), ...(definition.namespaced && { namespace: 'x' }) } }

  test('made, read and listed', async () => {
    const made = await ask(`POST ${path}`, PROTOBUF, inHere)
    expect({ status: made.status, type: made.headers['content-type'] }).toEqual({ status: 201, type: PROTOBUF })
    const json = jsonOf(await ask(`GET ${path}/${name}`, 'application/json'))
    expect(told(opened(bytesOf(await ask(`GET ${path}/${name}`, PROTOBUF))))).toEqual(told(json))
    const list = await ask(`GET ${path}`, `${PROTOBUF},application/json`)
    expect(list.headers['content-type']).toBe(PROTOBUF)
    expect(told(listOpened(bytesOf(list)))).toEqual(told(jsonOf(await ask(`GET ${path}`, 'application/json'))))
    const part = opened(bytesOf(await ask(`GET ${path}/${name}`, `${PROTOBUF};${METADATA}`)))
    expect(told(part)).toEqual(told({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: json['metadata'] ?? null }))
    const table = await ask(`GET ${path}`, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1`)
    expect(jsonOf(table)).toMatchObject({ kind: 'Table' })
  })

  /** A list is a message of its metadata and its items, whose kind it says for them. */
  function listOpened(bytes: Uint8Array): JsonObject {
    const { apiVersion, kind: listKind, ...said } = listParts(bytes)
    expect(listKind).toBe(`${kind}List`)
    return { apiVersion, kind: listKind, ...said }
  }
})

/** Reads a list by the message of its items. */
function listParts(bytes: Uint8Array): JsonObject & { readonly apiVersion: string; readonly kind: string } {
  const envelope = readEnvelope(bytes, '')
  if (envelope.kind === 'refused') throw new Error(envelope.message)
  const { apiVersion, kind } = envelope.typeMeta
  const itemKind = kind.slice(0, -'List'.length)
  const [item, meta] = [messageOfKind(apiVersion, itemKind), messageOfKind('v1', 'Status')]
  const metadata = meta?.byNumber.get(1)
  if (!item || !metadata) throw new Error(`no message of ${itemKind}`)
  const list = readMessage({ name: kind, byNumber: new Map([[1, metadata], [2, { kind: 'field', name: 'items', isPointer: false, shape: { kind: 'list', items: { kind: 'message', schema: schemaOfKind(apiVersion, itemKind) ?? 'io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata' } } }]]), fromEnd: [] }, envelope.message)
  if (list.kind !== 'message') throw new Error(list.message)
  const schema = schemaOfKind(apiVersion, itemKind)
  const items = (list.object['items'] ?? []) as readonly JsonObject[]
  return { ...list.object, apiVersion, kind, items: schema === undefined ? items : items.map((one) => decodeObject(schema, one).object) }
}

const configMaps = '/api/v1/namespaces/x/configmaps'

test('long lists come in shared pieces, also of metadata alone', async () => {
  for (let index = 0; index < 40; index++) await ask(`POST ${configMaps}`, 'application/json', { metadata: { name: `c${index}` }, data: { k: 'v'.repeat(60_000) } })
  for (const [accept, kind] of [[PROTOBUF, 'ConfigMapList'], [`${PROTOBUF};${METADATA_LIST}`, 'PartialObjectMetadataList']] as const) {
    const [first, second] = [await ask(`GET ${configMaps}`, accept), await ask(`GET ${configMaps}`, accept)]
    expect(first.pieces?.slice(1, -1)).toEqual(second.pieces?.slice(1, -1))
    expect(first.pieces?.at(1)).toBe(second.pieces?.at(1))
    const list = listParts(bytesOf(first))
    expect(list.kind).toBe(kind)
    const json = jsonOf(await ask(`GET ${configMaps}`, accept.replace(PROTOBUF, 'application/json')))
    expect(told(list['items'] ?? null)).toEqual((told(json['items'] ?? null) as readonly JsonObject[]).map(({ kind: _kind, apiVersion: _version, ...one }) => one))
    expect(told(list['metadata'] ?? null)).toEqual(told(json['metadata'] ?? null))
  }
})

test('each object is written once for all lists and watches, whatever they select', async () => {
  const path = '/api/v1/namespaces/x/limitranges'
  for (let index = 0; index < 20; index++) await ask(`POST ${path}`, 'application/json', { metadata: { name: `once${index}` }, spec: { limits: [] } })
  const items = server.api.core.resources.find('', 'v1', 'limitranges')?.cache.list('').filter(({ key }) => key.includes('/once')) ?? []
  let written = 0
  for (const { object } of items) {
    const { spec } = object
    Object.defineProperty(object, 'spec', { enumerable: true, get: () => (written++, spec) })
  }
  for (let lists = 0; lists < 3; lists++) {
    // Another list each time.
    await ask(`POST ${path}`, 'application/json', { metadata: { name: `more${lists}` }, spec: { limits: [] } })
    expect(bytesOf(await ask(`GET ${path}`, PROTOBUF)).length).toBeGreaterThan(0)
  }
  expect(written).toBe(20)
  await ask(`GET ${path}?labelSelector=a!=b&limit=17`, PROTOBUF)
  await Promise.all([...Array(100).keys()].map((watch) => watched(`${path}?watch=1&labelSelector=watch!=${watch}`, PROTOBUF, 20)))
  expect(written).toBe(20)
})

/** Frames behind their lengths, of events that stand in no envelope. */
function frames(bytes: Buffer): ReadonlyArray<{ readonly type: string; readonly object: JsonObject }> {
  const found: Array<{ readonly type: string; readonly object: JsonObject }> = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const event = bytes.subarray(at + 4, at + 4 + length)
    // The type is the first field, the object the second, and its only field are the bytes of an envelope.
    const typeLength = event[1] ?? 0
    const start = event.indexOf(Buffer.from([107, 56, 115, 0]))
    found.push({ type: event.subarray(2, 2 + typeLength).toString(), object: opened(event.subarray(start)) })
    at += 4 + length
  }
  return found
}

async function watched(line: string, accept: string, count: number): Promise<ReturnType<typeof frames>> {
  const [path = '', query = ''] = line.split('?')
  const stop = new AbortController()
  const answer = await server.api.handle({ method: 'GET', path, query: new URLSearchParams(query), headers: { accept }, body: new Uint8Array(), user: admin, remoteAddress: '', signal: stop.signal })
  if (answer.kind !== 'stream') throw new Error(`${line} is answered with a ${answer.kind}`)
  expect(answer.headers['content-type']).toBe(`${PROTOBUF};stream=watch`)
  const events: Array<ReturnType<typeof frames>[number]> = []
  for await (const chunk of answer.chunks) {
    events.push(...frames(Buffer.from(chunk as Uint8Array)))
    if (events.length >= count) break
  }
  stop.abort()
  return events
}

describe('watches', () => {
  const line = '/api/v1/namespaces/x/secrets?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name=watched'

  test('tell objects and bookmarks in frames', async () => {
    await ask('POST /api/v1/namespaces/x/secrets', 'application/json', { metadata: { name: 'watched' }, data: { k: 'dg==' } })
    const json = jsonOf(await ask('GET /api/v1/namespaces/x/secrets/watched', 'application/json'))
    const [added, bookmark] = await watched(line, PROTOBUF, 2)
    expect(added).toMatchObject({ type: 'ADDED' })
    expect(told(added?.object ?? null)).toEqual(told(json))
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Secret', apiVersion: 'v1', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } })
  })

  test('tell metadata alone', async () => {
    const [added] = await watched(line, `${PROTOBUF};${METADATA},application/json`, 1)
    expect(added?.object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'watched' } })
    expect(added?.object).not.toHaveProperty('data')
  })

  test('tell what went wrong', async () => {
    const [error] = await watched('/api/v1/namespaces/x/secrets?watch=1&resourceVersion=1', PROTOBUF, 1)
    expect(error).toMatchObject({ type: 'ERROR', object: { kind: 'Status', apiVersion: 'v1', code: 410, reason: 'Expired' } })
  })

  test('share the bytes of what they are told together, each in its own media type', async () => {
    const stop = new AbortController()
    const revision = (jsonOf(await ask('GET /api/v1/namespaces/x/secrets', 'application/json'))['metadata'] as { readonly resourceVersion: string }).resourceVersion
    const open = async (accept: string): Promise<AsyncIterator<string | Uint8Array>> => {
      const answer = await server.api.handle({ method: 'GET', path: '/api/v1/namespaces/x/secrets', query: new URLSearchParams({ watch: '1', resourceVersion: revision }), headers: { accept }, body: new Uint8Array(), user: admin, remoteAddress: '', signal: stop.signal })
      if (answer.kind !== 'stream') throw new Error('no stream')
      return answer.chunks[Symbol.asyncIterator]()
    }
    const watches = [await open(PROTOBUF), await open(PROTOBUF), await open('application/json')]
    const next = watches.map((one) => one.next())
    await ask('POST /api/v1/namespaces/x/secrets', 'application/json', { metadata: { name: 'shared' } })
    const [first, second, json] = (await Promise.all(next)).map(({ value }) => value as Uint8Array)
    expect(frames(Buffer.from(first ?? []))).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'shared' } } }])
    expect(second).toBe(first)
    expect(JSON.parse(Buffer.from(json ?? []).toString())).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'shared' } } })
    stop.abort()
  })

  test('are not told in YAML', async () => {
    expect(await ask('GET /api/v1/namespaces/x/secrets?watch=1', 'application/yaml')).toMatchObject({ status: 406, headers: { 'content-type': 'application/yaml' } })
  })
})

describe('what is no object of a kind', () => {
  test('a refusal', async () => {
    const answer = await ask('GET /api/v1/namespaces/x/pods/nope', PROTOBUF)
    expect(answer).toMatchObject({ status: 404, headers: { 'content-type': PROTOBUF } })
    expect(opened(bytesOf(answer))).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound', message: 'pods "nope" not found', details: { name: 'nope', kind: 'pods' } })
  })

  test('a deletion', async () => {
    expect(opened(bytesOf(await ask('DELETE /api/v1/namespaces/x/secrets/watched', PROTOBUF)))).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'watched', kind: 'secrets' } })
  })

  test('a review, a scale', async () => {
    const review = await ask('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', PROTOBUF, { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } })
    expect(opened(bytesOf(review))).toMatchObject({ kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', status: { allowed: true } })
    await ask('POST /api/v1/namespaces/x/replicationcontrollers', 'application/json', { metadata: { name: 'rc' }, spec: { replicas: 3, selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
    expect(opened(bytesOf(await ask('GET /api/v1/namespaces/x/replicationcontrollers/rc/scale', PROTOBUF)))).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } })
  })

  test('what is measured now, changed by a patch, thrown out, and deleted together', async () => {
    expect(listParts(bytesOf(await ask('GET /api/v1/componentstatuses', PROTOBUF)))).toMatchObject({ kind: 'ComponentStatusList', apiVersion: 'v1' })
    const pod = { metadata: { name: 'thrown-out' }, spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'i' }] } }
    await ask('POST /api/v1/namespaces/x/pods', 'application/json', pod)
    const patched = await ask('PATCH /api/v1/namespaces/x/pods/thrown-out', PROTOBUF, { metadata: { labels: { a: 'b' } } }, { 'content-type': 'application/merge-patch+json' })
    expect(opened(bytesOf(patched))).toMatchObject({ kind: 'Pod', metadata: { labels: { a: 'b' } } })
    const evicted = await ask('POST /api/v1/namespaces/x/pods/thrown-out/eviction', PROTOBUF, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'thrown-out' } })
    expect(evicted.status).toBe(201)
    expect(opened(bytesOf(evicted))).toMatchObject({ status: 'Success', kind: 'Status', code: 201 })
    const removed = await ask('DELETE /api/v1/namespaces/x/configmaps?fieldSelector=metadata.name=c1', PROTOBUF)
    expect(listParts(bytesOf(removed))).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'c1' } }] })
  })

  const discovery = createDiscovery({ kinds: () => servedKinds, serverAddress: '192.0.2.1:6443' })
  const discovered = async (path: string, accept: string): Promise<BodyResponse> => {
    const answer = await discovery.answer({ method: 'GET', path, query: new URLSearchParams(), headers: { accept }, body: new Uint8Array(), user: admin, remoteAddress: '', signal: new AbortController().signal })
    if (answer.kind !== 'body') throw new Error(`${path} is no document`)
    return answer
  }
  const aggregated = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

  test.each([['/api', ''], ['/api/v1', ''], ['/apis', ''], ['/apis/apps', ''], ['/apis/apps/v1', ''], ['/api', aggregated], ['/apis', aggregated]])('discovery: %s%s', async (path, form) => {
    const [answer, json] = [await discovered(path, `${PROTOBUF}${form}`), await discovered(path, `application/json${form}`)]
    expect(answer.headers).toEqual({ ...json.headers, 'content-type': `${PROTOBUF}${form}` })
    expect(told(opened(bytesOf(answer)))).toEqual(told(jsonOf(json)))
  })
})
