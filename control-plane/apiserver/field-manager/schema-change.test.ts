import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import { compileResource } from '../../../shared/model/structural/compiled.ts'
import type { PropsSchema } from '../../../shared/model/structural/schema.ts'
import { applyConfiguration } from './apply.ts'
import { updateManagedFields } from './update.ts'

const resource = (list: PropsSchema, map: PropsSchema) =>
  compileResource({ type: 'object', properties: { spec: { type: 'object', properties: { list: { type: 'array', items: { type: 'string' }, ...list }, map: { type: 'object', additionalProperties: { type: 'string' }, ...map }, text: { type: 'string', nullable: true } } } } })
const inParts = resource({ 'x-kubernetes-list-type': 'set' }, {})
const asWholes = resource({ 'x-kubernetes-list-type': 'atomic' }, { 'x-kubernetes-map-type': 'atomic' })

const kind = { group: 'example.com', version: 'v1', kind: 'Widget', subresource: '', nowMs: 1_700_000_000_000 }
const widget = (spec: JsonObject): JsonObject => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec })
const apply = (schema: typeof inParts, live: JsonObject | undefined, { manager, spec }: { readonly manager: string; readonly spec: JsonObject }) => applyConfiguration({ ...kind, schema, live, config: widget(spec), manager, force: false })

function applied(...given: Parameters<typeof apply>): JsonObject {
  const result = apply(...given)
  if (result.kind !== 'applied') throw new Error(result.message)
  return result.object
}

const owned = (object: JsonObject): Json => ((object['metadata'] as JsonObject)['managedFields'] as readonly JsonObject[]).map(({ manager = null, fieldsV1 = null }) => [manager, fieldsV1])

test('who owned parts owns the whole once the schema says that it is one', () => {
  const live = applied(inParts, undefined, { manager: 'one', spec: { list: ['a', 'b'], map: { k: 'v' } } })
  expect(owned(live)).toEqual([['one', { 'f:spec': { 'f:list': { 'v:"a"': {}, 'v:"b"': {} }, 'f:map': { 'f:k': {} } } }]])
  const refused = apply(asWholes, live, { manager: 'other', spec: { list: ['a', 'c'] } })
  expect(refused.kind === 'refused' && refused.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.list')
  const changed = updateManagedFields({ ...kind, schema: asWholes, apiVersion: 'example.com/v1', live, changed: { ...live, spec: { list: ['a', 'b'], map: { k: 'v' }, text: 'x' } }, manager: 'writer' })
  expect(owned(changed)).toEqual([['one', { 'f:spec': { 'f:list': {}, 'f:map': {} } }], ['writer', { 'f:spec': { 'f:text': {} } }]])
})

test('a null that stays is nobody else’s', () => {
  const live = applied(inParts, undefined, { manager: 'one', spec: { text: null, map: { k: 'v' } } })
  const both = applied(inParts, live, { manager: 'other', spec: { map: { k: 'v' } } })
  expect(owned(both)).toEqual(expect.arrayContaining([['one', { 'f:spec': { 'f:map': { 'f:k': {} }, 'f:text': {} } }], ['other', { 'f:spec': { 'f:map': { 'f:k': {} } } }]]))
  const changed = updateManagedFields({ ...kind, schema: inParts, apiVersion: 'example.com/v1', live, changed: { ...live, spec: { text: null, map: { k: 'w' } } }, manager: 'writer' })
  expect(owned(changed)).toEqual([['one', { 'f:spec': { 'f:text': {} } }], ['writer', { 'f:spec': { 'f:map': { 'f:k': {} } } }]])
})
