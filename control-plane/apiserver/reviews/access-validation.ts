/** What is wrong with a question about access, in Kubernetes' words. PURE. */
import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'

/** @param of who is asked about: `self` needs no user. */
export function validateAccessSpec(spec: JsonObject, of: 'self' | 'anybody'): readonly FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: path, user, groups } = spec
  return [
    ...(resource && path ? [invalid('spec.nonResourceAttributes', printedPath(path), 'cannot be specified in combination with resourceAttributes')] : []),
    ...(!resource && !path ? [invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')] : []),
    ...(of === 'anybody' && !user && !(Array.isArray(groups) && groups.length > 0) ? [invalid('spec.user', '', 'at least one of user or group must be specified')] : []),
    ...(isJsonObject(resource) ? [...validateSelector(resource, 'fieldSelector'), ...validateSelector(resource, 'labelSelector')] : []),
  ]
}

const printedPath = (path: Json): JsonObject => ({ Path: text(path, 'path'), Verb: text(path, 'verb') })

function text(object: Json, member: string): string {
  const value = isJsonObject(object) ? object[member] : undefined
  return typeof value === 'string' ? value : ''
}

function validateSelector(resource: JsonObject, member: 'fieldSelector' | 'labelSelector'): readonly FieldError[] {
  const selector = resource[member]
  if (!isJsonObject(selector)) return []
  const path = `spec.resourceAttributes.${member}`
  const raw = text(selector, 'rawSelector')
  const requirements = Array.isArray(selector['requirements']) ? selector['requirements'] : []
  if (raw !== '' && requirements.length > 0) return [invalid(`${path}.rawSelector`, raw, 'may not specified at the same time as requirements')]
  if (raw === '' && requirements.length === 0) return [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)]
  return (requirements as readonly Json[]).flatMap((requirement, index) => validateRequirement(requirement, `${path}.requirements[${index}]`))
}

function validateRequirement(requirement: Json, path: string): readonly FieldError[] {
  const values = isJsonObject(requirement) && Array.isArray(requirement['values']) ? requirement['values'] : []
  const noKey = text(requirement, 'key') === '' ? [required(`${path}.key`, 'must be specified')] : []
  switch (text(requirement, 'operator')) {
    case 'In':
    case 'NotIn':
      return [...(values.length === 0 ? [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")] : []), ...noKey]
    case 'Exists':
    case 'DoesNotExist':
      return [...(values.length > 0 ? [{ type: 'FieldValueForbidden', field: `${path}.values`, message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'" } as const] : []), ...noKey]
    default:
      // Of operators that only newer clients know nothing can be said.
      return noKey
  }
}
