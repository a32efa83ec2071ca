/** The largest and the smallest whole numbers of 64 bits, in every field of every kind that may hold one: refused or taken, with all their digits. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { exampleOf } from '../../../test/conformance/examples.ts'
import { collectionOf, nameOfExample, startServerOfExamples, written } from '../../../test/conformance/examples-server.ts'
import type { TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServerOfExamples()
}, 60_000)
afterAll(() => server.stop())

/** Where numbers of 64 bits stand: `*` is an item of a list or a member of a map. No type is gone into twice on the way to one. */
function* placesOf(type: Type, above: readonly Type[] = []): Generator<readonly string[]> {
  if (type.kind === 'int64') yield []
  if (above.includes(type)) return
  const inner: ReadonlyArray<readonly [string, Type]> = type.kind === 'object' ? [...type.fields.values()].map((field) => [field.name, field.type]) : type.kind === 'list' ? [['*', type.items]] : type.kind === 'map' ? [['*', type.values]] : []
  for (const [name, one] of inner) if (name !== 'managedFields') for (const rest of placesOf(one, [...above, type])) yield [name, ...rest]
}

/** The value with a number at the place, and what there has to be around it. */
function withNumber(value: Json | undefined, type: Type, [head, ...rest]: readonly string[], number: bigint): Json {
  if (head === undefined) return number
  if (type.kind === 'list') {
    const [first, ...others] = Array.isArray(value) ? (value as readonly Json[]) : []
    return [withNumber(first, type.items, rest, number), ...others]
  }
  const object: JsonObject = isJsonObject(value) ? value : {}
  const name = type.kind === 'map' ? (Object.keys(object)[0] ?? 'a') : head
  const inner = type.kind === 'map' ? type.values : type.kind === 'object' ? type.fields.get(name)?.type : undefined
  return inner ? { ...object, [name]: withNumber(object[name], inner, rest, number) } : object
}

/** An applied list whose items have not the keys that tell them apart. */
const AS_KUBERNETES = /"failed to create typed patch object/

const cases = written.flatMap((definition) => {
  const type = typeOf(definition.schema)
  const example = exampleOf(definition)
  return example ? [...placesOf(type)].map((place) => ({ definition, type, place, object: example.object, name: nameOfExample(definition) })) : []
})

test('there are such fields', () => {
  expect(cases.length).toBeGreaterThan(100)
})

test.each([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n])('%s in every field of 64 bits of every kind is an answer, and no failure of the server', { timeout: 120_000 }, async (number) => {
  const failures: string[] = []
  for (const { definition, type, place, object, name } of cases) {
    const collection = collectionOf(definition)
    const body = withNumber(object, type, place, number)
    const ways: ReadonlyArray<readonly [string, string]> = [
      [`POST ${collection}?dryRun=All`, 'application/json'],
      [`PUT ${collection}/${name}?dryRun=All`, 'application/json'],
      [`PATCH ${collection}/${name}?dryRun=All`, 'application/merge-patch+json'],
      [`PATCH ${collection}/${name}?dryRun=All&fieldManager=f&force=true`, 'application/apply-patch+yaml'],
      ...(place[0] === 'status' ? ([[`PATCH ${collection}/${name}/status?dryRun=All`, 'application/merge-patch+json']] as const) : []),
    ]
    for (const [line, contentType] of ways) {
      const answer = await server.ask(line, body, { 'content-type': contentType })
      if (answer.status >= 500 && !AS_KUBERNETES.test(JSON.stringify(answer.body))) failures.push(`${line} ${place.join('.')}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`)
    }
  }
  expect(failures).toEqual([])
})

const send = (line: string, body: string, type = 'application/json'): ReturnType<TestServer['sendBytes']> => server.sendBytes(line, new TextEncoder().encode(body), { 'content-type': type })
const MERGE = 'application/merge-patch+json'
const LARGEST = '9223372036854775807'

test.each([
  ['in the query', `?gracePeriodSeconds=${LARGEST}`, ''],
  ['in the body', '', `{"gracePeriodSeconds":${LARGEST}}`],
])('a grace that is asked for %s has all its digits: who reads the pod can send it back', async (_how, query, body) => {
  const pods = '/api/v1/namespaces/x/pods'
  const made = await send(`POST ${pods}`, '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"waits"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}')
  expect(made.status, made.text).toBe(201)
  const marked = await send(`DELETE ${pods}/waits${query}`, body)
  expect(marked.text).toContain(`"deletionGracePeriodSeconds":${LARGEST}`)
  const put = await send(`PUT ${pods}/waits`, marked.text)
  expect(put.status, put.text).toBe(200)
  expect((await send(`DELETE ${pods}/waits`, '{"gracePeriodSeconds":0}')).status).toBe(200)
  expect((await send(`GET ${pods}/waits`, '')).status).toBe(404)
})

test.each([
  ['9007199254740992', 200, '"generation":9007199254740993,'],
  [LARGEST, 422, 'metadata.generation: Invalid value: -9223372036854775808: must be greater than or equal to 0'],
])('a driver whose client says it has generation %s: a change of its spec is answered with %i', async (generation, status, words) => {
  const drivers = '/apis/storage.k8s.io/v1/csidrivers'
  expect((await send(`POST ${drivers}`, `{"apiVersion":"storage.k8s.io/v1","kind":"CSIDriver","metadata":{"name":"d${generation}","generation":${generation}},"spec":{}}`)).status).toBe(201)
  const changed = await send(`PATCH ${drivers}/d${generation}`, '{"spec":{"requiresRepublish":true}}', MERGE)
  expect(changed.status, changed.text).toBe(status)
  expect(changed.text).toContain(words)
})

test('how often the template of a daemon set changed is counted on from what its client says', async () => {
  const sets = '/apis/apps/v1/namespaces/x/daemonsets'
  const annotation = '"deprecated.daemonset.template.generation"'
  const made = await send(`POST ${sets}`, `{"metadata":{"name":"counted","annotations":{${annotation}:"9007199254740993"}},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`)
  expect(made.text).toContain(`${annotation}:"9007199254740993"`)
  const changed = await send(`PATCH ${sets}/counted`, '{"spec":{"template":{"metadata":{"labels":{"c":"d"}}}}}', MERGE)
  expect(changed.text).toContain(`${annotation}:"9007199254740994"`)
})
