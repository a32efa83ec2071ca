import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../../../shared/model/gen/api.ts'
import { quotedList } from '../../../shared/model/schemas/sent-empty.ts'
import type { StrategyContext } from '../kind.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { sortedEntries } from './check.ts'
import { isHugePages, validateResourceName } from './resource-names.ts'
import { validateQuantity } from './resources.ts'

const ofPods = ['cpu', 'memory', 'ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'pods']
const ofObjects = ['requests.storage', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'persistentvolumeclaims', 'configmaps', 'services.nodeports', 'services.loadbalancers']
const ofClaims = ['persistentvolumeclaims', 'requests.storage']

export const quotaScopes = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity', 'VolumeAttributesClass'] as const

const isQuotaName = (name: string): boolean => ofPods.includes(name) || ofObjects.includes(name) || isHugePages(name) || name.startsWith('requests.hugepages-')
const isExtendedRequest = (name: string): boolean => name.includes('/')

/** Whether a quota of this scope can count this resource. */
function fits(scope: string, name: string): boolean {
  switch (scope) {
    case 'Terminating':
    case 'NotTerminating':
    case 'NotBestEffort':
    case 'PriorityClass':
    case 'CrossNamespacePodAffinity':
      return ofPods.includes(name) || isHugePages(name) || name.startsWith('requests.hugepages-') || isExtendedRequest(name)
    case 'BestEffort':
      return name === 'pods'
    case 'VolumeAttributesClass':
      return ofClaims.includes(name)
    default:
      return true
  }
}

export const validateNewResourceQuota = ({ spec }: ResourceQuota): readonly FieldError[] => validateSpec(spec ?? {})

export function validateResourceQuotaChange(quota: ResourceQuota, old: ResourceQuota, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return [...validateAmounts(quota.status?.hard, 'status.hard'), ...validateAmounts(quota.status?.used, 'status.used')]
  const [scopes, before] = [new Set<string>(quota.spec?.scopes), new Set<string>(old.spec?.scopes)]
  const changed = scopes.symmetricDifference(before).size > 0 ? [invalid('spec.scopes', quotedList(quota.spec, 'scopes', quota.spec?.scopes), 'field is immutable')] : []
  return [...validateSpec(quota.spec ?? {}), ...changed]
}

function validateAmounts(list: QuantityList | undefined, path: string): readonly FieldError[] {
  return sortedEntries(amountsOf(list)).flatMap(([name, amount]) => {
    const field = `${path}[${name}]`
    return [...validateQuotaName(name, field), ...validateQuantity(name, amount, field)]
  })
}

function validateQuotaName(name: string, field: string): readonly FieldError[] {
  const errors = validateResourceName(name, field)
  return name.includes('/') || isQuotaName(name) ? errors : [...errors, invalid(field, name, 'must be a standard resource for quota')]
}

function validateSpec(spec: ResourceQuotaSpec): readonly FieldError[] {
  return [...validateAmounts(spec.hard, 'spec.hard'), ...validateScopes(spec), ...validateSelector(spec)]
}

const pairs = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const

function validateScopes({ scopes = [], hard }: ResourceQuotaSpec): readonly FieldError[] {
  const field = 'spec.scopes'
  const misfits = misfitsIn(hard)
  const errors = scopes.flatMap((scope) => [...(isKnown(scope) ? [] : [invalid(field, scopes, 'unsupported scope')]), ...misfits(scope).map((why) => invalid(field, scopes, why))])
  return [...errors, ...conflicts(scopes, field, scopes)]
}

const isKnown = (scope: string): boolean => quotaScopes.some((one) => one === scope)

/** No answer has room for more. */
const MOST_SAID = 100_000

/** Said once for each resource that a quota of this scope cannot count. The same scope may come very often, beside very many resources. */
function misfitsIn(hard: QuantityList | undefined): (scope: string) => readonly string[] {
  const names = Object.keys(hard ?? {}).filter(isQuotaName)
  const known = new Map<string, readonly string[]>()
  let said = 0
  return (scope) => {
    if (said > MOST_SAID) return []
    const found = known.get(scope) ?? (isKnown(scope) ? names.flatMap((name) => (fits(scope, name) ? [] : ['unsupported scope applied to resource'])) : [])
    known.set(scope, found)
    said += found.length
    return found
  }
}

const conflicts = (scopes: readonly string[], field: string, shown: unknown): readonly FieldError[] => pairs.flatMap((pair) => (pair.every((one) => scopes.includes(one)) ? [invalid(field, shown, 'conflicting scopes')] : []))

/** Scopes of which only one thing can be asked: whether they hold. */
const onlyExists = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']

/** Scopes that do not go together are told with the list of scopes, which is another field. */
function validateSelector({ scopes, scopeSelector, hard }: ResourceQuotaSpec): readonly FieldError[] {
  const requirements = scopeSelector?.matchExpressions ?? []
  const path = 'spec.scopeSelector.matchExpressions'
  const form = scopeSelectorForm(requirements)
  const misfits = misfitsIn(hard)
  const errors = requirements.flatMap((requirement) => [
    ...(isKnown(requirement.scopeName) ? [] : [invalid(`${path}.scopeName`, requirement.scopeName, 'unsupported scope')]),
    ...misfits(requirement.scopeName).map((why) => invalid(path, form, why)),
    ...validateRequirement(requirement, path),
  ])
  return [...errors, ...conflicts(requirements.map((one) => one.scopeName), path, scopes ?? null)]
}

function validateRequirement({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (onlyExists.includes(scopeName) && operator !== 'Exists') errors.push(invalid(`${path}.operator`, operator, 'must be \'Exist\' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity'))
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
      break
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) errors.push(invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"))
      break
    default:
      errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  }
  return errors
}

/** As Kubernetes' internal type prints it. */
const scopeSelectorForm = (requirements: readonly ScopedResourceSelectorRequirement[]): object => ({
  MatchExpressions: requirements.map(({ scopeName, operator, values }) => ({ ScopeName: scopeName, Operator: operator, Values: values ?? null })),
})
