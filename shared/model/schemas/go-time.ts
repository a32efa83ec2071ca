/** Go's complaints about texts that are no times. */
import { goQuote } from '../go-text.ts'
import { formatTime, parseTime } from '../time.ts'

const elements: ReadonlyArray<readonly [layout: string, pattern: RegExp]> = [
  ['2006', /^\d{4}/], ['-', /^-/], ['01', /^\d\d/], ['-', /^-/], ['02', /^\d\d/], ['T', /^T/], ['15', /^\d\d/], [':', /^:/], ['04', /^\d\d/], [':', /^:/], ['05', /^\d\d/],
]
const ZONE: readonly [string, RegExp] = ['Z07:00', /^(?:Z|[+-]\d\d:\d\d)/]
const MICROS: readonly [string, RegExp] = ['.000000', /^\.\d{6}/]
const SECONDS_LAYOUT = '2006-01-02T15:04:05Z07:00'
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00'

export type NormalTime = { readonly kind: 'time'; readonly text: string } | { readonly kind: 'problem'; readonly message: string }

/** `metav1.Time`, read and written again: whole seconds, UTC. */
export const normalTime = (text: string): NormalTime => normal(text, { layout: SECONDS_LAYOUT, micro: false })
/** `metav1.MicroTime`: six digits are a must. */
export const normalMicroTime = (text: string): NormalTime => normal(text, { layout: MICRO_LAYOUT, micro: true })

const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function normal(text: string, { layout, micro }: { readonly layout: string; readonly micro: boolean }): NormalTime {
  const problem = (detail: string): NormalTime => ({ kind: 'problem', message: `parsing time ${goQuote(text)}${detail}` })
  const mismatch = firstMismatch(text, micro)
  if (mismatch) return problem(` as ${goQuote(layout)}: cannot parse ${goQuote(mismatch.rest)} as ${goQuote(mismatch.element)}`)
  const ms = parseTime(text)
  if (ms === undefined) return problem(`: ${outOfRange(text)} out of range`)
  if (!micro && CANONICAL.test(text)) return { kind: 'time', text }
  return { kind: 'time', text: micro ? `${formatTime(ms).slice(0, -1)}${text.slice(19, 26)}Z` : formatTime(ms) }
}

function firstMismatch(text: string, micro: boolean): { readonly rest: string; readonly element: string } | undefined {
  let rest = text
  for (const [element, pattern] of [...elements, ...(micro ? [MICROS] : []), ZONE]) {
    // A time may have a fraction of a second although the layout has none.
    if (element === 'Z07:00' && !micro) rest = rest.replace(/^[.,]\d+/, '')
    const match = pattern.exec(rest)
    if (!match) return { rest, element }
    rest = rest.slice(match[0].length)
  }
  return rest === '' ? undefined : { rest, element: '' }
}

function outOfRange(text: string): string {
  const month = Number(text.slice(5, 7))
  if (month < 1 || month > 12) return 'month'
  if (Number(text.slice(11, 13)) > 23) return 'hour'
  if (Number(text.slice(14, 16)) > 59) return 'minute'
  return Number(text.slice(17, 19)) > 59 ? 'second' : 'day'
}

