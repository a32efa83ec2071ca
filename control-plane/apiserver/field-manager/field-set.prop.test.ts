import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idOf, readManagers, writeManagers } from './entries.ts'
import { difference, type FieldNode, intersection, pathsOf, union } from './field-set.ts'
import { fieldElement, pathText } from './path-element.ts'

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

const key = fc.string({ maxLength: 6 })
const element = fc.oneof(
  key.map(fieldElement),
  fc.dictionary(key, fc.oneof(key, fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 2, noNullPrototype: true }).map((keys) => `k:${JSON.stringify(keys)}`),
  fc.oneof(key, fc.integer()).map((value) => `v:${JSON.stringify(value)}`),
)

test('safety: managed fields that are written are read as the same set, whatever the names of fields and keys', () => {
  const path = fc.array(element, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 4, selector: (one) => JSON.stringify(one) }), (paths) => {
      const fields = paths.map(setAt).reduce(union)
      const id = { manager: 'm', operation: 'Update', apiVersion: 'v1', subresource: '' } as const
      const entries = writeManagers(new Map([[idOf(id), { ...id, time: undefined, set: fields }]]))
      const read = readManagers(JSON.parse(JSON.stringify(entries)) as typeof entries)?.get(idOf(id))
      expect([...pathsOf(read?.set ?? {})]).toEqual([...pathsOf(fields)])
      expect(new Set([...pathsOf(fields)].map((one) => JSON.stringify(one)))).toEqual(new Set(paths.map((one) => JSON.stringify(one))))
    }),
  )
})

const setAt = ([head = '', ...rest]: readonly string[]): FieldNode => ({ [head]: rest.length === 0 ? {} : setAt(rest) })
