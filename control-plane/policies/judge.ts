/** What a policy says of one request. */
import { byteLength } from '../../shared/model/go-text.ts'
import type { Program } from '../cel/cel.ts'
import { CelFault, type Value } from '../cel/values.ts'
import type { CompiledPolicy, CompiledValidation } from './compiled.ts'

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
}

export type Given = ReadonlyMap<string, Value>

/** In steps: many validations take long. */
export function* judge(policy: CompiledPolicy, given: Given): Generator<void, Verdict> {
  const concern = concerned(policy, given)
  if (concern !== undefined) return concern
  const bindings = variablesOf(policy, given)
  const objections: Objection[] = []
  for (const one of policy.validations) {
    yield
    objections.push(...objectionsOf(one, bindings))
  }
  return { kind: 'judged', objections }
}

/** What is given, and the policy's own variables. */
export function variablesOf(policy: CompiledPolicy, given: Given): Given {
  if (policy.variables.length === 0) return given
  const bindings = new Map(given)
  return bindings.set('variables', new Variables(policy, bindings))
}

/** One condition that is false decides, even if another cannot be told. */
export function concerned({ conditions }: CompiledPolicy, given: Given): Exclude<Verdict, { readonly kind: 'judged' }> | undefined {
  const problems: string[] = []
  for (const { condition, program } of conditions) {
    try {
      if (program?.run(given) === false) return { kind: 'not-concerned' }
    } catch (error) {
      if (!(error instanceof CelFault)) throw error
      problems.push(`expression '${condition.expression}' resulted in error: ${error.message}`)
    }
  }
  return problems.length === 0 ? undefined : { kind: 'failed', message: problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]` }
}

function objectionsOf(one: CompiledValidation, bindings: Given): readonly Objection[] {
  const { validation, program } = one
  const reason = validation.reason ?? 'Invalid'
  try {
    if (program === undefined) return [{ message: `expression '${validation.expression}' cannot be compiled`, reason: 'Invalid', isFailure: true }]
    if (program.run(bindings) === true) return []
    return [{ message: messageOf(one, bindings), reason, isFailure: false }]
  } catch (error) {
    if (!(error instanceof CelFault)) throw error
    return [{ message: `expression '${validation.expression}' resulted in error: ${error.message}`, reason: 'Invalid', isFailure: true }]
  }
}

/** Made by its own expression where that works, else as the policy has it. */
function messageOf({ validation, message }: CompiledValidation, bindings: Given): string {
  const fallback = (validation.message ?? '').trim() || `failed expression: ${validation.expression.trim()}`
  if (!message) return fallback
  try {
    const told = message.run(bindings)
    const text = typeof told === 'string' ? told.trim() : ''
    return text === '' || text.includes('\n') || byteLength(text) > LONGEST_MESSAGE ? fallback : text
  } catch (error) {
    if (error instanceof CelFault) return fallback
    throw error
  }
}

/** The policy's variables, each found when it is first named. */
class Variables extends Map<Value, Value> {
  readonly #policy: CompiledPolicy
  readonly #bindings: Given

  constructor(policy: CompiledPolicy, bindings: Given) {
    super()
    this.#policy = policy
    this.#bindings = bindings
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
    const value = found(program, name, this.#bindings)
    this.set(name, value)
    return value
  }
}

function found(program: Program, name: Value, bindings: Given): Value {
  try {
    return program.run(bindings)
  } catch (error) {
    throw error instanceof CelFault ? new CelFault(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`) : error
  }
}
