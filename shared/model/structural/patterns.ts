/** Go's regular expressions (RE2) in JavaScript's: what both have is compiled, what Go has not is told in Go's words. */

const compiled = new Map<string, RegExp | undefined>()
const MOST_REMEMBERED = 10_000
/** Patterns also come from fields of objects, and may be as long as those. */
const MOST_CHARACTERS = 2_000_000
let characters = 0

/** `undefined` for what cannot be compiled here. */
export function compilePattern(pattern: string): RegExp | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern)
  const made = patternProblemOf(pattern) === undefined ? translated(pattern) : undefined
  characters += pattern.length
  if (compiled.size >= MOST_REMEMBERED || characters > MOST_CHARACTERS) {
    compiled.clear()
    characters = pattern.length
  }
  compiled.set(pattern, made)
  return made
}

const POSIX: Readonly<Record<string, string>> = { alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7F', blank: '\\t ', cntrl: '\\x00-\\x1F\\x7F', digit: '0-9', graph: '!-~', lower: 'a-z', print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z', word: '0-9A-Za-z_', xdigit: '0-9A-Fa-f' }

function translated(pattern: string): RegExp | undefined {
  let flags = ''
  const source = pattern
    .replace(/^\(\?([ims]+)\)/, (_, given: string) => {
      flags = given
      return ''
    })
    .replace(/\(\?P</g, '(?<')
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
    .replace(/\\Q(.*?)(?:\\E|$)/gs, (_, literal: string) => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return tryCompile(source, `${flags}u`) ?? tryCompile(source, flags)
}

function tryCompile(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags)
  } catch {
    return undefined
  }
}

/** Why Go refuses a pattern: `error parsing regexp: missing closing ]: …`; `undefined` if it does not. */
export function patternProblemOf(pattern: string): string | undefined {
  const say = (problem: string, what: string): string => `error parsing regexp: ${problem}: \`${what}\``
  let depth = 0
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at)
    if (char === '\\') {
      const next = pattern.charAt(at + 1)
      if (next === '') return 'error parsing regexp: trailing backslash at end of expression: ``'
      if (/[1-9]/.test(next) || /[a-zA-Z]/.test(next) === true && !/[abBdDwWsSfnrtvxpPQECAz]/.test(next)) return say('invalid escape sequence', `\\${next}`)
      at++
      continue
    }
    if (char === '[') {
      const end = classEnd(pattern, at)
      if (end < 0) return say('missing closing ]', pattern.slice(at))
      const bad = /([^\\\]])-([^\]\\[])/.exec(pattern.slice(at + 1, end))
      if (bad && (bad[1] ?? '') > (bad[2] ?? '')) return say('invalid character class range', `${bad[1]}-${bad[2]}`)
      at = end
      continue
    }
    if (char === '(') {
      depth++
      const look = /^\(\?(?:<?[=!]|#)/.exec(pattern.slice(at))
      if (look) return say('invalid or unsupported Perl syntax', look[0].startsWith('(?<') ? pattern.slice(at, at + 4) : look[0])
      if (pattern.startsWith('(?', at)) at++
    } else if (char === ')') {
      depth--
      if (depth < 0) return say('unexpected )', pattern)
    } else if (/[*+?]/.test(char) && (at === 0 || '(|'.includes(pattern.charAt(at - 1))) && !(char === '?' && pattern.charAt(at - 1) === '(')) return say('missing argument to repetition operator', char)
  }
  return depth > 0 ? say('missing closing )', pattern) : undefined
}

function classEnd(pattern: string, start: number): number {
  let at = start + 1
  if (pattern.charAt(at) === '^') at++
  if (pattern.charAt(at) === ']') at++
  for (; at < pattern.length; at++) {
    if (pattern.charAt(at) === '\\') at++
    else if (pattern.startsWith('[:', at)) {
      const end = pattern.indexOf(':]', at)
      if (end > 0) at = end + 1
    } else if (pattern.charAt(at) === ']') return at
  }
  return -1
}
