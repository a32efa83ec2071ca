import { type Glob, globOf } from './glob.ts'

/** `.dockerignore`: which files of a folder do not belong to a build (the rules of Docker's pattern matcher). Pure. */
export interface IgnoreRules {
  /** @param path from the folder, without a slash in front */
  ignores(path: string): boolean
  /** A folder that is ignored need not be looked into. */
  readonly hasExceptions: boolean
}

interface Rule {
  readonly pattern: Glob
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
