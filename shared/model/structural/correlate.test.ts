import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../json.ts'
import { correlatedItems } from './correlate.ts'
import type { PropsSchema } from './schema.ts'

const schema: PropsSchema = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name', 'port'] }
const found = (old: Json, item: Json, of: PropsSchema = schema): Json | undefined => correlatedItems({ old }, of)(item)?.old

test('an item of a map is known again by its keys, the first of several', () => {
  const old = [{ name: 'a', port: 1, v: 1 }, { port: 2, name: 'a', v: 2 }, { name: 'a', port: 2, v: 3 }, { name: 'b' }]
  expect(found(old, { name: 'a', port: 2, v: 9 })).toEqual({ port: 2, name: 'a', v: 2 })
  expect(found(old, { name: 'b', v: 9 })).toEqual({ name: 'b' })
  expect(found(old, { name: 'a', port: '2' })).toBeUndefined()
  expect(found(old, 'a')).toBeUndefined()
})

test('items of other lists are not', () => {
  expect(found([{ name: 'a' }], { name: 'a' }, { ...schema, 'x-kubernetes-list-type': 'atomic' })).toBeUndefined()
  expect(found({ name: 'a' }, { name: 'a' })).toBeUndefined()
  expect(correlatedItems(undefined, schema)({ name: 'a' })).toBeUndefined()
})

test('however many there are, each is looked at once', () => {
  let looks = 0
  const item = (name: string): JsonObject => ({
    get name() {
      looks++
      return name
    },
  })
  const names = Array.from({ length: 1000 }, (_, at) => `n${at}`)
  const of = correlatedItems({ old: names.map(item) }, schema)
  expect(names.every((name) => of(item(name)) !== undefined)).toBe(true)
  expect(looks).toBeLessThan(10 * names.length)
})
