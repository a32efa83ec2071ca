import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { type ObjectType, type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { managedFieldsOf, withManagedFields } from '../field-manager/entries.ts'
import { applyConfiguration } from '../field-manager/apply.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { applyPatch, type ClassicPatchType } from './patch.ts'
import { objectOf } from './testing.ts'

const SCHEMAS = ['io.k8s.api.core.v1.Pod', 'io.k8s.api.apps.v1.Deployment', 'io.k8s.api.core.v1.Service', 'io.k8s.api.core.v1.ConfigMap', 'io.k8s.api.core.v1.Node'] as const
const DEPTH = 5
const RUNS = { numRuns: 150 }

const rootOf = (schema: string): ObjectType => {
  const type = typeOf(schema)
  if (type.kind !== 'object') throw new Error(`${schema} is no object`)
  return type
}

const metadata = fc.record({ labels: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { noNullPrototype: true }), finalizers: fc.uniqueArray(fc.constantFrom('x/a', 'x/b', 'x/c')) }, { requiredKeys: [], noNullPrototype: true })

/** As it would be stored: read, and with the defaults of its schema. */
function stored(type: Type, object: JsonObject): JsonObject {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = applySchemaDefaults(type, decodeObject(type, object, { reader: 'unstructured' }).object)
  // What was sent empty is remembered for refusals, and goes into no storage.
  return structuredClone(rest)
}

const objectsOf = (schema: string): fc.Arbitrary<JsonObject> => fc.tuple(objectOf(rootOf(schema), DEPTH), metadata).map(([object, meta]) => ({ ...object, metadata: meta as JsonObject }))

const storedOf = (schema: string): fc.Arbitrary<JsonObject> => objectsOf(schema).map((object) => stored(rootOf(schema), object))

/** What would be stored; a refusal's message. */
const patchedBy = (schema: string, object: JsonObject, { type, patch }: { readonly type: ClassicPatchType; readonly patch: Json }): JsonObject | string => {
  const outcome = applyPatch(schema, object, { type, patch })
  return outcome.kind === 'patched' ? stored(rootOf(schema), outcome.object) : outcome.message
}

test.each(SCHEMAS)('safety: a strategic merge patch on %s that is carried out twice does what it did once', (schema) => {
  fc.assert(
    fc.property(storedOf(schema), objectsOf(schema), (object, patch) => {
      const once = patchedBy(schema, object, { type: 'strategic', patch })
      if (typeof once === 'string') return
      expect(patchedBy(schema, once, { type: 'strategic', patch })).toEqual(once)
    }),
    RUNS,
  )
})

test.each(SCHEMAS)('safety: a merge patch on %s that is carried out twice does what it did once, and the difference of two objects makes one the other', (schema) => {
  fc.assert(
    fc.property(storedOf(schema), storedOf(schema), (object, wanted) => {
      const patch = mergeDiff(object, wanted) ?? {}
      const once = patchedBy(schema, object, { type: 'merge', patch })
      expect(once).toEqual(wanted)
      expect(patchedBy(schema, once as JsonObject, { type: 'merge', patch })).toEqual(once)
    }),
    RUNS,
  )
})

test.each(SCHEMAS)('safety: an object of %s as its own patch changes nothing', (schema) => {
  fc.assert(
    fc.property(storedOf(schema), (object) => {
      for (const type of ['strategic', 'merge'] as const) expect(patchedBy(schema, object, { type, patch: object })).toEqual(object)
      expect(patchedBy(schema, object, { type: 'json', patch: [{ op: 'test', path: '', value: object }] })).toEqual(object)
    }),
    RUNS,
  )
})

interface Applying {
  readonly manager: string
  readonly force?: boolean
  readonly nowMs: number
}

function applied(schema: string, live: JsonObject | undefined, config: JsonObject, { manager, force = false, nowMs }: Applying): JsonObject | string {
  const outcome = applyConfiguration({ schema, group: 'g', version: 'v1', kind: 'K', live, config: { ...config, apiVersion: 'g/v1', kind: 'K' }, manager, force, subresource: '', nowMs })
  return outcome.kind === 'applied' ? stored(rootOf(schema), outcome.object) : outcome.message
}

const bare = (object: JsonObject | string): JsonObject | string => (typeof object === 'string' ? object : withManagedFields(object, undefined))

/** Times alone are nothing that would be written. */
const timeless = (object: JsonObject | string): JsonObject | string => (typeof object === 'string' ? object : withManagedFields(object, managedFieldsOf(object)?.map(({ time: _time, ...entry }) => entry)))

const withoutStatus = ({ status: _status, ...rest }: JsonObject): JsonObject => rest
/** As it is stored: empty maps and lists can be owned, but not kept. */
const configurationOf = (schema: string): fc.Arbitrary<JsonObject> => storedOf(schema).map(withoutStatus)

test.each(SCHEMAS)('safety: a configuration of %s that is applied again changes nothing, by whomever', (schema) => {
  fc.assert(
    fc.property(objectsOf(schema).map(withoutStatus), configurationOf(schema), (live, config) => {
      const first = applied(schema, stored(rootOf(schema), live), config, { manager: 'a', force: true, nowMs: 0 })
      if (typeof first === 'string') return
      expect(timeless(applied(schema, first, config, { manager: 'a', nowMs: 60_000 }))).toEqual(timeless(first))
      expect(bare(applied(schema, first, config, { manager: 'b', nowMs: 60_000 }))).toEqual(bare(first))
    }),
    RUNS,
  )
})

test.each(SCHEMAS)('safety: applying what was read of %s changes nothing', (schema) => {
  fc.assert(
    fc.property(objectsOf(schema).map(withoutStatus), (given) => {
      const live = stored(rootOf(schema), given)
      expect(bare(applied(schema, live, live, { manager: 'a', nowMs: 0 }))).toEqual(live)
    }),
    RUNS,
  )
})

/** Whether everything the configuration says stands in the object. */
function holds(object: Json | undefined, config: Json): boolean {
  if (isJsonObject(config)) return isJsonObject(object) && Object.entries(config).every(([key, value]) => holds(object[key], value))
  return Array.isArray(config) || deepEqual(object, config)
}

/** Keys of the data that one manager owns, or any. */
const ownedKeys = (object: JsonObject, manager?: string): readonly string[] =>
  (managedFieldsOf(object) ?? [])
    .filter((one) => manager === undefined || one.manager === manager)
    .flatMap((one) => Object.keys((one.fieldsV1 as { readonly 'f:data': object })['f:data']))
    .flatMap((element) => (element.startsWith('f:') ? [element.slice(2)] : []))
    .toSorted()

test('liveness: what is applied by force stands there, and its manager owns it', () => {
  const schema = 'io.k8s.api.core.v1.ConfigMap'
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), { noNullPrototype: true, minKeys: 1 }).map((one): JsonObject => ({ data: one, metadata: {} }))
  fc.assert(
    fc.property(fc.array(fc.record({ manager: fc.constantFrom('a', 'b', 'c'), config: data }), { minLength: 1, maxLength: 6 }), (steps) => {
      let live: JsonObject | undefined
      for (const { manager, config } of steps) {
        const outcome = applied(schema, live, config, { manager, force: true, nowMs: 0 })
        if (typeof outcome === 'string') throw new Error(outcome)
        expect(holds(outcome, config)).toBe(true)
        expect(ownedKeys(outcome, manager)).toEqual(Object.keys(config['data'] as JsonObject).toSorted())
        live = outcome
      }
      // Nothing stands there that nobody owns.
      const owned = new Set(ownedKeys(live ?? {}))
      expect(Object.keys((live?.['data'] ?? {}) as JsonObject).filter((key) => !owned.has(key))).toEqual([])
    }),
    RUNS,
  )
})
