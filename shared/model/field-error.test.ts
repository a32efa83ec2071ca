import { expect, test } from 'vitest'
import { allOf, forbidden, required } from './field-error.ts'

test('several lists in one, in their order; one that stands alone is taken as it is', () => {
  const [first, second] = [[required('a')], [forbidden('b', 'no'), required('c')]]
  expect(allOf([], first, [], second)).toEqual([...first, ...second])
  expect(allOf([], second, [])).toBe(second)
  expect(allOf()).toEqual([])
  expect(first).toHaveLength(1)
})
