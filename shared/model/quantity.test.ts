import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { addQuantities, canonicalQuantity, compareQuantities, cpuMillis, quantityProblem, QUANTITY_FORMAT_MESSAGE, quantityValue, roundUpToMillis, subtractQuantities } from './quantity.ts'
import { scaledValue } from './int-or-string.ts'

test.each([
  ['0', '0'], ['0Gi', '0'], ['1000m', '1'], ['0.5', '500m'], ['1Gi', '1Gi'], ['1024Mi', '1Gi'], ['1.5Gi', '1536Mi'], ['0.5Mi', '512Ki'], ['1000', '1k'], ['100M', '100M'],
  ['1000Ki', '1000Ki'], ['1023', '1023'], ['0.1Ki', '102400m'], ['512', '512'], ['1e3', '1e3'], ['12e6', '12e6'], ['1E', '1E'], ['1e2', '100'], ['1.2345', '1234500u'], ['1500000000n', '1500m'], ['0.0000000001', '1n'],
  ['-1', '-1'], ['-0.5', '-500m'], ['+5', '+5'], ['1E3', '1E3'], ['1.500', '1.500'], ['1000E', '1e21'], ['0.500', '500m'], ['123456Ti', '123456Ti'], ['.5', '500m'], ['1.', '1.'], ['001', '001'], ['100000', '100k'], ['8Ki', '8Ki'], ['2048Ki', '2Mi'], ['123456', '123456'], ['1025Ki', '1025Ki'], ['2048', '2048'], ['1000000Ki', '1000000Ki'], ['1e3', '1e3'],
  ['10Ei', '9223372036854775807'], ['0.5Ki', '512'], ['1u', '1u'], ['1000Pi', '1000Pi'],
])('%s is written %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical)
})

test('numbers of JSON are quantities too', () => {
  expect([canonicalQuantity(1), canonicalQuantity(0.5), canonicalQuantity(1000)]).toEqual(['1', '500m', '1k'])
})

test.each([['', QUANTITY_FORMAT_MESSAGE], ['abc', QUANTITY_FORMAT_MESSAGE], ['1.2.3', QUANTITY_FORMAT_MESSAGE], ['1 Gi', QUANTITY_FORMAT_MESSAGE], ['1Zi', QUANTITY_FORMAT_MESSAGE], ['1ki', "unable to parse quantity's suffix"], ['1mm', "unable to parse quantity's suffix"]])('"%s" is none', (text, message) => {
  expect(quantityProblem(text)).toBe(message)
  expect(canonicalQuantity(text)).toBeUndefined()
})

test('what has more digits than any amount is none, and takes no time', () => {
  const digits = '1'.repeat(1_000_000)
  for (const text of [digits, `1.${digits}`, `${digits}Ki`]) expect(quantityProblem(text)).toBe('unable to parse numeric part of quantity')
  expect([canonicalQuantity('1'.repeat(1000)), canonicalQuantity(`${'0'.repeat(2000)}1000m`)]).toEqual(['1'.repeat(1000), '1'])
})

test('millis and values are rounded up', () => {
  expect([cpuMillis('100m'), cpuMillis('1.5'), cpuMillis('1u'), cpuMillis(undefined)]).toEqual([100, 1500, 1, 0])
  expect([quantityValue('1Gi'), quantityValue('1500m'), quantityValue('128974848'), quantityValue('nonsense')]).toEqual([1024 ** 3, 2, 128974848, 0])
})

test('compared and added exactly', () => {
  expect([compareQuantities('1', '1000m'), compareQuantities('1Gi', '1G'), compareQuantities(undefined, '1n')]).toEqual([0, 1, -1])
  expect([addQuantities('1Gi', '1Mi'), addQuantities('0', '1Ki'), addQuantities('900m', '0.1'), subtractQuantities('1', '100m')]).toEqual(['1025Mi', '1Ki', '1', '900m'])
})

test('percentages are scaled', () => {
  expect([scaledValue('25%', 10, 'up'), scaledValue('25%', 10, 'down'), scaledValue(3, 10, 'up'), scaledValue('x', 10, 'up')]).toEqual([3, 2, 3, undefined])
})

test('rounded up to thousandths', () => {
  expect([roundUpToMillis('0.0001'), roundUpToMillis('1u'), roundUpToMillis('1.5'), roundUpToMillis('1Gi'), roundUpToMillis('1.2345')]).toEqual(['1m', '1m', '1.5', '1Gi', '1235m'])
})

/** Ends also what is stuck in a regular expression: what is gone back over takes a quarter of an hour here. */
const soon = <T>(work: () => T): T => runInNewContext('work()', { work }, { timeout: 30_000 }) as T

test('long texts are soon read, and soon seen to be none', () => {
  for (const text of ['1'.repeat(1_000_000), `1.${'1'.repeat(1_000_000)}`]) expect(soon(() => quantityProblem(`${text}!`))).toBe(QUANTITY_FORMAT_MESSAGE)
}, 120_000)
