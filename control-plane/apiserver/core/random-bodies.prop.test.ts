/** Whatever clients send: an answer, never a crash, and no 5xx but those that Kubernetes gives for the same. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { collectionOf, nameOfExample, startServerOfExamples, written } from '../../../test/conformance/examples-server.ts'
import { objectOf } from '../patch/testing.ts'
import { typeOf } from '../../../shared/model/schemas/types.ts'
import { apiVersionOf } from './resources.ts'
import type { TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServerOfExamples()
}, 60_000)
afterAll(() => server.stop())

/** What Kubernetes answers with a 500, too. */
const AS_KUBERNETES = [
  /^resourceVersion should not be set on objects to be created$/,
  /^resourceVersion: Invalid value|strconv\.Parse/,
  /^failed to create typed patch object/,
  // An applied value that no struct can hold: a time that is none, a number beyond 64 bits.
  /failed to convert new object \(\S+; .*\) to proper version/,
  /^(?:Internal error occurred: )?(?:map: .* does not contain declared merge key|expected a \[\]interface|unable to find api field|cannot merge lists|merging lists cannot yet be specified|unknown patch type|The order in patch list)/s,
]

const json = fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text) as Json)
/** Keys that mean something to a server, with values that it does not expect. */
const tricky = fc.dictionary(fc.constantFrom('metadata', 'spec', 'status', 'kind', 'apiVersion', 'items', '__proto__', 'constructor', 'toString', '$patch', '$setElementOrder/containers', '$retainKeys', 'data', 'name', 'namespace', 'managedFields', 'ownerReferences', 'finalizers'), fc.oneof(json, fc.constantFrom<Json>('', {}, [], [null], [{}], 0, -1, 1e30, 2n ** 53n + 1n, -(2n ** 63n), true)), { noNullPrototype: true })

/** An object with one value somewhere in it replaced. */
function mutated(value: Json, at: readonly number[], by: Json): Json {
  const [head, ...rest] = at
  if (head === undefined || typeof value !== 'object' || value === null) return by
  if (Array.isArray(value)) return value.length === 0 ? [by] : (value as readonly Json[]).map((item, index) => (index === head % value.length ? mutated(item, rest, by) : item))
  const keys = Object.keys(value)
  const key = keys[head % Math.max(1, keys.length)]
  return key === undefined ? by : { ...(value as JsonObject), [key]: mutated((value as JsonObject)[key] ?? null, rest, by) }
}

/** Of the object of each kind that is there. */
const names = new Map(written.map((definition) => [definition, nameOfExample(definition) ?? 'x']))

const sent = fc.constantFrom(...written).chain((definition) => {
  const type = typeOf(definition.schema)
  const good = type.kind === 'object' ? objectOf(type, 4) : fc.constant<JsonObject>({})
  const named = good.map((object): JsonObject => ({ ...object, apiVersion: apiVersionOf(definition.group, definition.version), kind: definition.kind, metadata: { name: names.get(definition) ?? 'x' } }))
  const spoilt = fc.tuple(named, fc.array(fc.nat(20), { maxLength: 6 }), fc.oneof(json, tricky)).map(([object, at, by]) => mutated(object, at, by))
  return fc.record({ definition: fc.constant(definition), body: fc.oneof(named as fc.Arbitrary<Json>, spoilt, tricky as fc.Arbitrary<Json>, json), how: fc.constantFrom('POST', 'PUT', 'json', 'merge', 'strategic', 'apply'), subresource: fc.constantFrom('', '', '', ...definition.subresources.filter(({ name, verbs }) => verbs.includes('patch') && name !== 'proxy').map(({ name }) => `/${name}`)) })
})

const TYPES: Readonly<Record<string, string>> = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json', apply: 'application/apply-patch+yaml' }

test('safety: random bodies are answered, and no answer is a 5xx that Kubernetes would not give', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(sent, async ({ definition, body, how, subresource }) => {
      const collection = collectionOf(definition)
      const patchType = TYPES[how]
      const line = how === 'POST' ? `POST ${collection}?dryRun=All` : `${patchType ? 'PATCH' : 'PUT'} ${collection}/${names.get(definition)}${subresource}?dryRun=All${how === 'apply' ? '&fieldManager=f&force=true' : ''}`
      const answer = await server.ask(line, body, { 'content-type': patchType ?? 'application/json' })
      const message = isJsonObject(answer.body) && typeof answer.body['message'] === 'string' ? answer.body['message'] : ''
      expect(answer.status < 500 || AS_KUBERNETES.some((words) => words.test(message)) ? '' : `${line}: ${answer.status} ${message}`).toBe('')
    }),
    { numRuns: 1500 },
  )
})

const MEBIBYTE = 1024 * 1024
const large: ReadonlyArray<readonly [string, () => string]> = [
  ['a list that is nested a hundred thousand times', () => '['.repeat(100_000) + ']'.repeat(100_000)],
  ['an object that is nested a hundred thousand times', () => '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ['metadata that is nested deeply', () => `{"kind":"ConfigMap","apiVersion":"v1","metadata":${'{"annotations":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
  ['a mebibyte of one string', () => JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x' }, data: { a: 'x'.repeat(MEBIBYTE - 200) } })],
  ['a mebibyte of keys', () => JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x' }, data: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`key-${i}`, ''])) })],
  ['a mebibyte of labels', () => JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', labels: Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`key-${i}`, ''])) } })],
  ['a mebibyte of unknown fields', () => JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`field-${i}`, 1])))],
  ['a mebibyte of containers', () => JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'x' }, spec: { containers: Array.from({ length: 25_000 }, (_, i) => ({ name: `c${i}`, image: 'i' })) } })],
  ['a number with half a million digits', () => `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","generation":${'9'.repeat(500_000)}}}`],
  ['a number of YAML with half a million digits', () => `kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x\n  generation: ${'9'.repeat(500_000)}\n`],
  ['a mebibyte of blanks', () => ' '.repeat(MEBIBYTE)],
  ['a mebibyte of quotes that never end', () => `{"${'\\"'.repeat(MEBIBYTE / 2)}`],
]

test.each(large)('safety: %s is answered, and soon', { timeout: 60_000 }, async (_name, make) => {
  const bytes = new TextEncoder().encode(make())
  for (const [line, type] of [
    ['POST /api/v1/namespaces/x/configmaps?dryRun=All', 'application/json'],
    ['POST /api/v1/namespaces/x/pods?dryRun=All', 'application/json'],
    ['PATCH /api/v1/namespaces/x/configmaps/x?dryRun=All', 'application/merge-patch+json'],
    ['PATCH /api/v1/namespaces/x/configmaps/x?dryRun=All&fieldManager=f', 'application/apply-patch+yaml'],
  ] as const) {
    const began = process.threadCpuUsage()
    const answer = await server.sendBytes(line, bytes, { 'content-type': type })
    expect(answer.status < 500 || AS_KUBERNETES.some((words) => words.test(answer.text)) ? '' : `${line}: ${answer.status} ${answer.text.slice(0, 300)}`).toBe('')
    const used = process.threadCpuUsage(began)
    expect((used.user + used.system) / 1000, 'ms of its own, however busy the machine is').toBeLessThan(10_000)
  }
})
