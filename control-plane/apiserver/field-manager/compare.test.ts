import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import { type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { compare } from './compare.ts'
import type { FieldNode } from './field-set.ts'

const OPEN: Type = { kind: 'object', name: '', goType: '', fields: new Map(), printed: [], atomic: false, open: true }

test.each(['constructor', 'toString', '__proto__'])('a field %s, which objects inherit, comes and goes as any other', (name) => {
  const without: JsonObject = { a: 1 }
  const within = (value: Json): JsonObject => JSON.parse(`{"a":1,"${name}":${JSON.stringify(value)}}`) as JsonObject
  expect(compare(OPEN, without, within('x'))).toEqual({ changed: { [`f:${name}`]: {} }, removed: {} })
  expect(compare(OPEN, within('x'), without)).toEqual({ changed: {}, removed: { [`f:${name}`]: {} } })
  expect(compare(OPEN, within('x'), within('y'))).toEqual({ changed: { [`f:${name}`]: {} }, removed: {} })
})

test('objects that are made with the same spec have the same fields, others their own', () => {
  const type = typeOf('io.k8s.api.apps.v1.Deployment')
  const made = (spec: JsonObject): FieldNode => compare(type, {}, { metadata: { labels: { a: 'b' } }, spec }).changed
  const two: JsonObject = { replicas: 2, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } }
  const [first, second] = [made(two), made(structuredClone(two))]
  expect(second).toEqual(first)
  expect(second['f:spec']).toBe(first['f:spec'])
  expect(made({ replicas: 2 })['f:spec']).toEqual({ 'f:replicas': {} })
  expect(made({ ...two, paused: true })['f:spec']).toEqual({ ...first['f:spec'], 'f:paused': {} })
  expect(compare(type, { spec: two }, { spec: { ...two, replicas: 3 } }).changed).toEqual({ 'f:spec': { 'f:replicas': {} } })
  expect(made(two)).toEqual(first)
})

test('a spec is that of its kind, whatever another kind makes of the same words', () => {
  const spec: JsonObject = { selector: { a: 'b' } }
  const fieldsIn = (schema: string): FieldNode | undefined => compare(typeOf(schema), {}, { spec }).changed['f:spec']
  for (let again = 0; again < 2; again++) {
    expect(fieldsIn('io.k8s.api.core.v1.Service')).toEqual({ 'f:selector': {} })
    expect(fieldsIn('io.k8s.api.core.v1.ReplicationController')).toEqual({ 'f:selector': {} })
    expect(fieldsIn('io.k8s.api.apps.v1.Deployment')).toEqual({ 'f:selector': {} })
  }
})

test('more specs than are remembered are right, too', () => {
  const type = typeOf('io.k8s.api.core.v1.Service')
  for (let index = 0; index < 100; index++) expect(compare(type, {}, { spec: { ports: [{ port: index, protocol: 'TCP' }] } }).changed['f:spec']?.['f:ports']?.[`k:{"port":${index},"protocol":"TCP"}`]).toBeDefined()
})
