import { expect, test } from 'vitest'
import { parseCron, parseGoDuration } from './cron.ts'

const fieldsOf = (text: string): unknown => {
  const schedule = parseCron(text)
  return schedule.kind === 'fields' ? [[...schedule.minutes], [...schedule.hours], [...schedule.daysOfMonth].length, [...schedule.months], [...schedule.daysOfWeek]] : schedule
}

test.each([
  ['0 4 * * 1-5', [[0], [4], 31, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 2, 3, 4, 5]]],
  ['*/20 0-6/3 1 jan,JUN sun', [[0, 20, 40], [0, 3, 6], 1, [1, 6], [0]]],
  ['50/5 0 ? * *', [[50, 55], [0], 31, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [0, 1, 2, 3, 4, 5, 6]]],
  ['@weekly', [[0], [0], 31, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [0]]],
  ['TZ=UTC 1 2 3 4 5', [[1], [2], 1, [4], [5]]],
  ['@every 90m', { kind: 'every', periodMs: 5_400_000 }],
])('%s is read', (text, wanted) => {
  expect(fieldsOf(text)).toEqual(wanted)
})

test.each([
  ['', 'empty spec string'],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['@often', 'unrecognized descriptor: @often'],
  ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
])('%s is refused', (text, problem) => {
  expect(parseCron(text)).toEqual({ kind: 'problem', problem })
})

test('durations are read as Go reads them', () => {
  expect(['1h30m', '-2.5s', '0', '5', '3x', '1constructor', ''].map(parseGoDuration)).toEqual([5_400_000, -2500, 0, 'time: missing unit in duration "5"', 'time: unknown unit "x" in duration "3x"', 'time: unknown unit "constructor" in duration "1constructor"', 'time: invalid duration ""'])
})
