/** Expressions made ready, each policy once for as long as it stays the same. */
import { compile, type Program } from '../cel/cel.ts'
import { type CelType, DYN } from '../cel/types.ts'
import type { AuditAnnotation, MatchCondition, Mutation, ParamKind, Validation, Variable } from '../../shared/model/gen/api.ts'
import { environment, variableType } from './environment.ts'

export interface CompiledVariable {
  readonly name: string
  readonly program: Program | undefined
}

export interface CompiledValidation {
  readonly validation: Validation
  readonly program: Program | undefined
  readonly message: Program | undefined
}

export interface CompiledMutation {
  readonly mutation: Mutation
  readonly expression: string
  readonly program: Program | undefined
}

export interface CompiledAnnotation {
  readonly annotation: AuditAnnotation
  readonly program: Program | undefined
}

export interface CompiledPolicy {
  readonly conditions: ReadonlyArray<{ readonly condition: MatchCondition; readonly program: Program | undefined }>
  readonly variables: readonly CompiledVariable[]
  readonly validations: readonly CompiledValidation[]
  readonly mutations: readonly CompiledMutation[]
  readonly annotations: readonly CompiledAnnotation[]
}

export interface PolicySpec {
  readonly paramKind?: ParamKind | undefined
  readonly matchConditions?: readonly MatchCondition[] | undefined
  readonly variables?: readonly Variable[] | undefined
  readonly validations?: readonly Validation[] | undefined
  readonly mutations?: readonly Mutation[] | undefined
  readonly auditAnnotations?: readonly AuditAnnotation[] | undefined
}

const programOf = (text: string, types: ReadonlyMap<string, CelType>): Program | undefined => {
  const compiled = compile(text, types)
  return compiled.kind === 'compiled' ? compiled.program : undefined
}

export const expressionOf = ({ applyConfiguration, jsonPatch }: Mutation): string => applyConfiguration?.expression ?? jsonPatch?.expression ?? ''

/** What was refused when it was written is not there; what is stored compiles. */
export function compilePolicy(spec: PolicySpec): CompiledPolicy {
  const hasParams = spec.paramKind !== undefined
  const mutates = spec.mutations !== undefined
  const types = new Map<string, CelType>()
  const known = (spec.variables ?? []).length > 0 ? types : undefined
  const variables = (spec.variables ?? []).map(({ name, expression }): CompiledVariable => {
    const program = programOf(expression, environment({ hasParams, hasAuthorizer: true, variables: types }))
    types.set(name, variableType(program?.type ?? DYN))
    return { name, program }
  })
  const all = environment({ hasParams, hasAuthorizer: true, mutates, variables: known })
  const messages = environment({ hasParams, hasAuthorizer: false, variables: known })
  return {
    conditions: (spec.matchConditions ?? []).map((condition) => ({ condition, program: programOf(condition.expression, environment({ hasParams, hasAuthorizer: true })) })),
    variables,
    validations: (spec.validations ?? []).map((validation) => ({ validation, program: programOf(validation.expression, all), message: validation.messageExpression ? programOf(validation.messageExpression, messages) : undefined })),
    mutations: (spec.mutations ?? []).map((mutation) => {
      const expression = expressionOf(mutation)
      return { mutation, expression, program: programOf(expression, all) }
    }),
    annotations: (spec.auditAnnotations ?? []).map((annotation) => ({ annotation, program: programOf(annotation.valueExpression, all) })),
  }
}

const known = new WeakMap<object, CompiledPolicy>()

/** @param spec of an object that never changes in place. */
export function compiledPolicy(spec: PolicySpec): CompiledPolicy {
  const before = known.get(spec)
  if (before) return before
  const made = compilePolicy(spec)
  known.set(spec, made)
  return made
}
