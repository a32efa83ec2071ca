/** What an expression may cost at most, before it runs: Kubernetes refuses rules that may cost too much. */
import type { Expression } from './ast.ts'
import type { Checked } from './check.ts'
import type { CelType } from './types.ts'

/** How large values may become: characters of texts, items of lists and maps. `undefined`: nobody knows. */
export interface Size {
  readonly size: number
  readonly items?: Size | undefined
  readonly keys?: Size | undefined
  /** By the names that expressions use. */
  readonly fields?: ReadonlyMap<string, Size> | undefined
}

const UNKNOWN: Size = { size: Infinity }
const TRAVERSAL = 0.1
const REGEX = 0.25
const LIST_CREATE = 10
const MAP_CREATE = 30
const MESSAGE_CREATE = 40

export function costOf(expression: Expression, checked: Checked, variables: ReadonlyMap<string, Size>): number {
  return new Estimate(checked).of(expression, variables).cost
}

interface Estimated {
  readonly cost: number
  readonly size: Size
}

type Scope = ReadonlyMap<string, Size>

const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)
const scan = (size: number): number => Math.ceil(size * TRAVERSAL)

class Estimate {
  readonly #checked: Checked
  constructor(checked: Checked) {
    this.#checked = checked
  }

  of(expression: Expression, scope: Scope): Estimated {
    switch (expression.kind) {
      case 'constant':
        return { cost: 0, size: { size: typeof expression.value === 'string' ? expression.value.length : 1 } }
      case 'name':
        return { cost: 1, size: scope.get(expression.name) ?? UNKNOWN }
      case 'select': {
        const { cost, size } = this.of(expression.operand, scope)
        return { cost: cost + 1, size: size.fields?.get(expression.field) ?? size.items ?? UNKNOWN }
      }
      case 'list': {
        const items = expression.items.map((item) => this.of(item, scope))
        return { cost: items.reduce((sum, item) => sum + item.cost, LIST_CREATE), size: { size: items.length } }
      }
      case 'map':
        return { cost: expression.entries.flat().reduce((sum, part) => sum + this.of(part, scope).cost, MAP_CREATE), size: { size: expression.entries.length } }
      case 'message':
        return { cost: expression.fields.reduce((sum, { value }) => sum + this.of(value, scope).cost, MESSAGE_CREATE), size: { size: expression.fields.length } }
      case 'optional':
        return this.of(expression.part, scope)
      case 'fold':
        return this.#fold(expression, scope)
      case 'call':
        return this.#call(expression, scope)
    }
  }

  #fold({ macro, range, names, where, body }: Extract<Expression, { kind: 'fold' }>, scope: Scope): Estimated {
    const over = this.of(range, scope)
    const [first = '', second] = names
    const item = over.size.items ?? UNKNOWN
    const key = over.size.keys ?? { size: 1 }
    const isMap = this.#checked.types.get(range)?.kind === 'map'
    const inner = new Map([...scope, ...(second === undefined ? [[first, isMap ? key : item] as const] : [[first, key] as const, [second, item] as const])])
    const result = this.of(body, inner)
    const each = 2 + result.cost + (where ? this.of(where, inner).cost : 0) + (macro === 'map' || macro === 'filter' || macro === 'sortBy' ? LIST_CREATE + 2 : 1)
    const optional = macro === 'optMap' || macro === 'optFlatMap'
    const sorting = macro === 'sortBy' ? product(over.size.size, over.size.size) : 0
    return { cost: sorting + over.cost + (optional ? each : product(over.size.size, each)) + 1, size: { size: over.size.size, items: macro === 'filter' || macro === 'sortBy' ? over.size.items : result.size } }
  }

  #call(expression: Extract<Expression, { kind: 'call' }>, scope: Scope): Estimated {
    const { name, target, args } = expression
    const isNamespace = target?.kind === 'name' && !scope.has(target.name) && this.#checked.types.get(target) === undefined
    const all = [...(target && !isNamespace ? [target] : []), ...args]
    const parts = all.map((one) => this.of(one, scope))
    const sum = parts.reduce((total, part) => total + part.cost, 0)
    const [first = { cost: 0, size: { size: 1 } }, second = { cost: 0, size: { size: 1 } }, third] = parts
    if (name === '_?_:_' && third) return { cost: first.cost + Math.max(second.cost, third.cost), size: { size: Math.max(second.size.size, third.size.size), items: second.size.items ?? third.size.items } }
    if (name === '_&&_' || name === '_||_') return { cost: sum, size: { size: 1 } }
    const own = ownCost(name, { first: first.size, second: second.size, types: all.map((one) => this.#checked.types.get(one)), result: this.#checked.types.get(expression) })
    return { cost: sum + own.cost, size: own.size }
  }
}

interface Called {
  readonly first: Size
  readonly second: Size
  readonly types: ReadonlyArray<CelType | undefined>
  readonly result: CelType | undefined
}

const ONE: Size = { size: 1 }
const isSized = (type: CelType | undefined): boolean => type?.kind === 'list' || type?.kind === 'map' || (type?.kind === 'plain' && (type.name === 'string' || type.name === 'bytes'))

function ownCost(name: string, { first, second, types, result }: Called): Estimated {
  const sized = isSized(types[0])
  switch (name) {
    case '_[_]':
    case '_[?_]':
      return { cost: 1, size: first.items ?? UNKNOWN }
    case '_==_':
    case '_!=_':
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return { cost: sized ? Math.max(1, scan(Math.min(first.size, second.size))) : 1, size: ONE }
    case '_+_':
      return sized ? { cost: types[0]?.kind === 'list' ? 1 : scan(first.size + second.size), size: { size: first.size + second.size, items: first.items } } : { cost: 1, size: ONE }
    case '@in':
      return { cost: types[1]?.kind === 'list' ? Math.max(1, second.size) : 1, size: ONE }
    case 'contains':
      return types[0]?.kind === 'plain' && types[0].name === 'string' ? { cost: product(scan(first.size), scan(second.size)), size: ONE } : { cost: product(first.size, second.size), size: ONE }
    case 'matches':
      return { cost: product(scan(first.size + 1), Math.ceil(second.size * REGEX)), size: ONE }
    case 'startsWith':
    case 'endsWith':
      return { cost: scan(second.size), size: ONE }
    case 'string':
      return { cost: 1, size: UNKNOWN }
    case 'join':
      return { cost: product(first.size, scan((first.items ?? UNKNOWN).size + second.size)) || Infinity, size: UNKNOWN }
    case 'isSorted':
    case 'sum':
    case 'min':
    case 'max':
    case 'indexOf':
    case 'lastIndexOf':
      return { cost: Math.max(1, types[0]?.kind === 'list' ? first.size : scan(first.size)), size: ONE }
    case 'slice':
    case 'reverse':
    case 'flatten':
      return { cost: LIST_CREATE + Math.max(1, first.size), size: name === 'flatten' ? UNKNOWN : first }
    case 'sort':
    case 'distinct':
      return { cost: LIST_CREATE + product(first.size, first.size), size: first }
    case 'first':
    case 'last':
      return { cost: 1, size: first.items ?? UNKNOWN }
    case 'intersects':
    case 'equivalent':
      return { cost: product(first.size, second.size) * (name === 'equivalent' ? 2 : 1), size: ONE }
    case 'split':
    case 'replace':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'quote':
      return { cost: scan(first.size), size: { size: name === 'replace' ? Infinity : first.size, items: first } }
    case 'find':
    case 'findAll':
      return { cost: product(scan(first.size), Math.ceil(second.size * REGEX)), size: first }
    case 'format':
      return { cost: scan(first.size) + 1, size: UNKNOWN }
    default:
      return { cost: name.startsWith('is') || ['ip', 'cidr', 'quantity', 'url', 'semver', 'validate'].includes(name) ? Math.max(1, scan(first.size)) : 1, size: result && isSized(result) ? UNKNOWN : first }
  }
}
