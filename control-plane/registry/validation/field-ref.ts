import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { ObjectFieldSelector, ResourceFieldSelector } from '../../../shared/model/gen/api.ts'
import { canonicalQuantity, compareQuantities } from '../../../shared/model/quantity.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { objections } from './check.ts'

/** Fields a variable may show, and a file may. */
export const envFields = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'] as const
export const fileFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'] as const

/** Fields of a pod that have a label at all. */
const known: ReadonlySet<string> = new Set([...envFields, ...fileFields, 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'])
const subscripted: ReadonlySet<string> = new Set(['metadata.annotations', 'metadata.labels'])

const SUBSCRIPT = /^(.+?)\['(.*)'\]$/s

/** @param fields those that may be named here. */
export function validateFieldRef(ref: ObjectFieldSelector, path: string, fields: readonly string[]): readonly FieldError[] {
  if (!ref.apiVersion) return [required(`${path}.apiVersion`)]
  if (!ref.fieldPath) return [required(`${path}.fieldPath`)]
  const [, field = '', subscript] = SUBSCRIPT.exec(ref.fieldPath) ?? []
  const problem = fieldProblem(ref.apiVersion, ref.fieldPath, subscript === undefined ? undefined : field)
  if (problem !== undefined) return [invalid(`${path}.fieldPath`, ref.fieldPath, `error converting fieldPath: ${problem}`)]
  if (subscript !== undefined) return objections(path, subscript, qualifiedNameProblems(field === 'metadata.annotations' ? subscript.toLowerCase() : subscript))
  const label = ref.fieldPath === 'spec.host' ? 'spec.nodeName' : ref.fieldPath
  return fields.includes(label) ? [] : [notSupported(`${path}.fieldPath`, label, fields)]
}

function fieldProblem(apiVersion: string, fieldPath: string, subscriptedField: string | undefined): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`
  if (subscriptedField !== undefined) return subscripted.has(subscriptedField) ? undefined : `field label does not support subscript: ${fieldPath}`
  return known.has(fieldPath) || fieldPath === 'spec.host' ? undefined : `field label not supported: ${fieldPath}`
}

const resources = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'] as const
const bytesDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'] as const

/** @param inVolume a file must name the container it speaks of; a variable speaks of its own. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, path: string, inVolume: boolean): readonly FieldError[] {
  const resource = ref.resource ?? ''
  const errors: FieldError[] = []
  if (inVolume && !ref.containerName) errors.push(required(`${path}.containerName`))
  else if (resource === '') errors.push(required(`${path}.resource`))
  else if (!(resources as readonly string[]).includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) errors.push(notSupported(`${path}.resource`, resource, resources))
  return [...errors, ...validateDivisor(resource, String(ref.divisor ?? '0'), `${path}.divisor`)]
}

function validateDivisor(resource: string, divisor: string, field: string): readonly FieldError[] {
  if (compareQuantities(divisor, '0') === 0) return []
  const written = canonicalQuantity(divisor) ?? divisor
  const [, kind = ''] = /^(?:limits|requests)\.(.+)$/.exec(resource) ?? []
  if (kind === 'cpu') return written === '1m' || written === '1' ? [] : [invalid(field, resource, "only divisor's values 1m and 1 are supported with the cpu resource")]
  const name = kind.startsWith('hugepages-') ? 'hugepages' : kind === 'ephemeral-storage' ? 'local ephemeral storage' : kind
  if (!['memory', 'hugepages', 'local ephemeral storage'].includes(name) || (bytesDivisors as readonly string[]).includes(written)) return []
  return [invalid(field, resource, `only divisor's values ${bytesDivisors.join(', ')} are supported with the ${name} resource`)]
}
