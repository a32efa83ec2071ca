/** What a quota says to one more object. */
import type { Container, Pod, ResourceQuota } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { addQuantities, compareQuantities } from '../../../shared/model/quantity.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'
import { isInScopes } from './scopes.ts'
import { computeUsage, type Counted, isCountedAs } from './usage.ts'

export type Verdict =
  /** It is none of the quota's business, or costs nothing. */
  | { readonly kind: 'free' }
  /** It fits; this is what is used with it. */
  | { readonly kind: 'charged'; readonly used: ResourceList }
  | { readonly kind: 'refused'; readonly message: string }

export interface Charge {
  readonly resource: Counted
  readonly object: JsonObject
  /** What the object uses more than it did before. */
  readonly grown: ResourceList
}

/** Names that the quota bounds and the object may be counted under; none: the quota does not apply. */
export function boundedNames(quota: ResourceQuota, { resource, object }: Omit<Charge, 'grown'>): readonly string[] {
  const names = Object.keys(amountsOf(quota.status?.hard)).filter((name) => isCountedAs(resource, name))
  return names.length > 0 && isInScopes(quota, resource, object) ? names : []
}

export function judge(quota: ResourceQuota, charge: Charge): Verdict {
  if (boundedNames(quota, charge).length === 0) return { kind: 'free' }
  const message = whyUncountable(quota, charge)
  if (message !== undefined) return { kind: 'refused', message }
  const quotaName = quota.metadata.name ?? ''
  const [hard, used] = [amountsOf(quota.status?.hard), amountsOf(quota.status?.used)]
  const asked = Object.entries(charge.grown).filter(([name]) => hard[name] !== undefined)
  if (asked.length === 0) return { kind: 'free' }
  const after = { ...used, ...Object.fromEntries(asked.map(([name, amount]) => [name, addQuantities(used[name], amount)])) }
  const exceeded = asked.map(([name]) => name).filter((name) => compareQuantities(after[name], hard[name]) > 0)
  if (exceeded.length === 0) return { kind: 'charged', used: after }
  const shown = (list: ResourceList): string => exceeded.toSorted().map((name) => `${name}=${list[name] ?? '0'}`).join(',')
  return { kind: 'refused', message: `exceeded quota: ${quotaName}, requested: ${shown(charge.grown)}, used: ${shown(used)}, limited: ${shown(hard)}` }
}

/** What keeps an object from being counted at all: it does not say how much it wants, or nobody knows yet what is used. */
export function whyUncountable(quota: ResourceQuota, charge: Omit<Charge, 'grown'>): string | undefined {
  const names = boundedNames(quota, charge)
  const quotaName = quota.metadata.name ?? ''
  const missing = missingAmounts(charge, names)
  if (missing !== undefined) return `failed quota: ${quotaName}: ${missing}`
  const used = amountsOf(quota.status?.used)
  const unknown = names.filter((name) => used[name] === undefined)
  return unknown.length === 0 ? undefined : `status unknown for quota: ${quotaName}, resources: ${unknown.toSorted().join(',')}`
}

/** Where a quota bounds one of these every container has to say how much it wants. */
const explicit = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']

function missingAmounts({ resource, object }: Omit<Charge, 'grown'>, names: readonly string[]): string | undefined {
  if (resource.group !== '' || resource.plural !== 'pods') return undefined
  const { spec } = object as unknown as Pod
  if (Object.keys({ ...spec?.resources?.requests, ...spec?.resources?.limits }).length > 0) return undefined
  const wanted = explicit.filter((name) => names.includes(name)).toSorted()
  const containers: readonly Container[] = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const told = wanted.flatMap((name) => {
    const silent = containers.filter(({ resources }) => computeUsage(amountsOf(resources?.requests), amountsOf(resources?.limits))[name] === undefined)
    return silent.length === 0 ? [] : [`${name} for: ${[...new Set(silent.map((one) => one.name))].toSorted().join(',')}`]
  })
  return told.length === 0 ? undefined : `must specify ${told.join('; ')}`
}
