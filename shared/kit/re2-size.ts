/** How large a regular expression becomes, told from its text: few characters may become very many steps (`x{1000}`), and a class of Unicode letters is hundreds of ranges. */

/** A class by name (`\pL`, `\p{Han}`): as many ranges as the largest have, by order. */
const NAMED_CLASS = 10

interface Group {
  /** Steps of all in it but the last. */
  before: number
  /** Steps of its last item, which a count after it repeats. */
  last: number
}

/** Steps, at least about as many as the pattern is compiled to; of one that cannot be read, some number. */
export function estimatedSteps(pattern: string): number {
  const groups: Group[] = [{ before: 0, last: 0 }]
  const top = (): Group => groups[groups.length - 1] ?? { before: 0, last: 0 }
  const add = (steps: number): void => {
    const group = top()
    group.before += group.last
    group.last = steps
  }
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '\\') {
      const named = /^\\[pP](?:\{[^}]*\}|.)/s.exec(pattern.slice(at, at + 40))?.[0]
      add(named ? NAMED_CLASS : 1)
      at += named ? named.length - 1 : 1
    } else if (character === '[') {
      const end = endOfClass(pattern, at)
      add(pattern.slice(at, end).match(/\\p/gi) ? NAMED_CLASS : 1)
      at = end
    } else if (character === '(') groups.push({ before: 2, last: 0 })
    else if (character === ')' && groups.length > 1) {
      const { before, last } = groups.pop() ?? { before: 0, last: 0 }
      add(before + last)
    } else if (character === '{') {
      const [whole, least = '', most] = /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(pattern.slice(at, at + 12)) ?? []
      if (whole === undefined) add(1)
      else {
        const optional = most !== undefined && most !== ''
        top().last = optional ? top().last * Number(least) + (top().last + 1) * Math.max(0, Number(most) - Number(least)) : top().last * Math.max(1, Number(least))
        at += whole.length - 1
      }
    } else add(1)
  }
  return groups.reduce((sum, { before, last }) => sum + before + last, 0)
}

/** Where the class that begins here ends; a `]` that comes first is one of it. */
function endOfClass(pattern: string, start: number): number {
  let at = start + 1
  if (pattern[at] === '^') at++
  if (pattern[at] === ']') at++
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : pattern.startsWith('[:', at) ? Math.max(1, pattern.indexOf(':]', at) + 2 - at) : 1
  return Math.min(at, pattern.length)
}
