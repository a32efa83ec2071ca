import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems, patternProblem } from '../../../shared/model/validation/names.ts'

/** Every objection against one value, as errors of its field. */
export const objections = (field: string, value: unknown, problems: readonly string[]): readonly FieldError[] => problems.map((problem) => invalid(field, value, problem))

const NONE: readonly FieldError[] = []

/** The errors of every item of a list, with the path of each. */
export function each<T>(items: readonly T[] | undefined, path: string, check: (item: T, path: string, index: number) => readonly FieldError[]): readonly FieldError[] {
  // Go prints lists that are not there as null.
  if (!items || items.length === 0) return NONE
  return items.length === 1 ? check(items[0] as T, `${path}[0]`, 0) : items.flatMap((item, index) => check(item, `${path}[${index}]`, index))
}

/** One of a closed set of words. */
export const oneOf = (field: string, value: string | undefined, supported: readonly string[]): readonly FieldError[] => (supported.includes(value ?? '') ? [] : [notSupported(field, value ?? '', supported)])

/** As {@link oneOf}, where nothing at all is missing rather than wrong. */
export const requiredOneOf = (field: string, value: string | undefined, supported: readonly string[]): readonly FieldError[] => (value ? oneOf(field, value, supported) : [required(field)])

export const requiredText = (field: string, value: string | undefined): readonly FieldError[] => (value ? [] : [required(field)])

export const dnsLabel = (field: string, value: string): readonly FieldError[] => objections(field, value, dns1123LabelProblems(value))
export const dnsSubdomain = (field: string, value: string): readonly FieldError[] => objections(field, value, dns1123SubdomainProblems(value))

const PATH_PATTERN = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

/** `example.com/anything`: who or what somebody else takes care of. */
export function domainPrefixedPath(field: string, value: string): readonly FieldError[] {
  if (value === '') return [required(field)]
  const slash = value.indexOf('/')
  const [host, path] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)]
  if (host === '' || path === '') return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  return [...dnsSubdomain(field, host), ...(new RegExp(`^${PATH_PATTERN}$`).test(path) ? [] : [invalid(field, path, patternProblem('Invalid path', PATH_PATTERN, []))])]
}

export const nonNegative = (field: string, value: number | undefined): readonly FieldError[] => ((value ?? 0) < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : [])

/** Files the kubelet writes: permission bits only. */
export const fileMode = (field: string, mode: number | undefined): readonly FieldError[] =>
  mode !== undefined && (mode < 0 || mode > 0o777) ? [invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')] : []

export const noBacksteps = (field: string, path: string): readonly FieldError[] => (path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : [])

/** A path that stays below where it starts. */
export const descendingPath = (field: string, path: string): readonly FieldError[] => [...(path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []), ...noBacksteps(field, path)]

/** As {@link descendingPath}, and not one of the names that kubelet keeps for itself. */
export const nonReservedPath = (field: string, path: string): readonly FieldError[] => [
  ...descendingPath(field, path),
  ...(path.startsWith('..') && !path.startsWith('../') ? [invalid(field, path, "must not start with '..'")] : []),
]

/** Entries in key order: Go's maps have none, so answers are put in a repeatable one. */
export const sortedEntries = <T>(map: Readonly<Record<string, T>> | undefined): ReadonlyArray<readonly [string, T]> => Object.entries(map ?? {}).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
