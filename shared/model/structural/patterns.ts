/** Go's regular expressions, for which whoever judges custom resources brings an engine: fields of Kubernetes' own types have no patterns. */

export interface Patterns {
  /** Why Go refuses the pattern: `error parsing regexp: missing closing ]: …`; `undefined` if it does not. */
  problemOf(pattern: string): string | undefined
  /** What Go refuses occurs in every text. */
  occursIn(pattern: string, text: string): boolean
}

let patterns: Patterns | undefined

/**
 * From then on patterns are judged, in the whole process; with `undefined` they no longer are.
 * @returns what judged them before.
 */
export function usePatterns(engine: Patterns | undefined): Patterns | undefined {
  const before = patterns
  patterns = engine
  return before
}

export const hasPatterns = (): boolean => patterns !== undefined

export const patternProblemOf = (pattern: string): string | undefined => patterns?.problemOf(pattern)

export const hasPattern = (pattern: string, text: string): boolean => patterns?.occursIn(pattern, text) ?? true
