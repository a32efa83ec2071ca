/** Operators between operands: what binds how, and how deep it gets. PURE. */
import type { Expression } from './ast.ts'
import { partsOf } from './parts.ts'
import type { Token } from './tokens.ts'

export const LOGICAL = ['||', '&&'] as const
const RELATIONS = ['<', '<=', '>=', '>', '==', '!=', 'in']
const SUMS = ['+', '-']
const PRODUCTS = ['*', '/', '%']
/** From those that bind loosely on. */
const LEVELS: ReadonlyArray<readonly string[]> = [['||'], ['&&'], RELATIONS, SUMS, PRODUCTS]

/**
 * How deep expressions are, as cel-go counts it when it makes a tree of what it has read: accesses, calls of methods, choices and operators, but neither signs nor
 * `&&` and `||`, nor what only brackets or commas hold together.
 */
export class Depths {
  readonly #depths = new Map<Expression, number>()
  /** Of the deepest. */
  most = 0

  added(expression: Expression): Expression {
    let depth = 0
    for (const part of partsOf(expression)) depth = Math.max(depth, this.#depths.get(part.kind === 'optional' ? part.part : part) ?? 0)
    depth += isCounted(expression) ? 1 : 0
    if (depth > 0) this.#depths.set(expression, depth)
    this.most = Math.max(this.most, depth)
    return expression
  }
}

function isCounted(expression: Expression): boolean {
  if (expression.kind !== 'call') return expression.kind === 'select' || expression.kind === 'fold'
  return expression.target !== undefined || expression.name === '@in' || (expression.name.startsWith('_') && expression.name !== '_&&_' && expression.name !== '_||_')
}

/** How many of the grammar's comparisons and of its sums and products are open where an operand stands: right of an operator one more each. */
export function contextsAt(): { readonly open: { readonly relations: number; readonly calculations: number }; pass(operator: string): void } {
  let [isCompared, isAdded, isMultiplied] = [false, false, false]
  return {
    get open() {
      return { relations: isCompared ? 2 : 1, calculations: 1 + (isAdded ? 1 : 0) + (isMultiplied ? 1 : 0) }
    },
    pass(operator) {
      isMultiplied = PRODUCTS.includes(operator)
      isAdded = SUMS.includes(operator) || (isMultiplied && isAdded)
      isCompared = RELATIONS.includes(operator) || ((isMultiplied || isAdded) && isCompared)
    },
  }
}

interface Between {
  readonly operands: readonly Expression[]
  /** One fewer. */
  readonly operators: readonly Token[]
}

/** One expression of many operands and the operators between them. */
export function combined({ operands, operators }: Between, depths: Depths, level = 0): Expression {
  if (operators.length === 0) return operands[0] as Expression
  const here = LEVELS[level] ?? []
  const terms: Expression[] = []
  const between: Token[] = []
  for (let start = 0, at = 0; at <= operators.length; at++) {
    const operator = operators[at]
    if (operator && !here.includes(operator.type)) continue
    terms.push(combined({ operands: operands.slice(start, at + 1), operators: operators.slice(start, at) }, depths, level + 1))
    if (operator) between.push(operator)
    start = at + 1
  }
  const joined: Joined = (left, right, { type, at }) => depths.added({ kind: 'call', at, name: type === 'in' ? '@in' : `_${type}_`, target: undefined, args: [left, right] })
  if (level < LOGICAL.length) return balanced({ operands: terms, operators: between }, joined)
  return terms.reduce((left, right, index) => joined(left, right, between[index - 1] as Token))
}

type Joined = (left: Expression, right: Expression, operator: Token) => Expression

/** Chains of `&&` and of `||` become trees that are as low as can be. */
function balanced({ operands, operators }: Between, joined: Joined): Expression {
  const part = (low: number, high: number): Expression => {
    if (low > high) return operands[low] as Expression
    const middle = Math.floor((low + high + 1) / 2)
    return joined(part(low, middle - 1), part(middle + 1, high), operators[middle] as Token)
  }
  return part(0, operators.length - 1)
}
