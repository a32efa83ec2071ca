import { type FieldError, invalid, notSupported } from '../../../shared/model/field-error.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { objections } from './check.ts'

const counted = ['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers']
const ofContainers = ['cpu', 'memory', 'ephemeral-storage']
const standard: ReadonlySet<string> = new Set([
  ...ofContainers,
  ...counted,
  ...['requests', 'limits'].flatMap((side) => ofContainers.map((name) => `${side}.${name}`)),
  'storage',
  'requests.storage',
])

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
const isQualified = (name: string): boolean => name.includes('/')
/** Kubernetes' own, which may be promised more than once. */
export const isNative = (name: string): boolean => !isQualified(name) || name.includes('kubernetes.io/')
/** A device or the like, under its vendor's domain. */
export const isExtendedResource = (name: string): boolean => !isNative(name) && !name.startsWith('requests.') && qualifiedNameProblems(`requests.${name}`).length === 0
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name)
/** Devices and the like come in whole pieces. */
export const isWhole = (name: string): boolean => counted.includes(name) || isExtendedResource(name)

/** A resource of any kind, as nodes and quotas name them. */
export function validateResourceName(name: string, field: string): readonly FieldError[] {
  const problems = qualifiedNameProblems(name)
  if (problems.length > 0) return objections(field, name, problems)
  return isQualified(name) || standard.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-') ? [] : [invalid(field, name, 'must be a standard resource type or fully qualified')]
}

/** A resource that a container may ask for. */
export function validateContainerResourceName(name: string, field: string): readonly FieldError[] {
  const errors = [...validateResourceName(name, field)]
  if (!isQualified(name)) {
    if (!ofContainers.includes(name) && !isHugePages(name)) errors.push(invalid(field, name, 'must be a standard resource for containers'))
  } else if (!isNative(name) && !isExtendedResource(name)) errors.push(invalid(field, name, "doesn't follow extended resource name standard"))
  return errors
}

/** A resource that a pod may ask for as a whole. */
export function validatePodResourceName(name: string, field: string): readonly FieldError[] {
  const errors = validateResourceName(name, field)
  return errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name) ? errors : [notSupported(field, name, ['cpu', 'hugepages-', 'memory'])]
}
