/** What is wrong with the expressions of a policy or of webhooks. Loaded when the first of them is written. */
import { compile } from '../cel/cel.ts'
import { BOOL, type CelType, DYN, listOf, NULL, STRING, typeText } from '../cel/types.ts'
import { type FieldError, invalid } from '../../shared/model/field-error.ts'
import type { MatchCondition } from '../../shared/model/gen/api.ts'
import type { PolicySpec } from './compiled.ts'
import { environment, patchType, variableType } from './environment.ts'

const OBJECT: CelType = { kind: 'object', name: 'Object', fields: new Map() }

interface Checked {
  readonly errors: readonly FieldError[]
  readonly type: CelType
}

interface Wanted {
  readonly field: string
  readonly types: ReadonlyMap<string, CelType>
  /** What it may be; nothing: anything. */
  readonly allowed: readonly CelType[]
}

/** What is missing is told by who looks for it. */
function checked(text: string, { field, types, allowed }: Wanted): Checked {
  if (text.trim() === '') return { errors: [], type: DYN }
  const compiled = compile(text, types)
  if (compiled.kind === 'refused') return { errors: [invalid(field, text, `compilation failed: ${compiled.message}`)], type: DYN }
  const { type } = compiled.program
  const fits = allowed.length === 0 || allowed.some((one) => one === type || typeText(one) === typeText(type))
  const names = allowed.map((one) => (one === NULL ? 'null_type' : typeText(one)))
  return { errors: fits ? [] : [invalid(field, text, `must evaluate to ${names.length === 1 ? (names[0] ?? '') : `one of [${names.join(' ')}]`} but got ${typeText(type)}`)], type }
}

export function conditionErrors(conditions: readonly MatchCondition[] | undefined, path: string, hasParams: boolean): readonly FieldError[] {
  const types = environment({ hasParams, hasAuthorizer: true })
  return (conditions ?? []).flatMap(({ expression }, index) => checked(expression.trim(), { field: `${path}[${index}].expression`, types, allowed: [BOOL] }).errors)
}

export function policyErrors(spec: PolicySpec): readonly FieldError[] {
  const hasParams = spec.paramKind !== undefined
  const mutates = spec.mutations !== undefined
  const types = new Map<string, CelType>()
  const errors: FieldError[] = [...conditionErrors(spec.matchConditions, 'spec.matchConditions', hasParams)]
  for (const [index, { name, expression }] of (spec.variables ?? []).entries()) {
    const one = checked(expression, { field: `spec.variables[${index}].expression`, types: environment({ hasParams, hasAuthorizer: true, variables: types }), allowed: [] })
    errors.push(...one.errors)
    if (expression.trim() !== '') types.set(name, variableType(one.type))
  }
  const variables = (spec.variables ?? []).length > 0 ? types : undefined
  const own = environment({ hasParams, hasAuthorizer: true, mutates, variables })
  const messages = environment({ hasParams, hasAuthorizer: false, variables })
  for (const [index, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    const path = `spec.validations[${index}]`
    errors.push(...checked(expression, { field: `${path}.expression`, types: own, allowed: [BOOL] }).errors)
    if (messageExpression) errors.push(...checked(messageExpression, { field: `${path}.messageExpression`, types: messages, allowed: [STRING] }).errors)
  }
  for (const [index, mutation] of (spec.mutations ?? []).entries()) {
    const [member, allowed] = mutation.patchType === 'JSONPatch' ? (['jsonPatch', listOf(patchType)] as const) : (['applyConfiguration', OBJECT] as const)
    const expression = mutation[member]?.expression
    if (expression !== undefined) errors.push(...checked(expression, { field: `spec.mutations[${index}].${member}.expression`, types: own, allowed: [allowed] }).errors)
  }
  for (const [index, { valueExpression }] of (spec.auditAnnotations ?? []).entries()) errors.push(...checked(valueExpression, { field: `spec.auditAnnotations[${index}].valueExpression`, types: own, allowed: [STRING, NULL] }).errors)
  return errors
}
