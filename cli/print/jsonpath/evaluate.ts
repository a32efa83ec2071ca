import { isJsonObject, isNumber } from '../../../shared/model/json.ts'
import { compactJson } from '../json.ts'
import { parseJsonPath, parseSteps, type Node, type Operand, type Step } from './parse.ts'

/** The text that a template makes of a value. What is missing prints as nothing. @throws Problem when the template cannot be read */
export function jsonPathText(template: string, value: unknown): string {
  const nodes = parseJsonPath(template)
  return render(nodes, { root: value, current: value })
}

/** Everything that a path leads to. */
export const jsonPathValues = (path: string, value: unknown): readonly unknown[] => walk(parseSteps(path), { root: value, current: value })

/** `.spec.x`, `{.spec.x}` and `spec.x` all mean the same where only a path can stand. */
export const barePath = (path: string): string => {
  const inner = path.replace(/^\{|\}$/g, '').trim()
  return /^[.[$@]/.test(inner) ? inner : `.${inner}`
}

interface Scope {
  readonly root: unknown
  readonly current: unknown
}

const render = (nodes: readonly Node[], scope: Scope): string => nodes.map((node) => renderNode(node, scope)).join('')

function renderNode(node: Node, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'path':
      return walk(node.steps, scope).map(valueText).join(' ')
    case 'range':
      return rangeOver(node.steps, scope).map((current) => render(node.body, { root: scope.root, current })).join('')
  }
}

/** A path that ends at one list ranges over the list's items. */
function rangeOver(steps: readonly Step[], scope: Scope): readonly unknown[] {
  const found = walk(steps, scope)
  return found.length === 1 && Array.isArray(found[0]) ? (found[0] as unknown[]) : found
}

export function valueText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) return compactJson(value)
  return value === null || value === undefined ? '' : String(value)
}

function walk(steps: readonly Step[], scope: Scope): readonly unknown[] {
  let values: readonly unknown[] = [scope.current]
  for (const step of steps) values = values.flatMap((value) => take(step, { root: scope.root, current: value }))
  return values
}

function take(step: Step, scope: Scope): readonly unknown[] {
  const { current } = scope
  switch (step.kind) {
    case 'root':
      return [scope.root]
    case 'field':
      return isJsonObject(current) && current[step.name] !== undefined ? [current[step.name]] : []
    case 'wildcard':
      return children(current)
    case 'recursive':
      return descendants(current)
    case 'slice':
      return Array.isArray(current) ? sliceOf(current as unknown[], step) : []
    case 'union':
      return step.members.flatMap((member) => walk(member, scope))
    case 'filter':
      return children(current).filter((item) => passes(step, { root: scope.root, current: item }))
  }
}

const children = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : isJsonObject(value) ? Object.values(value) : [])
const descendants = (value: unknown): readonly unknown[] => [value, ...children(value).flatMap(descendants)]

function sliceOf(items: readonly unknown[], { from, to, step, single }: Extract<Step, { kind: 'slice' }>): readonly unknown[] {
  const place = (index: number): number => (index < 0 ? index + items.length : index)
  const start = place(from ?? 0)
  if (single) return start >= 0 && start < items.length ? [items[start]] : []
  return items.slice(start, to === undefined ? undefined : place(to)).filter((_, at) => at % Math.max(1, step) === 0)
}

function passes({ left, operator, right }: Extract<Step, { kind: 'filter' }>, scope: Scope): boolean {
  const [a] = operandValues(left, scope)
  if (operator === 'exists') return a !== undefined
  const [b] = right ? operandValues(right, scope) : []
  if (a === undefined || b === undefined) return false
  const [x, y] = typeof a === typeof b || (isNumber(a) && isNumber(b)) ? [a, b] : [String(a), String(b)]
  switch (operator) {
    case '==':
      return x === y
    case '!=':
      return x !== y
    case '<':
      return (x as number) < (y as number)
    case '>':
      return (x as number) > (y as number)
    case '<=':
      return (x as number) <= (y as number)
    case '>=':
      return (x as number) >= (y as number)
  }
}

const operandValues = (operand: Operand, scope: Scope): readonly unknown[] => (operand.kind === 'value' ? [operand.value] : walk(operand.steps, scope))
