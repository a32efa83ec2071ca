/** Whether somebody's rules hold everything that other rules would give, piece by piece. PURE. */
import type { PolicyRule } from '../../../../shared/model/gen/api.ts'
import { ALL, pathMatches } from './rules.ts'

/** The pieces of `wanted` (one verb on one resource or path) that no rule of `held` covers. */
export const uncovered = (held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] => wanted.flatMap(piecesOf).filter((piece) => !held.some((rule) => covers(rule, piece)))

function piecesOf({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): readonly PolicyRule[] {
  const named = (rule: PolicyRule): readonly PolicyRule[] => (resourceNames.length === 0 ? [rule] : resourceNames.map((name) => ({ ...rule, resourceNames: [name] })))
  return [
    ...apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.flatMap((verb) => named({ apiGroups: [group], resources: [resource], verbs: [verb] })))),
    ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] }))),
  ]
}

function covers(held: PolicyRule, piece: PolicyRule): boolean {
  const names = held.resourceNames ?? []
  return (
    hasAll(held.verbs, piece.verbs) &&
    hasAll(held.apiGroups, piece.apiGroups) &&
    (piece.resources ?? []).every((resource) => coversResource(held.resources ?? [], resource)) &&
    (piece.nonResourceURLs ?? []).every((url) => (held.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, url))) &&
    (names.length === 0 || ((piece.resourceNames ?? []).length > 0 && (piece.resourceNames ?? []).every((name) => names.includes(name))))
  )
}

const hasAll = (held: readonly string[] = [], wanted: readonly string[] = []): boolean => held.includes(ALL) || wanted.every((one) => held.includes(one))

function coversResource(held: readonly string[], resource: string): boolean {
  if (held.includes(ALL) || held.includes(resource)) return true
  const [, subresource] = resource.split('/')
  return subresource !== undefined && held.includes(`*/${subresource}`)
}

/** Pieces about the same resource put together again: their verbs side by side. */
export function compacted(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const simple = new Map<string, PolicyRule>()
  const others: PolicyRule[] = []
  for (const rule of rules) {
    const key = simpleKey(rule)
    const before = key === undefined ? undefined : simple.get(key)
    if (key === undefined) others.push(rule)
    else simple.set(key, before ? { ...before, verbs: [...new Set([...before.verbs, ...rule.verbs])] } : rule)
  }
  return [...others, ...simple.values()]
}

function simpleKey({ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): string | undefined {
  return apiGroups.length === 1 && resources.length === 1 && resourceNames.length <= 1 && nonResourceURLs.length === 0 ? JSON.stringify([apiGroups, resources, resourceNames]) : undefined
}

/** A rule as refusals quote it: `{APIGroups:[""], Resources:["pods"], Verbs:["list"]}`. */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts: ReadonlyArray<readonly [string, readonly string[] | undefined]> = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ]
  return `{${parts
    .filter(([, values]) => values && values.length > 0)
    .map(([name, values]) => `${name}:${quotedList(values ?? [])}`)
    .join(', ')}}`
}

/** As Go's `%q` prints a list of strings. */
export const quotedList = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
