import { expect, test } from 'vitest'
import { compile } from './cel.ts'
import { lowerAscii, runeCount, unitOf, upperAscii } from './runes.ts'
import { STRING } from './types.ts'

test.each<[string, number, readonly number[]]>([
  ['abc', 3, [0, 1, 2, 3, 3]],
  ['aäŁ', 3, [0, 1, 2, 3, 3]],
  ['a😀b', 3, [0, 1, 3, 4, 4]],
  ['\ud83dx\ude00', 3, [0, 1, 2, 3, 3]],
  ['', 0, [0, 0]],
])('%j is counted in code points', (text, count, units) => {
  expect(runeCount(text)).toBe(count)
  expect(units.map((_, rune) => unitOf(text, rune))).toEqual(units)
})

test('only the letters of ASCII change', () => {
  for (const text of ['Abz@[`{', 'AbzÄäſKİı😀', '\ud83dA', '']) {
    expect(lowerAscii(text)).toBe(text.replace(/[A-Z]/g, (one) => one.toLowerCase()))
    expect(upperAscii(text)).toBe(text.replace(/[a-z]/g, (one) => one.toUpperCase()))
  }
})

function run(expression: string, self: string): unknown {
  const compiled = compile(expression, new Map([['self', STRING]]))
  return compiled.kind === 'compiled' ? compiled.program.run(new Map([['self', self]])) : compiled.message
}

test.each(['self.size() > 0', 'self.charAt(1) != ""'])('to count a text that must be read for it has a price, however little it costs: %s', (condition) => {
  const often = `lists.range(1000).all(i, ${condition})`
  expect(run(often, 'ab'.repeat(500_000))).toBe(true)
  expect(run(often, 'äb'.repeat(500_000))).toBe(true)
  expect(() => run(often, 'Łb'.repeat(500_000))).toThrow('operation cancelled: actual cost limit exceeded')
  expect(run(often, 'Łb'.repeat(10_000))).toBe(true)
})

test('clocks of zones that have a name have a price', () => {
  const hours = (zone: string, times: number): string => `lists.range(${times}).all(i, timestamp(i).getHours(${zone}) >= 0)`
  expect(run(hours('"Europe/Berlin"', 1000), '')).toBe(true)
  expect(run(hours('"+02:00"', 50_000), '')).toBe(true)
  expect(() => run(hours('"Europe/Berlin"', 50_000), '')).toThrow('operation cancelled: actual cost limit exceeded')
})
