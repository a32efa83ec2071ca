/** `.dockerignore`: which files of a folder do not belong to a build (the rules of Docker's pattern matcher). Pure. */
export interface IgnoreRules {
  /** @param path from the folder, without a slash in front */
  ignores(path: string): boolean
  /** A folder that is ignored need not be looked into. */
  readonly hasExceptions: boolean
}

interface Rule {
  readonly pattern: RegExp
  readonly keeps: boolean
}

export function parseIgnore(text: string): IgnoreRules {
  return ignoreRules(text.replace(/^\ufeff/, '').split(/\r?\n/).filter((line) => !line.startsWith('#')))
}

/** The last pattern that fits a path, or a folder that it lies in, counts. */
export function ignoreRules(patterns: readonly string[]): IgnoreRules {
  const rules = patterns.flatMap(ruleOf)
  return {
    hasExceptions: rules.some(({ keeps }) => keeps),
    ignores(path) {
      const ways = waysTo(path)
      let ignored = false
      for (const { pattern, keeps } of rules) if (ignored === keeps && ways.some((way) => pattern.test(way))) ignored = !keeps
      return ignored
    },
  }
}

function ruleOf(line: string): readonly Rule[] {
  const trimmed = line.trim()
  const keeps = trimmed.startsWith('!')
  const pattern = cleaned(keeps ? trimmed.slice(1).trim() : trimmed)
  // `.` means the folder itself, which is never left out.
  return pattern === '' ? [] : [{ pattern: globOf(pattern), keeps }]
}

/** Without slashes in front and behind, `.` and `..`. */
function cleaned(pattern: string): string {
  const parts: string[] = []
  for (const part of pattern.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

const waysTo = (path: string): readonly string[] => path.split('/').map((_, at, parts) => parts.slice(0, at + 1).join('/'))

const SPECIAL = /[.+^$(){}|\\/]/

/** `*` and `?` within a name, `**` over folders too, `[a-z]` as everywhere. A pattern that is none fits nothing. */
export function globOf(pattern: string): RegExp {
  let made = ''
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at)
    if (pattern.startsWith('**', at)) {
      at++
      if (pattern.charAt(at + 1) === '/') at++
      made += at + 1 >= pattern.length ? '.*' : '(?:.*/)?'
    } else if (char === '*') made += '[^/]*'
    else if (char === '?') made += '[^/]'
    else if (char === '\\' && at + 1 < pattern.length) made += quoted(pattern.charAt(++at))
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2)
      if (end < 0) return /(?!)/
      made += `[${pattern.slice(at + 1, end).replace(/[\\[]/g, '\\$&')}]`
      at = end
    } else made += quoted(char)
  }
  try {
    return new RegExp(`^${made}$`, 's')
  } catch {
    return /(?!)/
  }
}

const quoted = (char: string): string => (SPECIAL.test(char) || char === '*' || char === '?' || char === '[' || char === ']' ? `\\${char}` : char)
