import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepEqual, hasLongNumber, type Json, type JsonObject, readJson, wholeNumber } from './json.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const nearTheEdges = fc.tuple(fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 63n, -(2n ** 63n), 10n ** 15n, 0n), fc.integer({ min: -3, max: 3 })).map(([edge, by]) => edge + BigInt(by))
const whole = fc.oneof(int64, nearTheEdges).map(wholeNumber)
const { value: anything } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, whole, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.boolean(), fc.constant(null), fc.array(tie('value')), fc.dictionary(fc.string(), tie('value')) as fc.Arbitrary<JsonObject>),
}))

test('what is printed is read again as it was, whatever whole numbers of 64 bits it holds', () => {
  fc.assert(
    fc.property(anything, fc.constantFrom(undefined, 2), (value, space) => {
      const text = JSON.stringify(value, undefined, space)
      const again = readJson(text)
      expect(JSON.stringify(again, undefined, space)).toBe(text)
      // A fraction of that size is printed like a whole number, and read as one.
      if (!/\d{16}/.test(text)) expect(deepEqual(again, JSON.parse(text))).toBe(true)
    }),
  )
})

test('every whole number of 64 bits keeps its digits, wherever it stands', () => {
  fc.assert(
    fc.property(int64, fc.constantFrom('@', '[@]', '[1,@]', '{"a":@}', '{"a": [1,\n@ ] }', ' @ ', '\t@', '{"a":{"b":[[@,"x"]]},"c":@}'), (number, around) => {
      const text = around.replaceAll('@', String(number))
      expect(JSON.stringify(readJson(text))).toBe(text.replace(/\s/g, ''))
    }),
  )
})

test('long numbers are found wherever they stand, and nothing else is', () => {
  const piece = fc.oneof(fc.constantFrom('', ' ', ',', ':', '[', '"', '-', 'a', '.', '\n'), fc.stringMatching(/^[0-9]{0,40}$/), fc.constantFrom('123456789012345', '1234567890123456'))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      expect(hasLongNumber(text), text).toBe(/(?:^|[\s,:[])-?(?<!\d)\d{16}/.test(text))
    }),
    { numRuns: 1_000 },
  )
  for (let a = 0; a < 16; a++) {
    for (let b = 0; b < 16; b++) {
      const text = `${'1'.repeat(a)},${'1'.repeat(b)},123456789012345`
      expect([hasLongNumber(text), hasLongNumber(`${text}6`), hasLongNumber(`${text}6,1`)], text).toEqual([false, true, true])
    }
  }
})

test('the way for texts without long numbers and the other read the same', () => {
  const long = '"a": 1234567890123456789'
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, undefined, 1)
      const { v } = readJson(`{"v":${text}, ${long}}`) as { readonly v: Json }
      if (!/\d{16}/.test(text)) expect(v).toEqual(JSON.parse(text))
      expect(JSON.stringify(v)).toBe(JSON.stringify(readJson(text)))
    }),
  )
})

test.each<[string, unknown, string?]>([
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', 9007199254740992n],
  ['9007199254740993', 9007199254740993n],
  ['-9007199254740993', -9007199254740993n],
  ['9223372036854775807', 9223372036854775807n],
  ['-9223372036854775808', -9223372036854775808n],
  // Beyond 64 bits Kubernetes reads a fraction, and prints its shortest digits.
  ['9223372036854775808', 2 ** 63, '9223372036854776000'],
  ['-9223372036854775809', -(2 ** 63), '-9223372036854776000'],
  ['123456789012345678901234567890', 1.2345678901234568e29, '1.2345678901234568e+29'],
  ['9007199254740993.0', 9007199254740992, '9007199254740992'],
  ['1e18', 1e18, '1000000000000000000'],
  ['1.0', 1, '1'],
  ['1e20', 1e20, '100000000000000000000'],
  ['1e21', 1e21, '1e+21'],
  ['"9007199254740993"', '9007199254740993'],
  ['"[9007199254740993"', '[9007199254740993'],
  ['{"9007199254740993":1}', { '9007199254740993': 1 }],
  ['{"__proto__":9007199254740993}', JSON.parse('{"__proto__":1}', (key, value: unknown) => (key === '__proto__' ? 9007199254740993n : value))],
])('%s', (text, value, printed = text) => {
  expect(readJson(text)).toEqual(value)
  expect(JSON.stringify(readJson(text))).toBe(printed)
})

test.each([' { } ', '[ ]', '[ [ ] , { } ]', '{"a" : "b\\\\" , "\\"c\\\\\\"" : "\\u0022,]}" ,"a":[true ,false,null, -0.5e+3,-0]}', '{"__proto__":{"x":1},"2":"b","1":"a","é\\ud83d\\ude00":"\\/"}', '"\\\\"', '{"a":1,"b":2,"a":{"c":3}}'])('%s is read as JSON.parse reads it', (text) => {
  const [first] = readJson(`[${text},9007199254740993]`) as readonly Json[]
  expect(first).toEqual(JSON.parse(text))
  expect(JSON.stringify(first)).toBe(JSON.stringify(JSON.parse(text)))
})

test('what is no JSON is none the slow way either', () => {
  for (const text of ['[9007199254740993', '{"a":9007199254740993,}', '[09007199254740993]', '[+9007199254740993]', `${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`]) expect(() => readJson(text), text.slice(0, 40)).toThrow()
})

test('equal by value: a number that stands for another is another', () => {
  expect(deepEqual(readJson('[9007199254740993]'), readJson('[9007199254740993]'))).toBe(true)
  expect(deepEqual(readJson('[9007199254740993]'), readJson('[9007199254740992]'))).toBe(false)
  expect(structuredClone(readJson('[9007199254740993]'))).toEqual([9007199254740993n])
})
