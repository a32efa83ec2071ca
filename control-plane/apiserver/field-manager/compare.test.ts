import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import type { Type } from '../../../shared/model/schemas/types.ts'
import { compare } from './compare.ts'

const OPEN: Type = { kind: 'object', name: '', goType: '', fields: new Map(), printed: [], atomic: false, open: true }

test.each(['constructor', 'toString', '__proto__'])('a field %s, which objects inherit, comes and goes as any other', (name) => {
  const without: JsonObject = { a: 1 }
  const within = (value: Json): JsonObject => JSON.parse(`{"a":1,"${name}":${JSON.stringify(value)}}`) as JsonObject
  expect(compare(OPEN, without, within('x'))).toEqual({ changed: { [`f:${name}`]: {} }, removed: {} })
  expect(compare(OPEN, within('x'), without)).toEqual({ changed: {}, removed: { [`f:${name}`]: {} } })
  expect(compare(OPEN, within('x'), within('y'))).toEqual({ changed: { [`f:${name}`]: {} }, removed: {} })
})
