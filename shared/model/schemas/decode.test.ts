import { expect, test } from 'vitest'
import { recordedCases, textIn, unmasked } from '../../../test/conformance/recordings.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { decodeObject } from './decode.ts'
import { applySchemaDefaults } from './defaults.ts'
import { findField, findType } from './lookup.ts'
import { schemaOfKind } from './schema.ts'

const cases = recordedCases()

/** Whole objects of built-in kinds in an answer: alone, in a list or in a watch event. */
function objectsIn(body: Json | undefined): readonly JsonObject[] {
  if (Array.isArray(body)) return (body as readonly Json[]).flatMap((item) => objectsIn(isJsonObject(item) ? item['object'] : undefined))
  if (!isJsonObject(body)) return []
  const kind = body['kind']
  const metadata = body['metadata']
  const version = body['apiVersion']
  if (typeof kind !== 'string' || typeof version !== 'string') return []
  if (kind.endsWith('List') && Array.isArray(body['items'])) return (body['items'] as readonly Json[]).flatMap((item) => (isJsonObject(item) ? objectsIn({ kind: kind.slice(0, -4), apiVersion: version, ...item }) : []))
  return isJsonObject(metadata) && metadata['creationTimestamp'] !== undefined && schemaOfKind(version, kind) !== undefined ? [body] : []
}

const answered = cases.flatMap((one) => one.steps.flatMap((step) => objectsIn(step.answer?.body).map((object) => [one.case, object] as const)))

test.each(answered)('what a server answered reads as it was written: %s', (_name, object) => {
  const plain = unmasked(object) as JsonObject
  const decoded = decodeObject(schemaOfKind(textIn(plain['apiVersion']), textIn(plain['kind'])) ?? '', plain)
  expect(decoded).toEqual({ object: plain, typeError: undefined, strictErrors: [] })
})

const HANDLED = / cannot be handled as a (\w+): (.*)$/s
const refused = cases.flatMap((one) =>
  one.steps.flatMap((step) => {
    const answer = step.answer?.body
    const message = isJsonObject(answer) && typeof answer['message'] === 'string' ? HANDLED.exec(answer['message']) : null
    const kind = message?.[1]
    const body = step.body
    if (!message || !kind || !isJsonObject(body) || !/^(POST|PUT) /.test(step.do ?? '') || /no kind|duplicate field|^converting/.test(message[2] ?? '')) return []
    const schema = schemaOfKind(textIn(body['apiVersion']), kind)
    return schema ? [[one.case, { schema, body, message: message[2] ?? '' }] as const] : []
  }),
)

/** The recordings mask what looks like a time, also within Go's layout. */
const masked = (message: string): string => message.replace(/"2006-01-02T15:04:05Z/, '"<time>').replace(/"2006-01-02T15:04:05.000000Z/, '"<microtime>').replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"/, '"<time>"')

test.each(refused)('%s: refused in the same words', (_name, { schema, body, message }) => {
  const { typeError, strictErrors } = decodeObject(schema, body)
  expect(masked(typeError ?? `strict decoding error: ${strictErrors.join(', ')}`)).toBe(message)
})

const POD = 'io.k8s.api.core.v1.Pod'
const read = (body: JsonObject): JsonObject => decodeObject(POD, body).object

test('values are normalized and empty ones left out', () => {
  const pod = read({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', labels: {}, creationTimestamp: '2024-01-01T02:00:00.5+01:00', annotations: { a: null }, finalizers: null },
    spec: { hostNetwork: false, enableServiceLinks: false, nodeName: '', tolerations: [], containers: [{ name: 'c', args: [], resources: { requests: { cpu: '1000m', memory: null } } }, null] },
  })
  expect(JSON.parse(JSON.stringify(pod))).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', creationTimestamp: '2024-01-01T01:00:00Z', annotations: { a: '' } },
    spec: { enableServiceLinks: false, containers: [{ name: 'c', resources: { requests: { cpu: '1', memory: '0' } } }, { name: '', resources: {} }] },
    status: {},
  })
})

test('the reader of strategic merges complains in its own words', () => {
  const wrong = (spec: JsonObject): string | undefined => decodeObject(POD, { spec }, { reader: 'unstructured' }).typeError
  expect([wrong({ terminationGracePeriodSeconds: 'x' }), wrong({ nodeName: 5 }), wrong({ nodeName: true }), wrong({ containers: 'x' }), wrong({ containers: ['x'] })]).toEqual([
    'unrecognized type: int64',
    'cannot convert int64 to string',
    'unrecognized type: string',
    'cannot restore slice from string',
    'cannot restore struct from: string',
  ])
})

test('declared defaults are put in where they are missing', () => {
  const service: JsonObject = { spec: { ports: [{ port: 80 }, { port: 81, protocol: 'UDP' }] } }
  expect(applySchemaDefaults('io.k8s.api.core.v1.Service', service)).toEqual({ spec: { ports: [{ port: 80, protocol: 'TCP' }, { port: 81, protocol: 'UDP' }] } })
  const nothing: JsonObject = { spec: { type: 'ClusterIP' } }
  expect(applySchemaDefaults('io.k8s.api.core.v1.Service', nothing)).toBe(nothing)
})

test('fields are found by path', () => {
  expect(findField(POD, ['spec', 'containers'])?.patchMergeKey).toBe('name')
  expect(findType(POD, ['spec', 'containers', 0, 'ports'])).toMatchObject({ kind: 'list', listType: 'map', keys: ['containerPort', 'protocol'] })
  expect(findType(POD, ['spec', 'nothing', 'here'])).toBeUndefined()
})

test('what was read before is taken as it is, and all else is read as ever', () => {
  const known = read({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1' } } }] } })
  const patched: JsonObject = { ...known, metadata: { ...(known['metadata'] as JsonObject), annotations: { n: '1' }, nothing: 1 }, status: { phase: '' } }
  const { object, strictErrors } = decodeObject(POD, patched, { known })
  expect(object['spec']).toBe(known['spec'])
  expect(strictErrors).toEqual(['unknown field "metadata.nothing"'])
  expect(object).toEqual(decodeObject(POD, patched).object)
  const limits: JsonObject = { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1000m' } } }] }
  expect(decodeObject(POD, { ...known, spec: limits }, { known }).object).toEqual(known)
})

test('a patch that leaves everything as it was, in values or whole, is read the same whether it is known or not', () => {
  for (const [, object] of answered.slice(0, 400)) {
    const schema = typeof object['apiVersion'] === 'string' && typeof object['kind'] === 'string' ? schemaOfKind(object['apiVersion'], object['kind']) : undefined
    if (schema === undefined) continue
    const known = decodeObject(schema, object).object
    const changed: JsonObject = { ...object, metadata: { ...(isJsonObject(object['metadata']) ? object['metadata'] : {}), annotations: { a: 'b' } } }
    for (const value of [object, changed]) expect(decodeObject(schema, value, { known })).toEqual(decodeObject(schema, value))
  }
})
