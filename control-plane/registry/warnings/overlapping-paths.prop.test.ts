import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Volume } from '../../../shared/model/gen/api.ts'
import { pathWarnings } from './overlapping-paths.ts'

const path = fc.array(fc.constantFrom('a', 'b', 'ab', ''), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const warningsOf = (paths: readonly string[]): readonly string[] => pathWarnings([{ name: 'v', configMap: { name: 'm', items: paths.map((one) => ({ key: 'k', path: one })) } } as Volume])
/** So many that they are not compared one by one. */
const others = Array.from({ length: 20 }, (_, index) => `other${index}`)

test('few files meet just as they do among many', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 6 }), (paths) => {
      expect(warningsOf(paths)).toEqual(warningsOf([...others, ...paths]))
    }),
  )
})
