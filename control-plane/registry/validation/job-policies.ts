import { duplicate, type FieldError, invalid, notSupported, required, tooLong, tooMany } from '../../../shared/model/field-error.ts'
import type { JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern, PodFailurePolicyRule, SuccessPolicy, SuccessPolicyRule } from '../../../shared/model/gen/api.ts'
import { byteLength, goQuote } from '../../../shared/model/go-text.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { quotedList } from '../../../shared/model/schemas/sent-empty.ts'
import { each, nonNegative, objections, oneOf } from './check.ts'
import { readIndexes } from './job-indexes.ts'

const RULES_MAX = 20
const EXIT_CODES_MAX = 255
const PATTERNS_MAX = 20
const INDEXES_MAX_BYTES = 64 * 1024
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'] as const

/** `valid values: ["a" "b"]`, as Go prints a list of quoted words. */
const validValues = (values: readonly string[]): string => `valid values: [${values.map(goQuote).join(' ')}]`

/** One of a closed set; the refusal of an empty one names them. */
function chosen(field: string, value: string | undefined, supported: readonly string[]): readonly FieldError[] {
  return value ? oneOf(field, value, supported) : [required(field, validValues(supported))]
}

export function validateFailurePolicy(spec: JobSpec, { rules }: PodFailurePolicy, path: string): readonly FieldError[] {
  const field = `${path}.rules`
  const podSpec = spec.template?.spec
  const names = new Set([...(podSpec?.containers ?? []), ...(podSpec?.initContainers ?? [])].map((one) => one.name))
  const count = rules?.length ?? 0
  return [...(count > RULES_MAX ? [tooMany(field, count, RULES_MAX)] : []), ...each(rules ?? [], field, (rule, at) => validateFailureRule(spec, rule, { path: at, names }))]
}

function validateFailureRule(spec: JobSpec, rule: PodFailurePolicyRule, { path, names }: { readonly path: string; readonly names: ReadonlySet<string> }): readonly FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const errors: FieldError[] = []
  if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined) errors.push(invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'))
  } else errors.push(...chosen(`${path}.action`, action, actions))
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, `${path}.onExitCodes`, names))
  if (onPodConditions.length > 0) errors.push(...validatePatterns(onPodConditions, `${path}.onPodConditions`))
  if (onExitCodes && onPodConditions.length > 0) errors.push(invalid(path, undefined, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  if (!onExitCodes && onPodConditions.length === 0) errors.push(invalid(path, undefined, 'specifying one of OnExitCodes and OnPodConditions is required'))
  return errors
}

function validatePatterns(patterns: readonly PodFailurePolicyOnPodConditionsPattern[], path: string): readonly FieldError[] {
  return [
    ...(patterns.length > PATTERNS_MAX ? [tooMany(path, patterns.length, PATTERNS_MAX)] : []),
    ...each(patterns, path, ({ type, status }, at) => [...objections(`${at}.type`, type ?? '', qualifiedNameProblems(type ?? '')), ...chosen(`${at}.status`, status, ['False', 'True', 'Unknown'])]),
  ]
}

function validateExitCodes(requirement: PodFailurePolicyOnExitCodesRequirement, path: string, names: ReadonlySet<string>): readonly FieldError[] {
  const { operator, containerName } = requirement
  const values = requirement.values ?? []
  const field = `${path}.values`
  const errors: FieldError[] = [...chosen(`${path}.operator`, operator, ['In', 'NotIn'])]
  if (containerName !== undefined && !names.has(containerName)) errors.push(invalid(`${path}.containerName`, containerName, 'must be one of the container or initContainer names in the pod template'))
  if (values.length === 0) errors.push(invalid(field, values, 'at least one value is required'))
  else if (values.length > EXIT_CODES_MAX) errors.push(tooMany(field, values.length, EXIT_CODES_MAX))
  const seen = new Set<number>()
  for (const [index, code] of values.entries()) {
    if (operator === 'In' && code === 0) errors.push(invalid(`${field}[${index}]`, code, 'must not be 0 for the In operator'))
    if (seen.has(code)) errors.push(duplicate(`${field}[${index}]`, code))
    seen.add(code)
  }
  return values.every((code, index) => index === 0 || (values[index - 1] ?? code) <= code) ? errors : [...errors, invalid(field, values, 'must be ordered')]
}

export function validateReplacementPolicy({ podReplacementPolicy: policy, podFailurePolicy }: JobSpec, field: string): readonly FieldError[] {
  if (policy === undefined) return []
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  return supported.includes(policy) ? [] : [notSupported(field, policy, supported)]
}

export function validateSuccessPolicy(spec: JobSpec, policy: SuccessPolicy, path: string): readonly FieldError[] {
  if (spec.completionMode !== 'Indexed') return [invalid(path, printedPolicy(policy), 'requires indexed completion mode')]
  const field = `${path}.rules`
  const rules = policy.rules ?? []
  const errors: FieldError[] = rules.length === 0 ? [required(field, 'at least one rules must be specified when the successPolicy is specified')] : []
  if (rules.length > RULES_MAX) errors.push(tooMany(field, rules.length, RULES_MAX))
  return [...errors, ...each(rules, field, (rule, at) => validateSuccessRule(rule, at, spec.completions ?? 0))]
}

const printedPolicy = (policy: SuccessPolicy): unknown => ({ Rules: quotedList(policy, 'rules', policy.rules?.map((rule) => ({ SucceededIndexes: rule.succeededIndexes ?? null, SucceededCount: rule.succeededCount ?? null }))) })

function validateSuccessRule({ succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule, path: string, completions: number): readonly FieldError[] {
  const errors: FieldError[] = count === undefined && indexes === undefined ? [required(path, 'at least one of succeededCount or succeededIndexes must be specified')] : []
  const read = indexes === undefined ? undefined : readIndexes(indexes, completions)
  if (indexes !== undefined && byteLength(indexes) > INDEXES_MAX_BYTES) errors.push(tooLong(`${path}.succeededIndexes`, INDEXES_MAX_BYTES))
  if (read?.kind === 'problem') errors.push(invalid(`${path}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${read.problem}`))
  if (count === undefined) return errors
  const field = `${path}.succeededCount`
  errors.push(...nonNegative(field, count))
  if (count > completions) errors.push(invalid(field, count, `must be less than or equal to ${completions} (the number of specified completions)`))
  const total = read?.kind === 'indexes' ? read.total : 0
  if (read && count > total) errors.push(invalid(field, count, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`))
  return errors
}
