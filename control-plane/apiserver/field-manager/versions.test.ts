import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { applyConfiguration, type Applied } from './apply.ts'
import { managedFieldsOf } from './entries.ts'
import { updateManagedFields } from './update.ts'
import type { Versions } from './versions.ts'

const schema = 'io.k8s.api.core.v1.ConfigMap'

/** A version in which the key `new` is called `old`. */
const renamed = (object: JsonObject, from: string, to: string): JsonObject => {
  const { data, ...rest } = object
  return data === undefined ? rest : { ...rest, data: Object.fromEntries(Object.entries(data as JsonObject).map(([key, value]) => [key === from ? to : key, value])) }
}
const versions: Versions = (apiVersion) => (apiVersion === 'v0' ? { schema, to: (object) => renamed(object, 'new', 'old'), from: (object) => renamed(object, 'old', 'new') } : undefined)

const written = (live: JsonObject | undefined, data: JsonObject, as: { readonly manager: string; readonly apiVersion: string }): JsonObject =>
  updateManagedFields({ schema, kind: 'ConfigMap', live, changed: { ...live, metadata: { ...(live?.['metadata'] as JsonObject | undefined) }, data }, subresource: '', nowMs: 0, ...as, ...(as.apiVersion === 'v1' && { versions }) })

const applied = (live: JsonObject | undefined, data: JsonObject, { manager, force = false }: { readonly manager: string; readonly force?: boolean }): Applied =>
  applyConfiguration({ schema, group: '', version: 'v1', kind: 'ConfigMap', live, config: { kind: 'ConfigMap', apiVersion: 'v1', data }, manager, force, subresource: '', nowMs: 0, versions })

const owners = (object: JsonObject): unknown => Object.fromEntries((managedFieldsOf(object) ?? []).map(({ manager, apiVersion, fieldsV1 }) => [`${manager} ${apiVersion}`, Object.keys((fieldsV1 as { 'f:data': object })['f:data']).toSorted()]))

const byOld = (data: JsonObject, operation: 'Apply' | 'Update', manager = 'old'): JsonObject => ({
  metadata: { managedFields: [{ manager, operation, apiVersion: 'v0', time: '2024-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}])) } }] },
  data: (renamed({ data }, 'old', 'new') as { readonly data: JsonObject }).data,
})

test('a write through one version takes fields from who owns them by the name they have in another', () => {
  const live = byOld({ old: '1', same: '1' }, 'Update')
  expect(owners(written(live, { new: '2', same: '1' }, { manager: 'b', apiVersion: 'v1' }))).toEqual({ 'old v0': ['f:same'], 'b v1': ['f:new'] })
})

test('who owns by a version that is not served any more is forgotten', () => {
  const live: JsonObject = { metadata: { managedFields: [{ manager: 'gone', operation: 'Update', apiVersion: 'v9', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:x': {} } } }] }, data: { x: '1' } }
  expect(owners(written(live, { x: '1', y: '1' }, { manager: 'b', apiVersion: 'v1' }))).toEqual({ 'b v1': ['f:y'] })
})

test('an apply conflicts with owners of another version', () => {
  const live = byOld({ old: '1' }, 'Update')
  expect(applied(live, { new: '2' }, { manager: 'b' })).toMatchObject({ code: 409, message: 'Apply failed with 1 conflict: conflict with "old" using v0: .data.old' })
})

test('an applier that changes its version gives up what it does not apply any more', () => {
  const live = byOld({ old: '1', other: '1' }, 'Apply', 'a')
  expect(applied(live, { other: '1' }, { manager: 'a' })).toMatchObject({ kind: 'applied', object: { data: { other: '1' } } })
  expect(applied(live, { new: '1' }, { manager: 'a' })).toMatchObject({ kind: 'applied', object: { data: { new: '1' } } })
})

test('what an applier gives up stays when somebody owns it by another version', () => {
  const live = byOld({ old: '1', other: '1' }, 'Apply', 'a')
  const both = written(live, { new: '1', other: '1', more: '1' }, { manager: 'b', apiVersion: 'v1' })
  const shared = applied(both, { new: '1' }, { manager: 'c' })
  expect(shared.kind === 'applied' && applied(shared.object, { other: '1' }, { manager: 'a' })).toMatchObject({ object: { data: { new: '1', other: '1', more: '1' } } })
})
