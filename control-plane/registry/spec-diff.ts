import { isJsonObject } from '../../shared/model/json.ts'

const CONTEXT = 3

/** A value as indented JSON, one line each, keys sorted. */
function linesOf(value: unknown): readonly string[] {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(sorted)
    if (!isJsonObject(part)) return part
    return Object.fromEntries(
      Object.entries(part)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, sorted(item)]),
    )
  }
  return JSON.stringify(sorted(value), undefined, 1).split('\n')
}

/** The part of two values in which they differ, as a unified diff of their JSON with three lines around it: what was not allowed to change. */
export function specDiff(before: unknown, after: unknown): string {
  const old = linesOf(before)
  const next = linesOf(after)
  let start = 0
  while (start < old.length && start < next.length && old[start] === next[start]) start++
  let end = 0
  while (end < old.length - start && end < next.length - start && old.at(-1 - end) === next.at(-1 - end)) end++
  const from = Math.max(0, start - CONTEXT)
  const shared = old.slice(from, start)
  const tail = old.slice(old.length - end, old.length - end + CONTEXT)
  const lines = [...shared.map((line) => ` ${line}`), ...old.slice(start, old.length - end).map((line) => `-${line}`), ...next.slice(start, next.length - end).map((line) => `+${line}`), ...tail.map((line) => ` ${line}`)]
  const count = (total: number): number => total - end - start + shared.length + tail.length
  return `@@ -${from + 1},${count(old.length)} +${from + 1},${count(next.length)} @@\n${lines.join('\n')}\n`
}
