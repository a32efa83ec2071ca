import { duplicate, type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type {
  AuditAnnotation,
  ExpressionWarning,
  MatchResources,
  MutatingAdmissionPolicy,
  Mutation,
  ParamKind,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyStatus,
  Validation,
  Variable,
} from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { dns1035LabelProblems, dns1123SubdomainProblems, qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { failurePolicies, policyWord, reinvocationPolicies, validateMatchConditions, validateMatchResources } from './admission-rules.ts'
import { each, objections, oneOf, requiredOneOf } from './check.ts'
import { validateConditions } from './conditions.ts'

const SPEC = 'spec'
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch']
const MOST_ANNOTATIONS = 20
const LONGEST_VALUE_EXPRESSION = 5 * 1024
const NOTHING_CHECKED = 'validations or auditAnnotations must contain at least one item'
const NO_EXPRESSION = 'expression is not specified'

const isBlank = (text: string | undefined): boolean => (text ?? '').trim() === ''

/** What policies of both kinds have. */
interface Common {
  readonly failurePolicy?: string | undefined
  readonly paramKind?: ParamKind | undefined
  readonly matchConstraints?: MatchResources | undefined
}

function validateCommon(spec: Common, operations?: readonly string[]): readonly FieldError[] {
  return [
    ...policyWord(`${SPEC}.failurePolicy`, spec.failurePolicy, failurePolicies),
    ...validateParamKind(spec.paramKind, `${SPEC}.paramKind`),
    ...validateConstraints(spec.matchConstraints, `${SPEC}.matchConstraints`, operations),
  ]
}

function validateConstraints(match: MatchResources | undefined, path: string, operations?: readonly string[]): readonly FieldError[] {
  if (!match) return [required(path)]
  const rules = match.resourceRules ?? []
  const others = operations ? each(rules, `${path}.resourceRules`, (rule, at) => each(rule.operations, `${at}.operations`, (operation, here) => (operations.includes(operation) ? [] : [notSupported(here, operation, operations)]))) : []
  return [...validateMatchResources(match, path), ...(rules.length === 0 ? [required(`${path}.resourceRules`)] : []), ...(others.length > 0 && validateMatchResources(match, path).length === 0 ? others : [])]
}

export function validateValidatingPolicy({ metadata, spec = {} }: ValidatingAdmissionPolicy): readonly FieldError[] {
  const { validations = [], auditAnnotations = [] } = spec
  const checks =
    validations.length === 0 && auditAnnotations.length === 0
      ? [required(`${SPEC}.validations`, NOTHING_CHECKED), required(`${SPEC}.auditAnnotations`, NOTHING_CHECKED)]
      : [...each(validations, `${SPEC}.validations`, validateValidation), ...validateAnnotations(auditAnnotations, metadata.name ?? '')]
  return [...validateCommon(spec), ...validateMatchConditions(spec.matchConditions, `${SPEC}.matchConditions`), ...each(spec.variables, `${SPEC}.variables`, validateVariable), ...checks]
}

export function validateMutatingPolicy({ spec = {} }: MutatingAdmissionPolicy): readonly FieldError[] {
  const { mutations = [], reinvocationPolicy } = spec
  return [
    ...validateCommon(spec, ['CREATE', 'UPDATE']),
    ...validateMatchConditions(spec.matchConditions, `${SPEC}.matchConditions`),
    ...each(spec.variables, `${SPEC}.variables`, validateVariable),
    ...(mutations.length === 0 ? [required(`${SPEC}.mutations`, 'mutations must contain at least one item')] : each(mutations, `${SPEC}.mutations`, validateMutation)),
    ...requiredOneOf(`${SPEC}.reinvocationPolicy`, reinvocationPolicy, reinvocationPolicies),
  ]
}

function validateParamKind(param: ParamKind | undefined, path: string): readonly FieldError[] {
  if (!param) return []
  const { apiVersion = '', kind = '' } = param
  const problems = kind === '' ? [] : dns1035LabelProblems(kind.toLowerCase())
  return [
    ...validateApiVersion(apiVersion, `${path}.apiVersion`),
    ...(kind === '' ? [required(`${path}.kind`)] : []),
    ...(problems.length > 0 ? [invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`)] : []),
  ]
}

function validateApiVersion(apiVersion: string, field: string): readonly FieldError[] {
  if (apiVersion === '') return [required(field)]
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/')
  if (parts.length > 2) return [invalid(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
  const version = parts.at(-1) ?? ''
  const group = parts.length === 2 ? (parts[0] ?? '') : ''
  const groupProblems = group === '' ? [] : dns1123SubdomainProblems(group)
  const versionProblems = version === '' ? [] : dns1035LabelProblems(version)
  return [
    ...(groupProblems.length > 0 ? [invalid(field, group, groupProblems.join(','))] : []),
    ...(version === '' ? [invalid(field, apiVersion, 'version must be specified')] : []),
    ...(versionProblems.length > 0 ? [invalid(field, version, versionProblems.join(','))] : []),
  ]
}

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/
const RESERVED = new Set('true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '))

function validateVariable({ name, expression }: Variable, path: string): readonly FieldError[] {
  const field = `${path}.name`
  const named = isBlank(name) ? [required(field, 'name is not specified')] : IDENTIFIER.test(name) && !RESERVED.has(name) ? [] : [invalid(field, name, 'must be a valid CEL identifier')]
  return [...named, ...(isBlank(expression) ? [required(`${path}.expression`, NO_EXPRESSION)] : [])]
}

function validateValidation({ expression, message = '', messageExpression = '', reason }: Validation, path: string): readonly FieldError[] {
  const errors: FieldError[] = isBlank(expression) ? [required(`${path}.expression`, NO_EXPRESSION)] : []
  if (messageExpression !== '' && isBlank(messageExpression)) errors.push(invalid(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  if (message !== '' && isBlank(message)) errors.push(invalid(`${path}.message`, message, 'must be non-empty if specified'))
  else if (/[\n\r]/.test(message.trim())) errors.push(invalid(`${path}.message`, message, 'must not contain line breaks'))
  return reason === undefined ? errors : [...errors, ...oneOf(`${path}.reason`, reason, REASONS)]
}

function validateAnnotations(annotations: readonly AuditAnnotation[], policy: string): readonly FieldError[] {
  const path = `${SPEC}.auditAnnotations`
  const keys = annotations.map(({ key }) => key)
  return [
    ...(annotations.length > MOST_ANNOTATIONS ? [invalid(path, annotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression })), `must not have more than ${MOST_ANNOTATIONS} auditAnnotations`)] : []),
    ...each(annotations, path, (annotation, at, index) => [...validateAnnotation(annotation, policy, at), ...(keys.indexOf(annotation.key) < index ? [duplicate(`${at}.key`, annotation.key)] : [])]),
  ]
}

function validateAnnotation({ key, valueExpression }: AuditAnnotation, policy: string, path: string): readonly FieldError[] {
  const full = `${policy}/${key}`
  const keyed = policy === '' ? [invalid(`${path}.key`, key, 'requires metadata.name be non-empty')] : objections(`${path}.key`, full, qualifiedNameProblems(full))
  const field = `${path}.valueExpression`
  if (isBlank(valueExpression)) return [...keyed, required(field, 'valueExpression is not specified')]
  return byteLength(valueExpression.trim()) > LONGEST_VALUE_EXPRESSION ? [...keyed, required(field, `must not exceed ${LONGEST_VALUE_EXPRESSION} bytes in length`)] : keyed
}

const MEMBERS = [
  ['ApplyConfiguration', 'applyConfiguration'],
  ['JSONPatch', 'jsonPatch'],
] as const

function validateMutation(mutation: Mutation, path: string): readonly FieldError[] {
  const { patchType } = mutation
  if (patchType === '' || !PATCH_TYPES.includes(patchType)) return requiredOneOf(`${path}.patchType`, patchType, PATCH_TYPES)
  const own = MEMBERS.filter(([type]) => type === patchType).flatMap(([, member]) => validateOwnMember(mutation[member], { path, member, patchType }))
  const others = MEMBERS.filter(([type, member]) => type !== patchType && mutation[member] !== undefined).map(([, member]) => invalid(`${path}.${member}`, `{${member}}`, `must not be specified when patchType is ${patchType}`))
  return [...own, ...others]
}

function validateOwnMember(value: { readonly expression?: string | undefined } | undefined, { path, member, patchType }: { readonly path: string; readonly member: string; readonly patchType: string }): readonly FieldError[] {
  if (!value) return [required(`${path}.${member}`, `must be specified when patchType is ${patchType}`)]
  return isBlank(value.expression) ? [required(`${path}.${member}.expression`, NO_EXPRESSION)] : []
}

export function validateValidatingPolicyStatus(status: ValidatingAdmissionPolicyStatus = {}): readonly FieldError[] {
  return [...each(status.typeChecking?.expressionWarnings, 'status.typeChecking.expressionWarnings', validateWarning), ...validateConditions(status.conditions, 'status.conditions')]
}

const validateWarning = ({ warning, fieldRef }: ExpressionWarning, path: string): readonly FieldError[] => [...(warning ? [] : [required(`${path}.warning`)]), ...(isBlank(fieldRef) ? [required(`${path}.fieldRef`)] : [])]
