import { duplicate, type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { MutatingAdmissionPolicyBinding, MutatingAdmissionPolicyBindingSpec, ParamRef, ValidatingAdmissionPolicyBinding } from '../../../shared/model/gen/api.ts'
import { pathSegmentProblems } from '../../../shared/model/validation/names.ts'
import { validateMatchResources } from './admission-rules.ts'
import { dnsSubdomain, each, objections, oneOf, requiredOneOf } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'

const ACTIONS = ['Audit', 'Deny', 'Warn']
const TWICE = 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
const EITHER = 'name and selector are mutually exclusive'

export const validateValidatingBinding = ({ spec }: ValidatingAdmissionPolicyBinding): readonly FieldError[] => [...validateBound(spec ?? {}), ...validateActions(spec?.validationActions ?? [], 'spec.validationActions')]
export const validateMutatingBinding = ({ spec = {} }: MutatingAdmissionPolicyBinding): readonly FieldError[] => validateBound(spec)

/** What bindings of both kinds have. */
function validateBound({ policyName = '', paramRef, matchResources }: MutatingAdmissionPolicyBindingSpec): readonly FieldError[] {
  const named = policyName === '' ? [required('spec.policyName')] : dnsSubdomain('spec.policyName', policyName)
  return [...named, ...validateParamRef(paramRef, 'spec.paramRef'), ...validateMatchResources(matchResources, 'spec.matchResources')]
}

function validateParamRef(reference: ParamRef | undefined, path: string): readonly FieldError[] {
  if (!reference) return []
  const { name = '', selector, parameterNotFoundAction } = reference
  const isBoth = name !== '' && selector !== undefined
  return [
    ...(name === '' ? [] : objections(`${path}.name`, name, pathSegmentProblems(name))),
    ...(isBoth ? [forbidden(`${path}.name`, EITHER)] : []),
    ...validateLabelSelector(selector, `${path}.selector`),
    ...(isBoth ? [forbidden(`${path}.selector`, EITHER)] : []),
    ...(name === '' && !selector ? [required(path, 'one of name or selector must be specified')] : []),
    ...requiredOneOf(`${path}.parameterNotFoundAction`, parameterNotFoundAction, ['Deny', 'Allow']),
  ]
}

function validateActions(actions: readonly string[], path: string): readonly FieldError[] {
  return [
    ...each(actions, path, (action, at, index) => [...oneOf(at, action, ACTIONS), ...(actions.indexOf(action) < index ? [duplicate(at, action)] : [])]),
    ...(actions.includes('Deny') && actions.includes('Warn') ? [invalid(path, actions, TWICE)] : []),
    ...(actions.length === 0 ? [required(path, 'at least one validation action is required')] : []),
  ]
}
