import { expect, test } from 'vitest'
import { allOf, forbidden, invalid, required } from './field-error.ts'

test('several lists in one, in their order; one that stands alone is taken as it is', () => {
  const [first, second] = [[required('a')], [forbidden('b', 'no'), required('c')]]
  expect(allOf([], first, [], second)).toEqual([...first, ...second])
  expect(allOf([], second, [])).toBe(second)
  expect(allOf()).toEqual([])
  expect(first).toHaveLength(1)
})

test('mistakes that show one and the same list share its text', () => {
  const list = Array.from({ length: 20_000 }, (_, index) => `an item of the list: ${index}`)
  const before = process.memoryUsage().heapUsed
  const errors = list.slice(0, 1_000).map((_, index) => invalid(`field[${index}]`, list, 'unsupported'))
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6)
  expect(errors.at(-1)?.message).toBe(`Invalid value: ${JSON.stringify(list)}: unsupported`)
})
