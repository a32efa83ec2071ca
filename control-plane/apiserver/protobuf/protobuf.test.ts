import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { recordedCases } from '../../../test/conformance/recordings.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import { kinds } from '../../registry/registry.ts'
import { decodeBody, decodeOptions, type DecodedBody } from '../decode/decode-body.ts'
import type { ExpectedKind } from '../decode/kinds.ts'
import { findMessage } from './messages.ts'
import { readEnvelope, readProtobuf } from './read-body.ts'
import { readMessage } from './read-message.ts'
import recordedBodies from './recorded-bodies.json' with { type: 'json' }
import { delimited, envelope, messageBytes, tag, varint } from './testing.ts'
import { protobufOf } from './write-body.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const deleteOptions: ExpectedKind = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions', schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' }
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

function expectedOf(apiVersion: string, kind: string): ExpectedKind {
  if (kind === 'DeleteOptions') return deleteOptions
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return { group: group ?? '', version: version ?? '', kind, schema: schemaOfKind(apiVersion, kind) ?? '' }
}

const decode = (bytes: Uint8Array, expected: ExpectedKind, contentType = PROTOBUF): DecodedBody =>
  expected.kind === 'DeleteOptions' ? decodeOptions({ bytes, contentType }, expected) : decodeBody({ bytes, contentType }, expected, { validation: 'Strict' })

// What kubectl 1.33 sent as protobuf, beside what kubectl 1.27 sent as JSON at the same command.
describe.each(recordedBodies)('$command', ({ json, protobuf }) => {
  const expected = expectedOf(json.apiVersion, json.kind)
  const bytes = bytesOf(protobuf)

  test('protobuf says what JSON says', () => {
    const decoded = decode(bytes, expected)
    const fromJson = decode(new TextEncoder().encode(JSON.stringify(json)), expected, 'application/json')
    expect(decoded.kind).toBe('decoded')
    // Options keep no kind, whichever form they came in.
    const { kind: _kind, apiVersion: _version, ...said } = (fromJson as { object: JsonObject }).object
    expect(decoded).toMatchObject({ object: said })
    expect(Object.keys((decoded as { object: JsonObject }).object).filter((key) => key !== 'kind' && key !== 'apiVersion').sort()).toEqual(Object.keys(said).sort())
  })

  test('what was read is written again byte for byte', () => {
    const { apiVersion, kind } = json
    const opened = readEnvelope(bytes, kind)
    const message = findMessage(expected.schema)
    const read = message && opened.kind === 'envelope' ? readMessage(message, opened.message) : undefined
    expect(read?.kind).toBe('message')
    if (read?.kind !== 'message') return
    expect(opened).toMatchObject({ typeMeta: { apiVersion, kind } })
    expect(protobufOf({ ...read.object, apiVersion, kind }).toString('base64')).toBe(protobuf)
  })

  test('cut short anywhere it is refused with a 400, or is whole without its empty end', () => {
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decode(bytes.subarray(0, length), expected)
      if (decoded.kind === 'refused') expect(decoded.code).toBe(400)
    }
  })
})

test.each([1200, 100_000])('messages may be nested no more deeply than JSON: %i levels', (depth) => {
  const PROPS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
  const [not = 0] = [...(findMessage(PROPS)?.byNumber ?? [])].find(([, one]) => one.kind === 'field' && one.name === 'not') ?? []
  const heads: Array<readonly number[]> = []
  for (let length = 0; heads.length < depth; length += heads.at(-1)?.length ?? 0) heads.push([...tag(not, 2), ...varint(length)])
  expect(readProtobuf(Uint8Array.from(heads.toReversed().flat()), PROPS, '')).toMatchObject({ kind: 'refused', code: 400, message: 'exceeded max depth' })
})

test('no bytes make it throw', () => {
  const bodies = recordedBodies.map(({ json, protobuf }) => ({ expected: expectedOf(json.apiVersion, json.kind), bytes: bytesOf(protobuf) }))
  fc.assert(
    fc.property(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), ({ bytes, expected }, changes) => {
      const changed = Uint8Array.from(bytes)
      for (const [at, byte] of changes) changed[at % changed.length] = byte
      const decoded = decode(changed, expected)
      return decoded.kind === 'decoded' || decoded.code === 400
    }),
    { numRuns: 3000 },
  )
})

/** Every object of the recordings that the schemas read without complaint. */
const recordedObjects = recordedCases().flatMap((one) => one.steps.flatMap((step) => [step.body, step.answer?.body])).flatMap((body) => {
  const objects: readonly Json[] = isJsonObject(body) ? (Array.isArray(body['items']) ? (body['items'] as Json[]) : [body]) : []
  return objects.flatMap((object) => {
    if (!isJsonObject(object)) return []
    const { apiVersion, kind } = object
    const schema = typeof apiVersion === 'string' && typeof kind === 'string' ? schemaOfKind(apiVersion, kind) : undefined
    if (schema === undefined || !findMessage(schema)) return []
    const { object: read, typeError, strictErrors } = decodeObject(schema, object)
    return typeError === undefined && strictErrors.length === 0 ? [{ schema, read }] : []
  })
})

/** Whether a value says nothing: an empty list and none are one thing in protobuf, and so is what is no pointer, empty or not there. */
const isEmpty = (value: Json): boolean => (typeof value === 'object' && value !== null ? Object.values(value).every(isEmpty) : value === '' || value === 0 || value === false || value === null)

/** Where two values differ in what they say, as a path with both of them. */
function differences(a: Json, b: Json, path = ''): readonly string[] {
  if (isJsonObject(a) && isJsonObject(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
      const [left, right] = [Object.hasOwn(a, key) ? a[key] : undefined, Object.hasOwn(b, key) ? b[key] : undefined]
      if (left === undefined || right === undefined) return isEmpty(left ?? right ?? null) ? [] : [`${path}.${key}: ${JSON.stringify(left)} ${JSON.stringify(right)}`]
      return differences(left, right, `${path}.${key}`)
    })
  }
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) return a.flatMap((one, index) => differences(one, b[index] as Json, `${path}[${index}]`))
  return deepEqual(a, b) || (isEmpty(a) && isEmpty(b)) ? [] : [`${path}: ${JSON.stringify(a)} ${JSON.stringify(b)}`]
}

/** What a message says, read as a body is. */
function readBack(schema: string, bytes: Uint8Array): JsonObject {
  const content = readProtobuf(bytes, schema, '')
  return content.kind === 'message' ? decodeObject(schema, content.object).object : { refused: content.message }
}

test('every recorded object survives the way to protobuf and back', { timeout: 30_000 }, () => {
  expect(recordedObjects.length).toBeGreaterThan(1000)
  for (const { schema, read } of recordedObjects) {
    const { kind: _kind, apiVersion: _version, ...said } = read
    const bytes = messageBytes(schema, said)
    const back = readBack(schema, bytes)
    expect(differences(said, back)).toEqual([])
    expect(messageBytes(schema, back)).toEqual(bytes)
  }
})

test.each(kinds.map((one) => [one.kind, one] as const))('%s has a message', (_, { group, version, kind }) => {
  expect(findMessage(expectedOf(group === '' ? version : `${group}/${version}`, kind).schema)).toBeDefined()
})

const pod = expectedOf('v1', 'Pod')
const podMeta = { apiVersion: 'v1', kind: 'Pod' }
const refusal = (bytes: Iterable<number>): unknown => decode(Uint8Array.from(bytes), pod)

describe('what is no message', () => {
  test('is refused in the words of the server', () => {
    expect(refusal([])).toMatchObject({ code: 400, message: 'the object provided is unrecognized (must be of type Pod): empty data (<empty>)' })
    expect(refusal([1, 2])).toMatchObject({ code: 400, message: 'the object provided is unrecognized (must be of type Pod): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (0102)' })
    expect(refusal([107, 56, 115, 0, 10, 99])).toMatchObject({ code: 400, message: 'the object provided is unrecognized (must be of type Pod): unexpected EOF (6b3873000a63)' })
    expect(refusal(envelope(podMeta, [10, 99]))).toMatchObject({ code: 400, message: 'Pod in version "v1" cannot be handled as a Pod: unexpected EOF' })
    expect(refusal(envelope(podMeta, [8, 1]))).toMatchObject({ message: 'Pod in version "v1" cannot be handled as a Pod: proto: wrong wireType = 0 for field Metadata' })
    expect(refusal(envelope(podMeta, [0, 1]))).toMatchObject({ message: 'Pod in version "v1" cannot be handled as a Pod: proto: Pod: illegal tag 0 (wire type 0)' })
    expect(refusal(envelope({ apiVersion: 'v1', kind: 'Service' }, []))).toMatchObject({ code: 400, message: 'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion' })
    expect(refusal(envelope(podMeta, delimited(2, delimited(32, [...delimited(1, [120]), ...delimited(2, delimited(1, [120]))]))))).toMatchObject({ code: 400 })
  })

  test('a kind without protobuf is an unknown format', () => {
    const gadget: ExpectedKind = { group: 'example.com', version: 'v1', kind: 'Gadget', schema: 'com.example.v1.Gadget' }
    expect(decode(envelope({ apiVersion: 'example.com/v1', kind: 'Gadget' }, []), gadget)).toMatchObject({ code: 415 })
  })
})

describe('the wire', () => {
  const said = (schema: string, bytes: Iterable<number>): unknown => {
    const message = findMessage(`io.k8s.${schema}`)
    return message && readMessage(message, Uint8Array.from(bytes))
  }

  test('unknown fields of every kind are passed over, groups in groups too', () => {
    const unknown = [...tag(900, 0), 1, ...tag(901, 1), 0, 0, 0, 0, 0, 0, 0, 0, ...delimited(902, [1, 2]), ...tag(903, 5), 0, 0, 0, 0, ...tag(904, 3), ...tag(905, 3), ...tag(1, 0), 7, ...tag(905, 4), ...tag(904, 4)]
    expect(said('api.core.v1.LocalObjectReference', [...unknown, ...delimited(1, [97])])).toEqual({ kind: 'message', object: { name: 'a' } })
  })

  test('numbers come packed or one by one, and are what Go would read', () => {
    const groups = (bytes: readonly number[]): unknown => said('api.core.v1.PodSecurityContext', bytes)
    expect(groups([...delimited(4, [1, ...varint(3000)]), ...tag(4, 0), 5])).toEqual({ kind: 'message', object: { supplementalGroups: [1, 3000, 5] } })
    expect(groups([...tag(2, 0), ...varint(-2)])).toEqual({ kind: 'message', object: { runAsUser: -2 } })
    expect(groups([...tag(2, 0), ...varint(2 ** 52 + 1)])).toEqual({ kind: 'message', object: { runAsUser: 2 ** 52 + 1 } })
    for (const digits of [2 ** 53 - 1, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) expect(groups([...tag(2, 0), ...varint(digits)])).toEqual({ kind: 'message', object: { runAsUser: digits } })
    expect(groups([...tag(2, 0), ...Array<number>(11).fill(255)])).toEqual({ kind: 'problem', message: 'proto: integer overflow' })
  })

  test('a message that comes in two parts is one', () => {
    expect(said('api.core.v1.Pod', [...delimited(1, delimited(1, [97])), ...delimited(1, delimited(3, [98]))])).toEqual({ kind: 'message', object: { metadata: { name: 'a', namespace: 'b' } } })
  })

  test('times: seconds, microseconds, never', () => {
    const lease = (micro: readonly number[]): unknown => said('api.coordination.v1.LeaseSpec', delimited(3, micro))
    expect(lease([...tag(1, 0), ...varint(1_700_000_000), ...tag(2, 0), ...varint(123_456_789)])).toEqual({ kind: 'message', object: { acquireTime: '2023-11-14T22:13:20.123456Z' } })
    expect(lease([])).toEqual({ kind: 'message', object: {} })
    expect(lease([...tag(1, 0), ...varint(2 ** 50)])).toMatchObject({ kind: 'problem' })
  })

  test('keys of maps are the client’s to choose; a key alone has an empty value', () => {
    const read = said('api.core.v1.ConfigMap', [...delimited(2, delimited(1, Buffer.from('__proto__'))), ...delimited(2, [...delimited(1, [97]), ...delimited(2, [98])])])
    expect(read).toEqual({ kind: 'message', object: { data: JSON.parse('{"__proto__":"","a":"b"}') as Json } })
  })

  test('JSON inside: managed fields', () => {
    const fields = (text: string): unknown => said('apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', delimited(7, delimited(1, Buffer.from(text))))
    expect(fields('{"f:a":{}}')).toEqual({ kind: 'message', object: { fieldsV1: { 'f:a': {} } } })
    expect(fields('{')).toEqual({ kind: 'problem', message: 'unexpected end of JSON input' })
  })
})
