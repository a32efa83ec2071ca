/** The parts of an expression. */
import type { Expression } from './ast.ts'

/** Every part of an expression, itself first. */
export function visit(expression: Expression, see: (one: Expression) => void): void {
  see(expression)
  for (const part of partsOf(expression)) visit(part, see)
}

export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'constant':
    case 'name':
      return []
    case 'select':
      return [expression.operand]
    case 'call':
      return [...(expression.target ? [expression.target] : []), ...expression.args]
    case 'list':
      return expression.items
    case 'map':
      return expression.entries.flat()
    case 'message':
      return expression.fields.map(({ value }) => value)
    case 'optional':
      return [expression.part]
    case 'fold':
      return [expression.range, ...(expression.where ? [expression.where] : []), expression.body]
  }
}

/** Whether the expression names the variable. */
export function names(expression: Expression, name: string): boolean {
  let found = false
  visit(expression, (one) => {
    if (one.kind === 'name' && one.name === name) found = true
  })
  return found
}
