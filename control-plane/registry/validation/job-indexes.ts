/** Lists of indexes of an indexed job: `1,3-5,7`. */
import { goQuote } from '../../../shared/model/go-text.ts'

export interface Interval {
  readonly first: number
  readonly last: number
}

export type Indexes = { readonly kind: 'indexes'; readonly intervals: readonly Interval[]; readonly total: number } | { readonly kind: 'problem'; readonly problem: string }

/** Increasing intervals below `completions`, or why it is none of that. */
export function readIndexes(text: string, completions: number): Indexes {
  const intervals: Interval[] = []
  for (const part of text === '' ? [] : text.split(',')) {
    const interval = readInterval(part, completions)
    if (typeof interval === 'string') return { kind: 'problem', problem: interval }
    const before = intervals.at(-1)?.last
    if (before !== undefined && before >= interval.first) return { kind: 'problem', problem: outOfOrder(before, interval.first) }
    intervals.push(interval)
  }
  return { kind: 'indexes', intervals, total: intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0) }
}

const outOfOrder = (before: number, now: number): string => `non-increasing order, previous: ${before}, current: ${now}`

function readInterval(text: string, completions: number): Interval | string {
  const parts = text.split('-')
  if (parts.length > 2) return `the fragment ${goQuote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  const [first, last] = parts.map((part) => readIndex(part, completions))
  if (typeof first !== 'number') return first ?? ''
  if (last === undefined) return { first, last: first }
  if (typeof last !== 'number') return last
  return first >= last ? outOfOrder(first, last) : { first, last }
}

function readIndex(text: string, completions: number): number | string {
  const unsigned = text.replace(/^[+-]/, '')
  if (!/^\d+$/.test(unsigned) || BigInt.asIntN(64, BigInt(unsigned)) !== BigInt(unsigned)) return `cannot convert string to integer for index: ${goQuote(text)}`
  return Number(text) >= completions ? `too large index: ${goQuote(text)}` : Number(text)
}

/** The first index that both lists hold, as far as they can be read. */
export function findOverlap(completed: string, failed: string, completions: number): number | undefined {
  const read = (text: string): readonly Interval[] => text.split(',').flatMap((part) => {
    const interval = readInterval(part, completions)
    return typeof interval === 'string' ? [] : [interval]
  })
  if (completed === '' || failed === '') return undefined
  const [done, lost] = [read(completed), read(failed)]
  for (let a = 0, b = 0; ; ) {
    const [left, right] = [done[a], lost[b]]
    if (!left || !right) return undefined
    if (left.first <= right.last && right.first <= left.last) return Math.max(left.first, right.first)
    if (left.first <= right.first) a++
    else b++
  }
}
