import { expect, test } from 'vitest'
import type { Event } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import { firstMs, lastMs } from './moment.ts'

const at = (time: string): number => parseTime(time) ?? Number.NaN
const event = (more: object, name = 'e'): Event => ({ metadata: { name }, involvedObject: {}, ...more }) as Event
const named = (ms: number): string => `n2.${(BigInt(ms) * 1_000_000n + 7n).toString(16)}`

test('an event of whole seconds is known to the millisecond by its name, where that agrees', () => {
  const ms = at('2030-01-01T00:00:05.123Z')
  const seconds = { firstTimestamp: '2030-01-01T00:00:05Z', lastTimestamp: '2030-01-01T00:00:05Z' }
  expect(firstMs(event(seconds, named(ms)))).toBeCloseTo(ms, 3)
  expect(lastMs(event(seconds, named(ms)))).toBeCloseTo(ms, 3)
  expect(firstMs(event(seconds, named(ms + 60_000)))).toBe(at('2030-01-01T00:00:05Z'))
  expect(firstMs(event(seconds, 'n2.web'))).toBe(at('2030-01-01T00:00:05Z'))
})

test('repeated ones were seen last when they say', () => {
  expect(lastMs(event({ firstTimestamp: '2030-01-01T00:00:05Z', lastTimestamp: '2030-01-01T00:01:05Z', count: 3 }, named(at('2030-01-01T00:00:05.123Z'))))).toBe(at('2030-01-01T00:01:05Z'))
  expect(lastMs(event({ eventTime: '2030-01-01T00:00:05.123456Z', series: { count: 2, lastObservedTime: '2030-01-01T00:00:06.5Z' } }))).toBe(at('2030-01-01T00:00:06.5Z'))
  expect(firstMs(event({ eventTime: '2030-01-01T00:00:05.123456Z' }))).toBeCloseTo(at('2030-01-01T00:00:05.123456Z'), 3)
  expect(firstMs(event({}))).toBe(0)
})
