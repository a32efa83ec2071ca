/** A unified diff by the matching that Kubernetes' uses: the longest common run first, then what is left on both sides of it. */

interface Match {
  readonly a: number
  readonly b: number
  readonly size: number
}

interface Range {
  readonly aLow: number
  readonly aHigh: number
  readonly bLow: number
  readonly bHigh: number
}

/** From so many lines on, lines that are more than a hundredth of them start no match. */
const POPULAR_FROM = 200

function positions(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [index, line] of lines.entries()) {
    const at = found.get(line)
    if (at) at.push(index)
    else found.set(line, [index])
  }
  if (lines.length < POPULAR_FROM) return found
  const limit = Math.floor(lines.length / 100) + 1
  return new Map([...found].filter(([, at]) => at.length <= limit))
}

interface Texts {
  readonly a: readonly string[]
  readonly b: readonly string[]
  readonly bPositions: ReadonlyMap<string, readonly number[]>
}

function longestMatch({ a, b, bPositions }: Texts, { aLow, aHigh, bLow, bHigh }: Range): Match {
  let best: Match = { a: aLow, b: bLow, size: 0 }
  let lengths = new Map<number, number>()
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>()
    for (const j of bPositions.get(a[i] ?? '') ?? []) {
      if (j < bLow) continue
      if (j >= bHigh) break
      const size = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, size)
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size }
    }
    lengths = next
  }
  let { a: i, b: j, size } = best
  while (i > aLow && j > bLow && a[i - 1] === b[j - 1]) {
    i--
    j--
    size++
  }
  while (i + size < aHigh && j + size < bHigh && a[i + size] === b[j + size]) size++
  return { a: i, b: j, size }
}

/** Runs that both texts share, in order; the last is empty and stands at the end. */
function matches(texts: Texts): readonly Match[] {
  const found: Match[] = []
  const open: Range[] = [{ aLow: 0, aHigh: texts.a.length, bLow: 0, bHigh: texts.b.length }]
  for (let range = open.pop(); range; range = open.pop()) {
    const match = longestMatch(texts, range)
    if (match.size === 0) continue
    found.push(match)
    open.push({ aLow: range.aLow, aHigh: match.a, bLow: range.bLow, bHigh: match.b }, { aLow: match.a + match.size, aHigh: range.aHigh, bLow: match.b + match.size, bHigh: range.bHigh })
  }
  found.sort((x, y) => x.a - y.a || x.b - y.b)
  return [...found, { a: texts.a.length, b: texts.b.length, size: 0 }]
}

/** Places where the texts differ: each replaces `a[aLow, aHigh)` by `b[bLow, bHigh)`. */
function changes(texts: Texts): readonly Range[] {
  const ranges: Range[] = []
  let a = 0
  let b = 0
  for (const match of matches(texts)) {
    if (a < match.a || b < match.b) ranges.push({ aLow: a, aHigh: match.a, bLow: b, bHigh: match.b })
    a = match.a + match.size
    b = match.b + match.size
  }
  return ranges
}

/** Changes that are so close that what is around them meets. */
function grouped(ranges: readonly Range[], context: number): readonly (readonly Range[])[] {
  const groups: Range[][] = []
  for (const range of ranges) {
    const last = groups.at(-1)
    const before = last?.at(-1)
    if (last && before && range.aLow - before.aHigh <= context * 2) last.push(range)
    else groups.push([range])
  }
  return groups
}

const span = (low: number, high: number): string => (high - low === 1 ? `${low + 1}` : `${high === low ? low : low + 1},${high - low}`)

function hunk({ a, b }: Texts, group: readonly Range[], context: number): string {
  const first = group[0] ?? { aLow: 0, bLow: 0 }
  const last = group.at(-1) ?? { aHigh: 0, bHigh: 0 }
  const lead = Math.min(context, first.aLow)
  const trail = Math.min(context, a.length - last.aHigh)
  const lines = a.slice(first.aLow - lead, first.aLow).map((line) => ` ${line}`)
  for (const [index, range] of group.entries()) {
    const next = group[index + 1]
    lines.push(...a.slice(range.aLow, range.aHigh).map((line) => `-${line}`), ...b.slice(range.bLow, range.bHigh).map((line) => `+${line}`))
    lines.push(...a.slice(range.aHigh, next ? next.aLow : range.aHigh + trail).map((line) => ` ${line}`))
  }
  return `@@ -${span(first.aLow - lead, last.aHigh + trail)} +${span(first.bLow - lead, last.bHigh + trail)} @@\n${lines.join('\n')}\n`
}

/** What turns `before` into `after`, line by line, with `context` lines around each change; '' if nothing does. */
export function unifiedDiff(before: readonly string[], after: readonly string[], context = 3): string {
  const texts = { a: before, b: after, bPositions: positions(after) }
  return grouped(changes(texts), context)
    .map((group) => hunk(texts, group, context))
    .join('')
}
