/** What numbers and port names may be. Each function gives every objection in Kubernetes' words. */
import { tooLongCharacters } from './names.ts'

export const inclusiveRange = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`

export const portNumberProblems = (port: number): readonly string[] => (port >= 1 && port <= 65_535 ? [] : [inclusiveRange(1, 65_535)])

/** An IANA service name, at most 15 characters. */
export function portNameProblems(name: string): readonly string[] {
  const problems: string[] = []
  if (name.length > 15) problems.push(tooLongCharacters(15))
  if (!/^[-a-z0-9]+$/.test(name)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)')
  if (name.includes('--')) problems.push('must not contain consecutive hyphens')
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

export const userIdProblems = (id: number): readonly string[] => (id >= 0 && id <= 2_147_483_647 ? [] : [inclusiveRange(0, 2_147_483_647)])
export const groupIdProblems = userIdProblems

export const NOT_NEGATIVE = 'must be greater than or equal to 0'
export const nonNegativeProblems = (value: number): readonly string[] => (value >= 0 ? [] : [NOT_NEGATIVE])
