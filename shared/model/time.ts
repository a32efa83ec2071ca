/** Times as the API writes them, without `Date`: pure code takes and gives milliseconds since the Unix epoch. */

const DAY_MS = 86_400_000

/** Days since 1970-01-01 of a civil date (Howard Hinnant's `days_from_civil`). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

const two = (value: number): string => String(value).padStart(2, '0')

function formatSeconds(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const { year, month, day } = civilFromDays(days)
  const seconds = Math.floor((ms - days * DAY_MS) / 1000)
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** `metav1.Time`: RFC 3339 in whole seconds, UTC. */
export const formatTime = (ms: number): string => `${formatSeconds(ms)}Z`

/** `metav1.MicroTime`: RFC 3339 with six digits, UTC. */
export const formatMicroTime = (ms: number): string => `${formatSeconds(ms)}.${String(Math.floor((ms - Math.floor(ms / 1000) * 1000) * 1000)).padStart(6, '0')}Z`

/** RFC 3339 with nine digits, as the CRI log format and `kubectl logs --timestamps` have it. */
export const formatNanoTime = (ms: number): string => `${formatSeconds(ms)}.${String(Math.floor((ms - Math.floor(ms / 1000) * 1000) * 1_000_000)).padStart(9, '0')}Z`

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/

/** The digits from `at` to `end`; NaN if there is anything else. */
function digits(text: string, at: number, end: number): number {
  let value = 0
  for (let index = at; index < end; index++) {
    const digit = text.charCodeAt(index) - 48
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value
}

/** What {@link formatTime} writes, which nearly all times are: read without a pattern. `undefined`: anything else. */
function parsePlain(text: string): number | undefined {
  if (text.length !== 20 || text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':' || text[19] !== 'Z') return undefined
  const [month, day, hour, minute, second] = [digits(text, 5, 7), digits(text, 8, 10), digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)]
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 && second <= 60)) return undefined
  const ms = daysFromCivil(digits(text, 0, 4), month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
  return Number.isNaN(ms) ? undefined : ms
}

/** Milliseconds since the epoch of an RFC 3339 time (with its fraction), or `undefined` if it is none. */
export function parseTime(text: string | undefined): number | undefined {
  // Times that were never set are null in some stored objects, whatever their types say.
  if (typeof text !== 'string') return undefined
  const plain = parsePlain(text)
  if (plain !== undefined) return plain
  const match = RFC3339.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000
  const offset = match[9] === undefined ? 0 : (match[9] === '-' ? -1 : 1) * (Number(match[10]) * 60 + Number(match[11])) * 60_000
  return daysFromCivil(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - offset
}
