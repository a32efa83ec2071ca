import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../../../shared/model/gen/api.ts'
import { labelValueProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { each, objections, sortedEntries } from './check.ts'
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
  const changed = scopes.symmetricDifference(before).size > 0 ? [invalid('spec.scopes', quota.spec?.scopes ?? null, 'field is immutable')] : []
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
  const errors = scopes.flatMap((scope) => scopeErrors(scope, { hard, field, shown: scopes }))
  return [...errors, ...conflicts(scopes, field, scopes)]
}

function scopeErrors(scope: string, { hard, field, shown }: { readonly hard: QuantityList | undefined; readonly field: string; readonly shown: unknown }): readonly FieldError[] {
  const unknown = quotaScopes.some((one) => one === scope) ? [] : [invalid(field, shown, 'unsupported scope')]
  const unfit = Object.keys(hard ?? {})
    .toSorted()
    .flatMap((name) => (isQuotaName(name) && !fits(scope, name) ? [invalid(field, shown, 'unsupported scope applied to resource')] : []))
  return [...unknown, ...unfit]
}

const conflicts = (scopes: readonly string[], field: string, shown: unknown): readonly FieldError[] => pairs.flatMap((pair) => (pair.every((one) => scopes.includes(one)) ? [invalid(field, shown, 'conflicting scopes')] : []))

/** Scopes of which only one thing can be asked: whether they hold. */
const onlyExists = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']

function validateSelector({ scopeSelector, hard }: ResourceQuotaSpec): readonly FieldError[] {
  const requirements = scopeSelector?.matchExpressions ?? []
  if (requirements.length === 0) return []
  const path = 'spec.scopeSelector.matchExpressions'
  const shown = scopeSelectorForm(requirements)
  const errors = requirements.flatMap((requirement) => {
    const { scopeName } = requirement
    return [...scopeErrors(scopeName, { hard, field: `${path}.scopeName`, shown: scopeName }), ...validateRequirement(requirement, path)]
  })
  return [...errors, ...conflicts(requirements.map((one) => one.scopeName), path, shown)]
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
  return [...errors, ...each(values, `${path}.values`, (value, at) => objections(at, value, labelValueProblems(value)))]
}

/** As Kubernetes' internal type prints it. */
const scopeSelectorForm = (requirements: readonly ScopedResourceSelectorRequirement[]): object => ({
  MatchExpressions: requirements.map(({ scopeName, operator, values }) => ({ ScopeName: scopeName, Operator: operator, Values: values ?? null })),
})
