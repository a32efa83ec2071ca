/** What the expressions of one judgment may cost together, in Kubernetes' units. */
import type { Program } from '../cel/cel.ts'
import type { Meter } from '../cel/evaluate.ts'
import { CelFault, type Value } from '../cel/values.ts'
import type { Given } from './given.ts'

const OF_EXPRESSIONS = 10_000_000
const OF_CONDITIONS = 2_500_000

/** Nothing further is run. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

export type Outcome = { readonly kind: 'value'; readonly value: Value } | { readonly kind: 'problem'; readonly message: string }

export class Budget {
  readonly #most: number
  /** Variables cost, too. */
  readonly meter: Meter = { cost: 0 }

  private constructor(most: number) {
    this.#most = most
  }

  static readonly ofExpressions = (): Budget => new Budget(OF_EXPRESSIONS)
  static readonly ofConditions = (): Budget => new Budget(OF_CONDITIONS)

  /** Throws an {@link OutOfBudget}, whatever the expression came to, once all has been spent. */
  run(program: Program, given: Given): Outcome {
    const outcome = this.#run(program, given)
    if (this.meter.cost > this.#most) throw new OutOfBudget()
    return outcome
  }

  #run(program: Program, given: Given): Outcome {
    try {
      return { kind: 'value', value: program.run(given, this.meter) }
    } catch (error) {
      if (!(error instanceof CelFault)) throw error
      return { kind: 'problem', message: error.message }
    }
  }
}
