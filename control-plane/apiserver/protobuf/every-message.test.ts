/** Every kind's message filled from its schemas: each field once, and by chance. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../shared/kit/random.ts'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { ScalarKind } from '../../../shared/model/schemas/types.ts'
import { allSchemas, schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import { formatMicroTime, formatTime } from '../../../shared/model/time.ts'
import { kinds } from '../../registry/registry.ts'
import type { Message, Shape } from './message.ts'
import { findMessage, messageOfKind } from './messages.ts'
import { readMessage } from './read-message.ts'
import { smallMessages } from './small-messages.ts'
import { messageBytes } from './testing.ts'

interface Making {
  readonly random: Random
  /** How likely a field is set. */
  readonly share: number
  /** How many messages may lie in each other. */
  readonly depth: number
}

const whole = ({ random }: Making, below: number): number => Math.floor(random.next() * below)
const pick = <T>(making: Making, from: readonly T[]): T => from[whole(making, from.length)] as T
const several = <T>(making: Making, make: () => T): readonly T[] => Array.from({ length: 1 + whole(making, 3) }, make)

const TEXTS = ['a', 'kube-system', 'ä€😀', 'x'.repeat(300), '\u0000"\\', '__proto__']
const LONG = [1, 127, 128, -1, 2 ** 31, 2 ** 53 - 1, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n]

function scalar(making: Making, kind: ScalarKind): Json {
  switch (kind) {
    case 'string':
      return pick(making, TEXTS)
    case 'int32':
      return pick(making, [1, 127, 128, 65_535, 2 ** 31 - 1, -1, -(2 ** 31)])
    case 'int64':
      return pick(making, LONG)
    case 'number':
      return pick(making, [0.1, 1e300, -2.5, 3])
    case 'boolean':
      return true
    case 'bytes':
      return Buffer.from(pick(making, TEXTS)).toString('base64')
    case 'time':
      return formatTime((whole(making, 2e11) - 6e10) * 1000)
    case 'microTime':
      return formatMicroTime(whole(making, 2e9) * 1000).replace('.000000', `.${String(whole(making, 1e6)).padStart(6, '0')}`)
    case 'quantity':
      return pick(making, ['1', '100m', '64Mi', '1500e3', '0'])
    case 'intOrString':
      return pick<Json>(making, [8080, 'http', '50%', -1])
  }
}

function value(making: Making, shape: Shape): Json {
  switch (shape.kind) {
    case 'scalar':
      return scalar(making, shape.scalar)
    case 'raw':
      return pick<Json>(making, [{ 'f:spec': { '.': {}, 'k:{"name":"a"}': {} } }, { n: 9_007_199_254_740_993n }, ['a', null], 'text', 5])
    case 'list':
      return several(making, () => value(making, shape.items))
    case 'map':
      return Object.fromEntries(several(making, () => [pick(making, ['a', 'example.com/b', 'zä', '😀', '\uffff']), value(making, shape.values)]))
    case 'items':
      return value(making, shape.items)
    case 'either':
      return value(making, pick(making, [...shape.shapes.values()]))
    case 'message': {
      const message = findMessage(shape.schema)
      return message && making.depth > 0 ? filled({ ...making, depth: making.depth - 1 }, message) : {}
    }
  }
}

function filled(making: Making, message: Message): JsonObject {
  const entries = [...message.byNumber.values()].flatMap((one): ReadonlyArray<readonly [string, Json]> => {
    if (one.kind === 'inline') return Object.entries(filled(making, one.message))
    return making.random.next() < making.share ? [[one.name, value(making, one.shape)]] : []
  })
  return Object.fromEntries(entries)
}

/** Where what was read says something else than what was written: fields that say nothing are read as such. */
function lost(written: Json, read: Json, path = ''): readonly string[] {
  if (isJsonObject(written) && isJsonObject(read)) {
    const more = Object.keys(read).filter((key) => !Object.hasOwn(written, key) && !isEmpty(read[key] as Json))
    return [...more.map((key) => `${path}.${key} came from nowhere`), ...Object.entries(written).flatMap(([key, one]) => (Object.hasOwn(read, key) ? lost(one, read[key] as Json, `${path}.${key}`) : [`${path}.${key} is lost`]))]
  }
  if (Array.isArray(written) && Array.isArray(read) && written.length === read.length) return written.flatMap((one, index) => lost(one as Json, read[index] as Json, `${path}[${index}]`))
  return deepEqual(written, read) ? [] : [`${path}: ${JSON.stringify(written)} became ${JSON.stringify(read)}`]
}

const isEmpty = (one: Json): boolean => (typeof one === 'object' && one !== null ? Object.values(one).every(isEmpty) : one === '' || one === 0 || one === false || one === '0')

function check(schema: string, making: Making): void {
  const message = findMessage(schema)
  if (!message) throw new Error(`no message ${schema}`)
  const object = filled(making, message)
  const bytes = messageBytes(schema, object)
  const read = readMessage(message, bytes)
  if (read.kind !== 'message') throw new Error(read.message)
  expect(lost(object, read.object)).toEqual([])
  // What was never said and what was said to be nothing are written alike.
  expect(Buffer.from(messageBytes(schema, read.object)).equals(bytes)).toBe(true)
}

const served = [...new Set(kinds.map(({ group, version, kind }) => schemaOfKind(group === '' ? version : `${group}/${version}`, kind) ?? ''))]

describe.each(served)('%s', (schema) => {
  test('each field once', () => check(schema, { random: seededRandom(1), share: 1, depth: 5 }))

  test('any of them', () => {
    fc.assert(fc.property(fc.nat(), fc.double({ min: 0, max: 0.7, noNaN: true }), (seed, share) => check(schema, { random: seededRandom(seed), share, depth: 5 })), { numRuns: 30 })
  })
})

/** Alphas that nobody keeps: their numbers are not published where we could read them. */
const UNNUMBERED: ReadonlySet<string> = new Set([
  'api.core.v1.NodeAllocatableResourceClaimStatus',
  'api.core.v1.PodSchedulingGroup',
  'api.core.v1.PodSpec.schedulingGroup',
  'api.core.v1.PodStatus.nodeAllocatableResourceClaimStatuses',
  'api.resource.v1.Device.nodeAllocatableResourceMappings',
  'api.resource.v1.DeviceAttribute.bools',
  'api.resource.v1.DeviceAttribute.ints',
  'api.resource.v1.DeviceAttribute.strings',
  'api.resource.v1.DeviceAttribute.versions',
  'api.resource.v1.NodeAllocatableResourceMapping',
  'apimachinery.pkg.apis.meta.v1.ListMeta.shardInfo',
  'apimachinery.pkg.apis.meta.v1.ShardInfo',
])

const namesOf = (message: Message): readonly string[] => [...message.byNumber.values()].flatMap((one) => (one.kind === 'field' ? [one.name] : namesOf(one.message)))

test('each field that is published has a number, and no number is another one’s', () => {
  const missing = Object.entries(allSchemas()).flatMap(([schema, { properties = {} }]) => {
    // What lists hold needs no table, and the kind of a whole object stands around it.
    const isWhole = 'kind' in properties && 'apiVersion' in properties
    if (Object.keys(properties).length === 0 || (isWhole && 'items' in properties)) return []
    const name = schema.slice('io.k8s.'.length)
    const message = findMessage(schema)
    if (!message) return [name]
    expect(message.fromEnd.length, name).toBe(message.byNumber.size)
    const known = new Set(namesOf(message))
    return Object.keys(properties).filter((one) => !known.has(one) && !(isWhole && (one === 'kind' || one === 'apiVersion'))).map((one) => `${name}.${one}`)
  })
  expect(missing.filter((one) => !UNNUMBERED.has(one))).toEqual([])
})

test('each field of each small message is written, whatever it says', () => {
  for (const { fromEnd } of Object.values(smallMessages)) expect(fromEnd.every(([, one]) => one.kind === 'field' && !one.isPointer)).toBe(true)
})

test.each([
  ['v1', 'Status'],
  ['v1', 'APIGroupList'],
  ['v1', 'APIGroup'],
  ['', 'APIVersions'],
  ['v1', 'APIResourceList'],
  ['meta.k8s.io/v1', 'PartialObjectMetadata'],
  ['meta.k8s.io/v1beta1', 'PartialObjectMetadata'],
  ['autoscaling/v1', 'Scale'],
  ['authentication.k8s.io/v1', 'TokenRequest'],
  ['apidiscovery.k8s.io/v2', 'APIGroupDiscoveryList'],
])('%s %s has a message', (apiVersion, kind) => {
  expect(messageOfKind(apiVersion, kind)?.name).toBe(kind)
  expect(messageOfKind('example.com/v1', kind)).toBeUndefined()
})

// No program that could be read carries these; they stand in Kubernetes' own description of its messages.
test.each<readonly [schema: string, field: string, number: number]>([
  ['NodeStatus', 'declaredFeatures', 14],
  ['PodExtendedResourceClaimStatus', 'requestMappings', 1],
  ['PodExtendedResourceClaimStatus', 'resourceClaimName', 2],
  ['ResourceHealth', 'message', 6],
  ['ImageVolumeStatus', 'imageRef', 1],
])('%s.%s is field %i', (schema, field, number) => {
  expect(findMessage(`io.k8s.api.core.v1.${schema}`)?.byNumber.get(number)).toMatchObject({ kind: 'field', name: field })
})
