import { expect, test } from 'vitest'
import type { Json } from '../../shared/model/json.ts'
import { parseJsonPath, valuesAt } from './json-path.ts'

const object: Json = {
  list: ['a', 'b', 'c'],
  conditions: [{ type: 'Ready', status: 'True', n: 1, f: 1.5 }, { type: 'Done', status: 'False', n: 2, f: 2.5 }],
  mixed: [{ type: 'Ready', on: true }, {}],
  labels: { 'a.b/c': 'x', d: 'y' },
  nothing: null,
  empty: [],
  deep: { deep: { name: 'inner' }, name: 'outer' },
}

test.each<[string, readonly Json[] | undefined]>([
  ['.list[0]', ['a']],
  ['.list[-1]', ['c']],
  ['.list[3]', []],
  ['.list[1:]', ['b', 'c']],
  ['.list[:2]', ['a', 'b']],
  ['.list[::2]', ['a', 'c']],
  ['.list[0:5]', []],
  ['.list[0,2]', ['a', 'c']],
  ['.list[*]', ['a', 'b', 'c']],
  ['.empty[*]', []],
  ['.list.x', []],
  ['.labels[0]', []],
  ['.nothing', [null]],
  ['.nothing.x', []],
  ['.labels.d', ['y']],
  ['.labels.a\\.b/c', ['x']],
  [".labels['a\\.b/c']", ['x']],
  // A key in quotes is a path by itself.
  [".labels['a.b/c']", []],
  [".labels['d','a\\.b/c']", ['y', 'x']],
  ['.labels["d"]', undefined],
  ['.conditions[?(@.type=="Ready")].status', ['True']],
  [".conditions[?(@.type!='Ready')].status", ['False']],
  ['.conditions[?(@.n>=2)].type', ['Done']],
  ['.conditions[?(@.f<2.0)].type', ['Ready']],
  ['.conditions[?(@.status)].type', ['Ready', 'Done']],
  // What cannot be compared ends it all.
  ['.conditions[?(@.n==1.0)].type', []],
  ['.conditions[?(@.n=="1")].type', []],
  ['.conditions[?(@.n=1)].type', []],
  ['.mixed[?(@.type=="Ready")].on', []],
  ['.mixed[?(@.on)].type', ['Ready']],
  ['.labels[?(@.d)]', []],
  ['.deep..name', ['outer', 'inner']],
  ['.deep....name', undefined],
  ['.', []],
  ['.list[', undefined],
  ['.list[x]', undefined],
  ['.list[?(@.a==1]', undefined],
  ['.list#', []],
  ['.list foo', []],
])('%s', (text, wanted) => {
  const path = parseJsonPath(text)
  expect(path && valuesAt(object, path)).toEqual(wanted)
})

const nested = (depth: number, wrap: (inner: Json) => Json): Json => Array.from({ length: depth }).reduce<Json>((inner) => wrap(inner), 1)

test.each([
  ['..a..a..a..a..a..a..a', nested(100, (a) => ({ a }))],
  ['[0,0]'.repeat(30), nested(30, (inner) => [inner])],
])('what %s leads to over and over is not followed', (text, value) => {
  const path = parseJsonPath(text)
  expect(path && valuesAt(value, path)).toEqual([])
})

test('however deep a value is, all in it is found', () => {
  expect(valuesAt(nested(90_000, (a) => ({ a })), parseJsonPath('..a') ?? []).length).toBe(90_000)
})

const many: Json = { l: Array.from({ length: 50_000 }, () => ({ a: 1 })) }

test.each([
  ['each of many through many steps', `.l[*]${"'x'".repeat(3000)}`, 0],
  ['each of many in very many ways', `.l[*][${"'a',".repeat(3000)}'a']`, 0],
  ['a long list very often', `['${"l','".repeat(3000)}l'][*]`, 0],
  ['a long list very often, and down', `['${"l','".repeat(3000)}l']..`, 0],
  ['many that a filter lets through', '.l[?(@.a==1)].a', 50_000],
])('no column keeps the server busy: %s', (_, text, found) => {
  const path = parseJsonPath(text)
  expect(path && valuesAt(many, path).length).toBe(found)
})

test('what looks like very many comparisons is read in one go', () => {
  expect(parseJsonPath(`[?(@.a${'='.repeat(50_000)}\n)]`)).toBeUndefined()
})

test('numbers beyond 64 bits are fractions', () => {
  expect(parseJsonPath('9223372036854775808')).toEqual([{ kind: 'literal', value: 2 ** 63, type: 'float' }])
  expect(parseJsonPath('9223372036854775807')).toEqual([{ kind: 'literal', value: 2n ** 63n - 1n, type: 'int' }])
})
