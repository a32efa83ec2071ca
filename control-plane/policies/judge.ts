/** What a policy says of one request. */
import { byteLength } from '../../shared/model/go-text.ts'
import type { Program } from '../cel/cel.ts'
import type { Meter } from '../cel/evaluate.ts'
import { CelFault, typeNameOf, type Value } from '../cel/values.ts'
import { Budget, OutOfBudget, type Outcome } from './budget.ts'
import type { CompiledPolicy, CompiledValidation } from './compiled.ts'
import { forConditions, type Given, withoutRights } from './given.ts'

const LONGEST_MESSAGE = 5 * 1024

export type Verdict =
  | { readonly kind: 'not-concerned' }
  | { readonly kind: 'judged'; readonly objections: readonly Objection[] }
  /** The policy itself failed. */
  | { readonly kind: 'failed'; readonly message: string }

export interface Objection {
  readonly message: string
  /** `Invalid` unless the policy says otherwise. */
  readonly reason: string
  /** Whether it could not be told. */
  readonly isFailure: boolean
  /** Whether it is no validation that failed: what a binding does with those is of no matter. */
  readonly isConfiguration?: boolean
}

/** In steps: many validations take long. */
export function* judge(policy: CompiledPolicy, given: Given): Generator<void, Verdict> {
  try {
    const concern = yield* concerned(policy, given)
    if (concern !== undefined) return concern
    const objections = yield* objectionsOf(policy, given)
    return { kind: 'judged', objections: [...objections, ...(yield* annotationProblems(policy, given))] }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    return { kind: 'failed', message: error.message }
  }
}

/** What is given, and the policy's own variables. @param meter counts what those cost. */
export function variablesOf(policy: CompiledPolicy, given: Given, meter: Meter): Given {
  if (policy.variables.length === 0) return given
  const bindings = new Map(given)
  return bindings.set('variables', new Variables(policy, bindings, meter))
}

type Concern = Exclude<Verdict, { readonly kind: 'judged' }>

/** In steps. One condition that is false decides, even if another cannot be told. */
export function* concerned({ conditions }: CompiledPolicy, given: Given): Generator<void, Concern | undefined> {
  if (conditions.length === 0) return undefined
  try {
    return yield* concern(conditions, given)
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    return { kind: 'failed', message: error.message }
  }
}

function* concern(conditions: CompiledPolicy['conditions'], all: Given): Generator<void, Concern | undefined> {
  const problems = new Set<string>()
  const given = forConditions(all)
  const budget = Budget.ofConditions()
  let isConcerned = true
  for (const { condition, program } of conditions) {
    yield
    const outcome = program && budget.run(program, given)
    if (outcome?.kind === 'problem') problems.add(resultedIn(condition.expression, outcome))
    // The others are run nevertheless: what they cost counts.
    else if (outcome?.value === false) isConcerned = false
  }
  if (!isConcerned) return { kind: 'not-concerned' }
  const [first = ''] = problems
  return problems.size === 0 ? undefined : { kind: 'failed', message: problems.size === 1 ? first : `[${[...problems].join(', ')}]` }
}

const resultedIn = (expression: string, { message }: { readonly message: string }): string => `expression '${expression}' resulted in error: ${message}`
const failure = (message: string): Objection => ({ message, reason: 'Invalid', isFailure: true })

function* objectionsOf(policy: CompiledPolicy, given: Given): Generator<void, readonly Objection[]> {
  const budget = Budget.ofExpressions()
  const bindings = variablesOf(policy, given, budget.meter)
  const outcomes: Outcome[] = []
  for (const { program } of policy.validations) {
    yield
    outcomes.push(program ? budget.run(program, bindings) : { kind: 'problem', message: '' })
  }
  if (outcomes.every((outcome) => outcome.kind === 'value' && outcome.value === true)) return []
  const messages = new Messages(policy, withoutRights(given), budget)
  const objections: Objection[] = []
  for (const [index, validation] of policy.validations.entries()) {
    yield
    const outcome = outcomes[index]
    if (outcome) objections.push(...objectionOf(validation, outcome, messages))
  }
  return objections
}

function objectionOf(one: CompiledValidation, outcome: Outcome, messages: Messages): readonly Objection[] {
  const { validation, program } = one
  if (!program) return [failure(`expression '${validation.expression}' cannot be compiled`)]
  if (outcome.kind === 'problem') return [failure(resultedIn(validation.expression, outcome))]
  if (outcome.value === true) return []
  const message = messages.of(one)
  return [message.kind === 'spent' ? failure(`failed messageExpression: ${message.message}`) : { message: message.text, reason: validation.reason ?? 'Invalid', isFailure: false }]
}

/** Made by their own expressions where those work, else as the policy has them. */
class Messages {
  readonly #bindings: Given
  readonly #budget: Budget

  constructor(policy: CompiledPolicy, given: Given, budget: Budget) {
    this.#bindings = variablesOf(policy, given, budget.meter)
    this.#budget = budget
  }

  of({ validation, message }: CompiledValidation): { readonly kind: 'made'; readonly text: string } | { readonly kind: 'spent'; readonly message: string } {
    try {
      const told = message && this.#budget.run(message, this.#bindings)
      const text = told?.kind === 'value' && typeof told.value === 'string' ? told.value.trim() : ''
      const isUsable = text !== '' && !text.includes('\n') && byteLength(text) <= LONGEST_MESSAGE
      return { kind: 'made', text: isUsable ? text : (validation.message ?? '').trim() || `failed expression: ${validation.expression.trim()}` }
    } catch (error) {
      if (!(error instanceof OutOfBudget)) throw error
      return { kind: 'spent', message: error.message }
    }
  }
}

/** Annotations are for an audit that is not kept; what cannot be made refuses the request all the same. */
function* annotationProblems(policy: CompiledPolicy, given: Given): Generator<void, readonly Objection[]> {
  if (policy.annotations.length === 0) return []
  const budget = Budget.ofExpressions()
  const bindings = variablesOf(policy, withoutRights(given), budget.meter)
  const problems: Objection[] = []
  for (const { annotation, program } of policy.annotations) {
    yield
    const { valueExpression } = annotation
    const outcome = program && budget.run(program, bindings)
    if (outcome?.kind === 'problem') problems.push({ ...failure(resultedIn(valueExpression, outcome)), isConfiguration: true })
    else if (outcome && outcome.value !== null && typeof outcome.value !== 'string') problems.push({ ...failure(`valueExpression '${valueExpression}' resulted in unsupported return type: ${typeNameOf(outcome.value)}. Return type must be either string or null.`), isConfiguration: true })
  }
  return problems
}

/** The policy's variables, each found when it is first named. */
class Variables extends Map<Value, Value> {
  readonly #policy: CompiledPolicy
  readonly #bindings: Given
  readonly #meter: Meter

  constructor(policy: CompiledPolicy, bindings: Given, meter: Meter) {
    super()
    this.#policy = policy
    this.#bindings = bindings
    this.#meter = meter
  }

  override has(name: Value): boolean {
    return this.#policy.variables.some((one) => one.name === name)
  }

  override get(name: Value): Value | undefined {
    const before = super.get(name)
    if (before !== undefined) return before
    // Of several with one name the last is meant.
    const program = this.#policy.variables.findLast((one) => one.name === name)?.program
    if (!program) return undefined
    const value = this.#found(program, name)
    this.set(name, value)
    return value
  }

  #found(program: Program, name: Value): Value {
    try {
      return program.run(this.#bindings, this.#meter)
    } catch (error) {
      throw error instanceof CelFault ? new CelFault(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`) : error
    }
  }
}
