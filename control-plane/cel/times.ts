/** Times and durations of CEL, in nanoseconds. */
import { parseTime } from '../../shared/model/time.ts'
import { CelFault, Duration, Timestamp } from './values.ts'

const UNITS: Readonly<Record<string, bigint>> = { h: 3_600_000_000_000n, m: 60_000_000_000n, s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, µs: 1000n, μs: 1000n, ns: 1n }
const DURATION = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/

/** No unit is counted by more of them in 64 bits. */
const MOST_DIGITS = 20

/** As Go reads durations: `1h30m`, `-1.5s`. */
export function parseDuration(text: string): Duration | undefined {
  if (text === '0' || text === '+0' || text === '-0') return new Duration(0n)
  if (!DURATION.test(text)) return undefined
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNITS[unit] ?? 1n
    if (whole.replace(/^0+/, '').length > MOST_DIGITS) return undefined
    // What is smaller than a nanosecond is not seen.
    const digits = fraction.slice(0, MOST_DIGITS)
    nanos += BigInt(whole || '0') * scale + (digits === '' ? 0n : (BigInt(digits) * scale) / 10n ** BigInt(digits.length))
  }
  const signed = text.startsWith('-') ? -nanos : nanos
  return isDuration(signed) ? new Duration(signed) : undefined
}

/** Nanoseconds of 64 bits. */
const isDuration = (nanos: bigint): boolean => nanos >= -(2n ** 63n) && nanos < 2n ** 63n

/** @throws {CelFault} where it is too long. */
export function durationOf(nanos: bigint): Duration {
  if (!isDuration(nanos)) throw new CelFault('duration overflow')
  return new Duration(nanos)
}

/** From the year 1 to the year 9999. */
const isTimestamp = (nanos: bigint): boolean => nanos >= -62_135_596_800_000_000_000n && nanos < 253_402_300_800_000_000_000n

/** @throws {CelFault} outside of the years that there are. */
export function timestampAt(nanos: bigint): Timestamp {
  if (!isTimestamp(nanos)) throw new CelFault('timestamp overflow')
  return new Timestamp(nanos)
}

export function durationText({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  const rest = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${sign}${size / 1_000_000_000n}${rest === '' ? '' : `.${rest}`}s`
}

export function parseTimestamp(text: string): Timestamp | undefined {
  const whole = parseTime(text.replace(/\.\d+/, ''))
  if (whole === undefined) return undefined
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  const nanos = BigInt(whole) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return isTimestamp(nanos) ? new Timestamp(nanos) : undefined
}

const millisOf = ({ nanos }: Timestamp): number => Number(nanos / 1_000_000n)

export function timestampText(time: Timestamp): string {
  const rest = (((time.nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${new Date(millisOf(time)).toISOString().slice(0, 19)}${rest === '' ? '' : `.${rest}`}Z`
}

export const TIME_PARTS = ['getFullYear', 'getMonth', 'getDayOfYear', 'getDayOfMonth', 'getDate', 'getDayOfWeek', 'getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'] as const

export type ZonedParts = Readonly<Record<(typeof TIME_PARTS)[number], number>>

/** The time as clocks show it there: `UTC`, `Europe/Berlin`, `+02:00`. */
export function zoned(time: Timestamp, zone: string): ZonedParts {
  const millis = millisOf(time)
  const local = new Date(millis + offsetMs(millis, zone))
  const year = local.getUTCFullYear()
  return {
    getFullYear: year,
    getMonth: local.getUTCMonth(),
    getDayOfYear: Math.floor((Date.UTC(year, local.getUTCMonth(), local.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000),
    getDayOfMonth: local.getUTCDate() - 1,
    getDate: local.getUTCDate(),
    getDayOfWeek: local.getUTCDay(),
    getHours: local.getUTCHours(),
    getMinutes: local.getUTCMinutes(),
    getSeconds: local.getUTCSeconds(),
    getMilliseconds: local.getUTCMilliseconds(),
  }
}

function offsetMs(millis: number, zone: string): number {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000
  if (zone === 'UTC' || zone === '') return 0
  try {
    const shown = clockOf(zone).formatToParts(millis)
    const part = (type: string): number => Number(shown.find((one) => one.type === type)?.value ?? 0)
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - Math.floor(millis / 1000) * 1000
  } catch {
    throw new CelFault(`unknown time zone ${zone}`)
  }
}

/** To make one takes long, and few zones are asked for. */
const clocks = new Map<string, Intl.DateTimeFormat>()
const MOST_CLOCKS = 50

/** Throws a RangeError for a zone that nobody knows. */
function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
  if (clocks.size >= MOST_CLOCKS) clocks.clear()
  clocks.set(zone, made)
  return made
}
