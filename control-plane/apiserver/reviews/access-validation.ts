/** What is wrong with a question about access, in Kubernetes' words. PURE. */
import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { LabelSelectorRequirement } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { each } from '../../registry/validation/check.ts'
import { validateOperands, validateOperator } from '../../registry/validation/label-selector.ts'

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
  const requirements = (Array.isArray(selector['requirements']) ? selector['requirements'] : []) as unknown as readonly LabelSelectorRequirement[]
  return [
    ...(raw !== '' && requirements.length > 0 ? [invalid(`${path}.rawSelector`, raw, 'may not specified at the same time as requirements')] : []),
    ...(raw === '' && requirements.length === 0 ? [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)] : []),
    ...each(requirements, `${path}.requirements`, (requirement, at) => [...validateKnownOperator(requirement, at), ...(member === 'labelSelector' ? validateOperands(requirement, at) : validateKey(requirement, at))]),
  ]
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** Of operators that only newer clients know nothing can be said. */
const validateKnownOperator = ({ operator, values }: LabelSelectorRequirement, path: string): readonly FieldError[] => (OPERATORS.includes(operator) ? validateOperator(operator, values ?? [], path) : [])

const validateKey = ({ key }: LabelSelectorRequirement, path: string): readonly FieldError[] => (key ? [] : [required(`${path}.key`, 'must be specified')])
