/** Every kind's example through everything that clients do with an object. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../../control-plane/apiserver/core/testing.ts'
import { alternateKinds, kinds } from '../../control-plane/registry/registry.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { collectionOf } from '../conformance/examples-server.ts'
import { chosen, exampleOf, fits } from '../conformance/examples.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
const stored = [...kinds, ...alternateKinds]

const metaOf = (object: JsonObject): JsonObject => (isJsonObject(object['metadata']) ? object['metadata'] : {})
const revisionOf = (object: JsonObject): Json | undefined => metaOf(object)['resourceVersion']

test('every kind has an example', () => {
  expect(stored.filter((definition) => definition.verbs.includes('create') && !exampleOf(definition)).map(({ group, plural }) => `${group}/${plural}`)).toEqual([])
})

const examples = stored.flatMap((definition) => {
  const example = exampleOf(definition)
  return example && definition.verbs.includes('create') ? [{ name: `${definition.plural}.${definition.version}.${definition.group}`, definition, example }] : []
})

describe.each(examples)('$name', ({ definition, example }) => {
  const collection = collectionOf(definition)
  const { kind, group, version } = definition
  const apiVersion = group === '' ? version : `${group}/${version}`
  const config: JsonObject = { ...example.object, apiVersion, kind }
  const name = String(metaOf(config)['name'])
  const path = `${collection}/${name}`

  const get = async (): Promise<JsonObject> => (await server.ask(`GET ${path}`)).body
  const write = async (line: string, body: unknown, type: string): Promise<JsonObject> => {
    const answer = await server.ask(line, body, { 'content-type': type })
    expect(answer).toMatchObject({ status: expect.toBeOneOf([200, 201]) as number })
    return answer.body
  }

  test('created, it is what Kubernetes stores, and read as it was answered', async () => {
    const created = await write(`POST ${collection}`, config, 'application/json')
    if (example.whole) expect(fits(example.stored, chosen(created)) ? example.stored : chosen(created)).toEqual(example.stored)
    else expect(created).toMatchObject(example.stored)
    expect(await get()).toEqual(created)
  })

  test('applied twice, the second time changes nothing', async () => {
    const once = await write(`PATCH ${path}?fieldManager=first&force=true`, config, APPLY['content-type'])
    expect(await write(`PATCH ${path}?fieldManager=first`, config, APPLY['content-type'])).toEqual(once)
    expect(revisionOf(await get())).toBe(revisionOf(once))
  })

  test('a second manager adds its field, and owns it alone', async () => {
    const second = await write(`PATCH ${path}?fieldManager=second`, { apiVersion, kind, metadata: { name, annotations: { second: 'yes' } } }, APPLY['content-type'])
    expect(metaOf(second)['annotations']).toMatchObject({ second: 'yes' })
    expect(metaOf(second)['managedFields']).toContainEqual(expect.objectContaining({ manager: 'second', operation: 'Apply', apiVersion, fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:second': {} } } } }))
    expect(await server.ask(`PATCH ${path}?fieldManager=third`, { apiVersion, kind, metadata: { name, annotations: { second: 'no' } } }, APPLY)).toMatchObject({ status: 409, body: { reason: 'Conflict' } })
  })

  test.each([
    ['application/merge-patch+json', { metadata: { labels: { merge: 'yes' } } }, { merge: 'yes' }],
    ['application/strategic-merge-patch+json', { metadata: { labels: { strategic: 'yes' } } }, { strategic: 'yes' }],
    ['application/json-patch+json', [{ op: 'add', path: '/metadata/labels/json', value: 'yes' }], { json: 'yes' }],
  ])('patched with %s, once and again', async (type, patch, labels) => {
    const patched = await write(`PATCH ${path}`, patch, type)
    expect(metaOf(patched)['labels']).toMatchObject(labels)
    expect(revisionOf(await write(`PATCH ${path}`, patch, type))).toBe(revisionOf(patched))
  })

  test('written back as it was read, nothing changes', async () => {
    const before = await get()
    if (definition.verbs.includes('update')) expect(await write(`PUT ${path}`, before, 'application/json')).toEqual(before)
  })

  test('listed and watched as a table', async () => {
    const table = (await server.ask(`GET ${collection}?fieldSelector=metadata.name%3D${encodeURIComponent(name)}`, undefined, TABLE)).body
    expect(table).toMatchObject({ kind: 'Table', rows: [{ object: { kind: 'PartialObjectMetadata', metadata: { name } } }] })
    const columns = (table['columnDefinitions'] as readonly JsonObject[]).length
    expect(columns).toBe(definition.columns.length)
    expect((table['rows'] as ReadonlyArray<{ readonly cells: readonly Json[] }>)[0]?.cells).toHaveLength(columns)
    const events = await server.events(`GET ${collection}?watch=1&resourceVersion=0&timeoutSeconds=60`, 1, TABLE)
    expect(events[0]).toMatchObject({ type: 'ADDED', object: { kind: 'Table' } })
  })

  test('deleted, it is gone, or goes when its finalizers have', async () => {
    expect((await server.ask(`DELETE ${path}`)).status).toBeOneOf([200, 202])
    const after = await server.ask(`GET ${path}`)
    if (after.status === 404) return
    expect(metaOf(after.body)['deletionTimestamp']).toBeDefined()
    if (metaOf(after.body)['finalizers'] !== undefined) await write(`PATCH ${path}`, { metadata: { finalizers: null } }, 'application/merge-patch+json')
    expect((await server.ask(`GET ${path}`)).status).toBe(kind === 'Namespace' ? 200 : 404)
  })
})
