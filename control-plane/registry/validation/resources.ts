import { duplicate, type FieldError, forbidden, invalid, notFound, required } from '../../../shared/model/field-error.ts'
import type { ContainerResizePolicy, PodSpec, ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { compareQuantities, parseQuantity } from '../../../shared/model/quantity.ts'
import { sumOfContainers } from '../defaults/pod-resources.ts'
import { amountsOf } from '../resource-list.ts'
import { dnsLabel, each, requiredOneOf, sortedEntries } from './check.ts'
import { isHugePages, isOvercommitAllowed, isWhole, validateContainerResourceName, validatePodResourceName } from './resource-names.ts'

type NameCheck = (name: string, field: string) => readonly FieldError[]

const WHOLE = 1_000_000_000n

/** A quantity that is not below zero, and whole where pieces are counted. */
export function validateQuantity(name: string, amount: string, field: string): readonly FieldError[] {
  const errors = compareQuantities(amount, '0') < 0 ? [invalid(field, amount, 'must be greater than or equal to 0')] : []
  if (isWhole(name) && (parseQuantity(amount)?.nanos ?? 0n) % WHOLE !== 0n) errors.push(invalid(field, amount, 'must be an integer'))
  return errors
}

/** A page is of a whole number of bytes, and of pages nobody gets a part. */
function validateHugePages(name: string, amount: string, field: string): readonly FieldError[] {
  if (!isHugePages(name)) return []
  const page = parseQuantity(name.slice('hugepages-'.length))?.nanos ?? 0n
  const asked = parseQuantity(amount)?.nanos ?? 0n
  return page > 0n && page % WHOLE === 0n && asked % page === 0n ? [] : [invalid(field, amount, `${amount} is not positive integer multiple of ${name}`)]
}

function validateAmount(name: string, amount: string, { field, checkName }: { readonly field: string; readonly checkName: NameCheck }): readonly FieldError[] {
  return [...checkName(name, field), ...validateQuantity(name, amount, field)]
}

function compareWithLimit(name: string, amount: string, { limit, path }: { readonly limit: string | undefined; readonly path: string }): readonly FieldError[] {
  if (limit === undefined) return isOvercommitAllowed(name) ? [] : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')]
  const order = compareQuantities(amount, limit)
  if (order !== 0 && !isOvercommitAllowed(name)) return [invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`)]
  return order > 0 ? [invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`)] : []
}

function validateRequirements(resources: ResourceRequirements, path: string, checkName: NameCheck): readonly FieldError[] {
  const limits = amountsOf(resources.limits)
  const errors: FieldError[] = []
  for (const [name, amount] of sortedEntries(limits)) {
    const field = `${path}.limits[${name}]`
    errors.push(...validateAmount(name, amount, { field, checkName }), ...validateHugePages(name, amount, field))
  }
  for (const [name, amount] of sortedEntries(amountsOf(resources.requests))) {
    const field = `${path}.requests[${name}]`
    errors.push(...validateAmount(name, amount, { field, checkName }), ...compareWithLimit(name, amount, { limit: limits[name], path }), ...validateHugePages(name, amount, field))
  }
  const names = [...Object.keys(limits), ...Object.keys(resources.requests ?? {})]
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) errors.push(forbidden(path, 'HugePages require cpu or memory'))
  return errors
}

/** @param claimNames the claims that the pod has. */
export function validateContainerResources(resources: ResourceRequirements | undefined, path: string, claimNames: ReadonlySet<string>): readonly FieldError[] {
  if (!resources) return []
  return [...validateRequirements(resources, path, validateContainerResourceName), ...validateClaims(resources, `${path}.claims`, claimNames)]
}

/** A claim as a whole stands beside no request of it, and neither comes twice. */
function validateClaims({ claims }: ResourceRequirements, path: string, claimNames: ReadonlySet<string>): readonly FieldError[] {
  const seen = new Map<string, Set<string>>()
  let unknown: string | undefined
  return each(claims, path, ({ name, request = '' }, at) => {
    if (name === '') return [required(at)]
    const before = seen.get(name) ?? new Set()
    seen.set(name, before)
    const isAll = before.has('')
    const errors: FieldError[] = isAll || request === '' ? [] : [...dnsLabel(`${at}.request`, request)]
    if (isAll) errors.push(duplicate(at, name))
    else if (before.has(request)) errors.push(duplicate(at, `${name}/${request}`))
    else if (request === '') for (const _ of before) errors.push(duplicate(at, name))
    before.add(request)
    if (claimNames.has(name)) return errors
    unknown ??= `must be one of the names in pod.spec.resourceClaims${claimNames.size === 0 ? ' which is empty' : `: ${[...claimNames].toSorted().join(', ')}`}`
    return [...errors, notFound(at, name, unknown)]
  })
}

/** What a pod asks as a whole must hold what its containers ask. */
export function validatePodResources(spec: PodSpec, path: string, claimNames: ReadonlySet<string>): readonly FieldError[] {
  const { resources } = spec
  if (!resources) return []
  if (spec.os?.name === 'windows') return [forbidden(path, 'may not be set for a windows pod')]
  const claimed = resources.claims === undefined ? [] : [forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level')]
  return [
    ...claimed,
    ...validateRequirements(resources, path, validatePodResourceName),
    ...validateClaims(resources, `${path}.claims`, claimNames),
    ...validateSum(spec, 'requests', path),
    ...validateSum(spec, 'limits', path),
    ...validateContainerLimits(spec, path),
  ]
}

/** What containers ask together is no more than what their pod asks; of limits only those of pages add up. */
function validateSum(spec: PodSpec, side: 'requests' | 'limits', path: string): readonly FieldError[] {
  const whole = amountsOf(spec.resources?.[side])
  return sortedEntries(sumOfContainers(spec, side)).flatMap(([name, amount]) => {
    const own = whole[name]
    if (own === undefined || compareQuantities(own, amount) >= 0 || (side === 'limits' && !isHugePages(name))) return []
    return [invalid(`${path}.${side}[${name}]`, own, `must be greater than or equal to aggregate container ${side} of ${amount}`)]
  })
}

/** Kubernetes looks for the containers in the pod's resources. */
function validateContainerLimits(spec: PodSpec, path: string): readonly FieldError[] {
  const limits = amountsOf(spec.resources?.limits)
  return each(spec.containers, `${path}.containers`, (container, at) =>
    sortedEntries(amountsOf(container.resources?.limits)).flatMap(([name, amount]) => {
      const whole = limits[name]
      if (whole === undefined || compareQuantities(amount, whole) <= 0) return []
      return [invalid(`${at}[${name}].limits`, amount, `must be less than or equal to pod limits of ${whole}`)]
    }),
  )
}

export function validateResizePolicy(policies: readonly ContainerResizePolicy[] | undefined, path: string, podRestartPolicy: string | undefined): readonly FieldError[] {
  const seen = new Set<string>()
  return each(policies, path, ({ resourceName, restartPolicy }, at) => {
    const errors: FieldError[] = seen.has(resourceName) ? [duplicate(at, resourceName)] : []
    seen.add(resourceName)
    errors.push(...requiredOneOf(path, resourceName, ['cpu', 'memory']), ...requiredOneOf(path, restartPolicy, ['NotRequired', 'RestartContainer']))
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
    return errors
  })
}
