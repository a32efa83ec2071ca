import { duplicate, type FieldError, forbidden, invalid, notFound, required } from '../../../shared/model/field-error.ts'
import type { ContainerResizePolicy, PodSpec, ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { compareQuantities, parseQuantity } from '../../../shared/model/quantity.ts'
import { sumOfContainers } from '../defaults/pod-resources.ts'
import { amountsOf } from '../resource-list.ts'
import { each, requiredOneOf, sortedEntries } from './check.ts'
import { isHugePages, isOvercommitAllowed, isWhole, validateContainerResourceName, validatePodResourceName } from './resource-names.ts'

type NameCheck = (name: string, field: string) => readonly FieldError[]

const WHOLE = 1_000_000_000n

/** A quantity that is not below zero, and whole where pieces are counted. */
export function validateQuantity(name: string, amount: string, field: string): readonly FieldError[] {
  const errors = compareQuantities(amount, '0') < 0 ? [invalid(field, amount, 'must be greater than or equal to 0')] : []
  if (isWhole(name) && (parseQuantity(amount)?.nanos ?? 0n) % WHOLE !== 0n) errors.push(invalid(field, amount, 'must be an integer'))
  return errors
}

const pageSize = (name: string): string => name.slice('hugepages-'.length)

function validateHugePages(name: string, amount: string, field: string): readonly FieldError[] {
  const size = parseQuantity(pageSize(name))?.nanos
  const asked = parseQuantity(amount)?.nanos ?? 0n
  if (!isHugePages(name) || size === undefined || size === 0n || asked % size === 0n) return []
  return [invalid(field, amount, `${amount} is not positive integer multiple of ${pageSize(name)}`)]
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

function validateClaims({ claims }: ResourceRequirements, path: string, claimNames: ReadonlySet<string>): readonly FieldError[] {
  const seen = new Set<string>()
  return each(claims, path, (claim, at) => {
    const name = claim.name ?? ''
    if (name === '') return [required(at)]
    const key = claim.request ? `${name}/${claim.request}` : name
    const errors: FieldError[] = []
    if (seen.has(name)) errors.push(duplicate(at, name))
    else if (seen.has(key)) errors.push(duplicate(at, key))
    seen.add(key)
    if (!claimNames.has(name)) {
      errors.push(notFound(at, name))
    }
    return errors
  })
}

/** What a pod asks as a whole must hold what its containers ask. */
export function validatePodResources(spec: PodSpec, path: string): readonly FieldError[] {
  const { resources } = spec
  if (!resources) return []
  if (spec.os?.name === 'windows') return [forbidden(path, 'may not be set for a windows pod')]
  const errors = [...validateRequirements(resources, path, validatePodResourceName)]
  if (resources.claims?.length) errors.push(forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level'))
  const requests = amountsOf(resources.requests)
  for (const [name, amount] of sortedEntries(sumOfContainers(spec, 'requests'))) {
    const own = requests[name]
    if (own !== undefined && compareQuantities(own, amount) < 0) errors.push(invalid(`${path}.requests[${name}]`, own, `must be greater than or equal to aggregate container requests of ${amount}`))
  }
  return [...errors, ...validateContainerLimits(spec, 'containers', path), ...validateContainerLimits(spec, 'initContainers', path)]
}

function validateContainerLimits(spec: PodSpec, list: 'containers' | 'initContainers', path: string): readonly FieldError[] {
  const limits = amountsOf(spec.resources?.limits)
  return each(spec[list], path.replace(/resources$/, list), (container, at) =>
    sortedEntries(amountsOf(container.resources?.limits)).flatMap(([name, amount]) => {
      const whole = limits[name]
      if (whole === undefined || compareQuantities(amount, whole) <= 0) return []
      return [invalid(`${at}.resources.limits[${name}]`, amount, `must be less than or equal to pod limits of ${whole}`)]
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
