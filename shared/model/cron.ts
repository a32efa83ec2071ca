/** Schedules in cron's five fields (`0 4 * * 1-5`) or by name (`@daily`, `@every 90m`), as the library reads them that Kubernetes uses. PURE. */
import { goQuote } from './go-text.ts'

/** The values of each field that match. Where neither days of the month nor of the week are starred, either of them suffices. */
export interface CronFields {
  readonly kind: 'fields'
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly daysOfMonth: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly daysOfWeek: ReadonlySet<number>
  readonly anyDayOfMonth: boolean
  readonly anyDayOfWeek: boolean
}

export type CronSchedule = CronFields | { readonly kind: 'every'; readonly periodMs: number } | { readonly kind: 'problem'; readonly problem: string }

interface Bounds {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const bounds: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
]

const named: Readonly<Record<string, string>> = { '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *' }
const EVERY = '@every '
const ZONE = /^(?:CRON_)?TZ=/

const problem = (text: string): { readonly kind: 'problem'; readonly problem: string } => ({ kind: 'problem', problem: text })

/** What the schedule says, or why it says nothing, in that library's words. A time zone in front (`TZ=UTC 0 4 * * *`) is skipped. */
export function parseCron(text: string): CronSchedule {
  if (text === '') return problem('empty spec string')
  const body = ZONE.test(text) ? withoutZone(text) : text
  if (body === undefined) return problem(`provided bad location ${text.slice(text.indexOf('=') + 1)}: no schedule follows`)
  if (body.startsWith('@')) return parseDescriptor(body)
  const fields = body.split(/\s+/).filter((field) => field !== '')
  if (fields.length !== bounds.length) return problem(`expected exactly ${bounds.length} fields, found ${fields.length}: [${fields.join(' ')}]`)
  const read = fields.map((field, index) => readField(field, bounds[index] ?? { min: 0, max: 0, names: [] }))
  for (const one of read) if (typeof one === 'string') return problem(one)
  const [minutes = none, hours = none, daysOfMonth = none, months = none, daysOfWeek = none] = read.filter((one) => typeof one !== 'string')
  return { kind: 'fields', minutes: minutes.values, hours: hours.values, daysOfMonth: daysOfMonth.values, months: months.values, daysOfWeek: daysOfWeek.values, anyDayOfMonth: daysOfMonth.star, anyDayOfWeek: daysOfWeek.star }
}

function withoutZone(text: string): string | undefined {
  const space = text.indexOf(' ')
  return space < 0 ? undefined : text.slice(space).trim()
}

function parseDescriptor(text: string): CronSchedule {
  const fields = named[text]
  if (fields !== undefined) return parseCron(fields)
  if (!text.startsWith(EVERY)) return problem(`unrecognized descriptor: ${text}`)
  const period = parseGoDuration(text.slice(EVERY.length))
  return typeof period === 'number' ? { kind: 'every', periodMs: Math.max(1000, Math.trunc(period / 1000) * 1000) } : problem(`failed to parse duration ${text}: ${period}`)
}

interface Read {
  readonly values: ReadonlySet<number>
  /** Every value, said as `*` or `?`. */
  readonly star: boolean
}

const none: Read = { values: new Set(), star: false }

function readField(field: string, of: Bounds): Read | string {
  const values = new Set<number>()
  let star = false
  for (const part of field.split(',').filter((one) => one !== '')) {
    const range = readRange(part, of)
    if (typeof range === 'string') return range
    star ||= range.star
    for (let value = range.first; value <= range.last; value += range.step) values.add(value)
  }
  return { values, star }
}

interface Range {
  readonly first: number
  readonly last: number
  readonly step: number
  readonly star: boolean
}

function readRange(text: string, of: Bounds): Range | string {
  const [whole = '', stepText, ...rest] = text.split('/')
  const [low = '', high, ...more] = whole.split('-')
  const starred = low === '*' || low === '?'
  if (!starred && more.length > 0) return `too many hyphens: ${text}`
  const first = starred ? of.min : readNumber(low, of.names)
  if (typeof first === 'string') return first
  const end = starred ? of.max : high === undefined ? first : readNumber(high, of.names)
  if (typeof end === 'string') return end
  if (rest.length > 0) return `too many slashes: ${text}`
  const step = stepText === undefined ? 1 : readNumber(stepText, [])
  if (typeof step === 'string') return step
  // `5/15` begins at 5 and goes on to the end.
  const last = stepText !== undefined && high === undefined ? of.max : end
  return checkRange({ first, last, step, star: starred && step <= 1 }, text, of)
}

function checkRange(range: Range, text: string, { min, max }: Bounds): Range | string {
  const { first, last, step } = range
  if (first < min) return `beginning of range (${first}) below minimum (${min}): ${text}`
  if (last > max) return `end of range (${last}) above maximum (${max}): ${text}`
  if (first > last) return `beginning of range (${first}) beyond end of range (${last}): ${text}`
  return step === 0 ? `step of range should be a positive number: ${text}` : range
}

function readNumber(text: string, names: readonly string[]): number | string {
  const at = names.indexOf(text.toLowerCase())
  if (at >= 0) return names === MONTHS ? at + 1 : at
  if (!/^[+-]?\d+$/.test(text)) return `failed to parse int from ${text}: strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`
  const value = Number(text)
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value
}

const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, 'μs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `1h30m` in milliseconds, or Go's objection to it. */
export function parseGoDuration(text: string): number | string {
  const sign = text.startsWith('-') ? -1 : 1
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  if (rest === '') return `time: invalid duration ${goQuote(text)}`
  let total = 0
  while (rest !== '') {
    const match = /^(\d*\.?\d*)([^\d.]*)/.exec(rest)
    const [all = '', amount = '', unit = ''] = match ?? []
    if (amount === '' || amount === '.') return `time: invalid duration ${goQuote(text)}`
    if (unit === '') return `time: missing unit in duration ${goQuote(text)}`
    const size = Object.hasOwn(unitsMs, unit) ? unitsMs[unit] : undefined
    if (size === undefined) return `time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`
    total += Number(amount) * size
    rest = rest.slice(all.length)
  }
  return sign * total
}
