import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { yamlText } from './yaml-text.ts'

/** Recorded from kubectl 1.33. */
test.each([
  ['', `""`],
  ['plain', 'plain'],
  ['true', '"true"'],
  ['y', '"y"'],
  ['Off', '"Off"'],
  ['null', '"null"'],
  ['<<', '<<'],
  ['123', '"123"'],
  ['1e3', '"1e3"'],
  ['1_000', '"1_000"'],
  ['0x1f', '"0x1f"'],
  ['08', '"08"'],
  ['.5', '".5"'],
  ['1.2.3', '1.2.3'],
  ['10m', '10m'],
  ['12:30', '"12:30"'],
  ['2024-01-01T00:00:00Z', '"2024-01-01T00:00:00Z"'],
  ['a: b', `'a: b'`],
  ['a #b', `'a #b'`],
  ['- a', `'- a'`],
  ['-a', '-a'],
  ['{a}', `'{a}'`],
  ["it's", "it's"],
  ["'it", `'''it'`],
  [' lead', `' lead'`],
  ['tab\there', '"tab\\there"'],
  ['x\r\ny', '"x\\r\\ny"'],
  ['emoji 😀', '"emoji \\U0001F600"'],
  ['é', 'é'],
  ['http://x/y?z=1#a', 'http://x/y?z=1#a'],
])('%j', (text, written) => {
  expect(yamlText({ k: text })).toBe(`k: ${written}\n`)
})

test('several lines stand as a block', () => {
  expect(yamlText({ k: 'a\nb\n' })).toBe('k: |\n  a\n  b\n')
  expect(yamlText({ k: 'a\nb' })).toBe('k: |-\n  a\n  b\n')
  expect(yamlText({ k: 'a\n\n' })).toBe('k: |+\n  a\n\n')
  expect(yamlText({ k: '  a\nb\n' })).toBe('k: |2\n    a\n  b\n')
  expect(yamlText({ k: 'a \nb' })).toBe('k: "a \\nb"\n')
})

test('lists stand below their key, maps two further in', () => {
  expect(yamlText({ a: [1, { b: 2, c: [3, [4]] }, [], {}], d: { e: null, f: false } })).toBe('a:\n- 1\n- b: 2\n  c:\n  - 3\n  - - 4\n- []\n- {}\nd:\n  e: null\n  f: false\n')
})

test('keys are in natural order', () => {
  expect(yamlText({ k10: 1, k9: 1, _a: 1, B: 1, a: 1 })).toBe('_a: 1\nB: 1\na: 1\nk9: 1\nk10: 1\n')
})

test('long texts are folded after column 80, and read back the same', () => {
  const long = 'word '.repeat(40).trim()
  const written = yamlText({ message: { inner: long, quoted: `a: ${long}`, escaped: `\t${long}` }, list: [long] })
  expect(written.split('\n').every((line) => line.length < 92)).toBe(true)
  expect(parse(written)).toEqual({ message: { inner: long, quoted: `a: ${long}`, escaped: `\t${long}` }, list: [long] })
})

test('a key of more than 128 characters stands by itself', () => {
  const key = 'k'.repeat(129)
  expect(yamlText({ [key]: 'v' })).toBe(`? ${key}\n: v\n`)
})

test.each([
  [1.5, '1.5'],
  [1e6, '1000000'],
  [1234567.5, '1.2345675e+06'],
  [0.00001, '1e-05'],
])('the number %j', (value, written) => {
  expect(yamlText({ k: value })).toBe(`k: ${written}\n`)
})
