import { expect, test } from 'vitest'
import type { Json } from '../../../shared/model/json.ts'
import { compileResource } from '../../../shared/model/structural/compiled.ts'
import type { ResourceStore } from '../core/resources.ts'
import { readChanged } from './read-changed.ts'

const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap'
const storeOf = (definition: object): ResourceStore => ({ definition }) as unknown as ResourceStore
const maps = storeOf({ schema: CONFIG_MAP })
const widgets = storeOf({ schema: '', type: compileResource({ type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } }) })

test('what is of a wrong type is unreadable, and what is unknown is gone', () => {
  expect(readChanged(maps, { metadata: { labels: { x: 1 } } })).toEqual({ kind: 'unreadable', message: 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string' })
  expect(readChanged(maps, { data: { a: '1' }, dta: {}, metadata: { name: 'm' } })).toEqual({ kind: 'read', object: { data: { a: '1' }, metadata: { name: 'm' } }, unknown: ['unknown field "dta"'] })
})

test('custom resources are pruned by their schema, and nobody is told', () => {
  expect(readChanged(widgets, { metadata: { name: 'w' }, spec: { size: 1, colour: 'red' }, more: 1 })).toEqual({ kind: 'read', object: { metadata: { name: 'w' }, spec: { size: 1 } }, unknown: [] })
  expect(readChanged(widgets, { metadata: { labels: { x: 1 } } }).kind).toBe('unreadable')
})

test('what no body may hold is no object either', () => {
  let deep: Json = {}
  for (let depth = 0; depth < 2000; depth++) deep = { a: deep }
  expect(readChanged(widgets, { spec: deep })).toEqual({ kind: 'unreadable', message: 'exceeded max depth' })
  expect(readChanged(maps, 'text').kind).toBe('unreadable')
})
