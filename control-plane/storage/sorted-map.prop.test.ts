import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedMap } from './sorted-map.ts'

test('it holds what a map holds, and lists prefixes in order', () => {
  const keys = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), keys), { maxLength: 40 }), keys, fc.option(keys, { nil: undefined }), (steps, prefix, startAfter) => {
      const map = new SortedMap<string>()
      const model = new Map<string, string>()
      for (const [deed, key] of steps) {
        const isRemoval = deed === 0
        if (deed === 1) expect(map.underPrefix('')).toEqual([...model.keys()].sort())
        if (isRemoval) map.delete(key)
        else map.set(key, key)
        if (isRemoval) model.delete(key)
        else model.set(key, key)
      }
      const expected = [...model.keys()].filter((key) => key.startsWith(prefix) && (startAfter === undefined || key > startAfter)).sort()
      expect(map.underPrefix(prefix, startAfter)).toEqual(expected)
      expect(map.size).toBe(model.size)
      for (const key of model.keys()) expect(map.get(key)).toBe(key)
    }),
  )
})

test('a prefix that is read again is the same array, until anything changes', () => {
  const map = new SortedMap<string>()
  map.set('a/1', 'one')
  const first = map.underPrefix('a/')
  expect(map.underPrefix('a/')).toBe(first)
  map.set('a/1', 'other')
  expect(map.underPrefix('a/')).toEqual(['other'])
  map.set('a/2', 'two')
  expect(map.underPrefix('a/')).toEqual(['other', 'two'])
  map.delete('a/1')
  expect(map.underPrefix('a/')).toEqual(['two'])
  expect(first).toEqual(['one'])
})
