import fc from 'fast-check'
import { expect, test } from 'vitest'
import { difference, type FieldNode, intersection, pathsOf, union } from './field-set.ts'
import { pathText } from './path-element.ts'

const node: fc.Arbitrary<FieldNode> = fc.letrec<{ readonly node: FieldNode }>((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, fc.constant<FieldNode>({}), fc.dictionary(fc.constantFrom('.', 'f:a', 'f:b', 'f:c'), tie('node'), { maxKeys: 3 }).map((set) => ('.' in set ? { ...set, '.': {} } : set))),
})).node
const set = fc.dictionary(fc.constantFrom('f:a', 'f:b', 'f:c'), node, { maxKeys: 3 })

const members = (one: FieldNode): ReadonlySet<string> => new Set([...pathsOf(one)].map(pathText))

test('safety: sets of fields behave as sets of their paths', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const [left, right] = [members(a), members(b)]
      expect(members(union(a, b))).toEqual(left.union(right))
      expect(members(difference(a, b))).toEqual(left.difference(right))
      expect(members(intersection(a, b))).toEqual(left.intersection(right))
    }),
  )
})
