/** Runs a checked expression. Throws {@link CelFault} where it has no value. */
import type { Expression, Macro } from './ast.ts'
import type { Checked } from './check.ts'
import type { Overload } from './overloads.ts'
import { sortedByKeys } from './lists.ts'
import { searchWork } from './patterns.ts'
import { callCost, compared, FOLD_STEPS, KEPT_STEPS, LIST_CREATE, MAP_CREATE, MESSAGE_CREATE, sizeOf } from './runtime-cost.ts'
import { text } from './format-text.ts'
import { noSuchOverload, notIterable } from './no-overload.ts'
import { asNumber, CelFault, equalBy, isOf, Message, Optional, TypeValue, typeNameOf, type Value } from './values.ts'

/** Values by name; also by dotted name. */
export interface Bindings {
  get(name: string): Value | undefined
}

/** What stands around, and the one or two names of a comprehension's item. There may be very many of these: copying what stands around would take longer than the rule. */
class ItemScope implements Bindings {
  readonly #around: Bindings
  readonly #first: string
  readonly #firstValue: Value
  readonly #second: string | undefined
  readonly #secondValue: Value

  constructor(around: Bindings, names: readonly [string, Value, string?, Value?]) {
    this.#around = around
    this.#first = names[0]
    this.#firstValue = names[1]
    this.#second = names[2]
    this.#secondValue = names[3] ?? null
  }

  get(name: string): Value | undefined {
    if (name === this.#second) return this.#secondValue
    return name === this.#first ? this.#firstValue : this.#around.get(name)
  }
}

/** One item of what a comprehension goes over. */
interface Item {
  readonly key: Value
  readonly value: Value
  readonly scope: Bindings
}

function itemsOf(over: Value, [first = '', second]: readonly string[], around: Bindings): readonly Item[] {
  if (second === undefined && Array.isArray(over)) return (over as readonly Value[]).map((value) => ({ key: null, value, scope: new ItemScope(around, [first, value]) }))
  const isMap = over instanceof Map
  return entriesOf(over).map(([key, value]) => ({ key, value, scope: second === undefined ? new ItemScope(around, [first, isMap ? key : value]) : new ItemScope(around, [first, key, second, value]) }))
}

/** What one evaluation may cost, in Kubernetes' units: no rule keeps a server busy. */
const COST_LIMIT = 1_000_000
/**
 * How much it may look at in all comparisons, two for each value, and how much it may make: characters, ten for each item of a list. What is compared costs
 * by its own size alone, however much is in it, and what functions make costs nothing.
 */
const WORK_LIMIT = 10_000_000
export const COST_EXCEEDED = 'operation cancelled: actual cost limit exceeded'

/** Counts what several evaluations cost. */
export interface Meter {
  cost: number
}

export function evaluate({ expression, checked }: { readonly expression: Expression; readonly checked: Checked }, bindings: Bindings, meter?: Meter): Value {
  const evaluation = new Evaluation(checked)
  try {
    return evaluation.value(expression, bindings)
  } catch (error) {
    // A number, a text or a depth that the language below does not have.
    if (error instanceof RangeError) throw new CelFault(COST_EXCEEDED)
    throw error
  } finally {
    if (meter) meter.cost += evaluation.cost
  }
}

/** A long text or list that a function has made takes room. */
const madeSize = (value: Value): number => (typeof value === 'string' ? value.length : Array.isArray(value) ? value.length * 10 : 0)

const TYPE_NAMES: ReadonlySet<string> = new Set(['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'])

class Evaluation {
  readonly #checked: Checked
  readonly #equal = equalBy((steps) => this.#look(2 * steps))
  #work = 0
  cost = 0

  constructor(checked: Checked) {
    this.#checked = checked
  }

  value(expression: Expression, scope: Bindings): Value {
    switch (expression.kind) {
      case 'constant':
        return expression.value
      case 'name':
        this.#count(1)
        return named(expression.name, scope)
      case 'select':
        if (!expression.test) this.#count(1)
        return this.#select(expression, scope)
      case 'call':
        return this.#call(expression, scope)
      case 'list':
        // One that is written out stands there before anything runs.
        if (!isWrittenOut(expression)) this.#count(LIST_CREATE)
        return expression.items.flatMap((item) => this.#part(this.value(item.kind === 'optional' ? item.part : item, scope), item.kind === 'optional'))
      case 'map':
        this.#count(MAP_CREATE)
        return new Map(expression.entries.flatMap(([key, value]) => this.#part(this.value(value, scope), key.kind === 'optional').map((found) => [this.value(key.kind === 'optional' ? key.part : key, scope), found] as const)))
      case 'message':
        this.#count(MESSAGE_CREATE)
        return new Message(expression.type, expression.fields.flatMap(({ name, value, isOptional }) => this.#part(this.value(value, scope), isOptional).map((found) => [name, found] as const)))
      case 'optional':
        return this.value(expression.part, scope)
      case 'fold':
        return this.#fold(expression, scope)
    }
  }

  #look(steps: number): void {
    this.#work += steps
    if (this.#work > WORK_LIMIT) this.#count(COST_LIMIT + 1)
  }

  #count(cost: number): void {
    this.cost += cost
    if (this.cost > COST_LIMIT) throw new CelFault(COST_EXCEEDED)
  }

  /** The value, or none where it is left out. */
  #part(value: Value, isOptional: boolean): readonly Value[] {
    if (!isOptional) return [value]
    if (!(value instanceof Optional)) throw new CelFault('no such overload')
    return value.value === undefined ? [] : [value.value]
  }

  #select({ operand, field, optional, test }: Extract<Expression, { kind: 'select' }>, scope: Bindings): Value {
    // A name with a dot in it is one variable: its first part was never asked what it is.
    const qualified = operand.kind === 'name' && !this.#checked.types.has(operand) ? scope.get(`${operand.name}.${field}`) : undefined
    if (qualified !== undefined) return qualified
    const whole = this.value(operand, scope)
    const inner = whole instanceof Optional ? whole.value : whole
    const found = inner instanceof Map ? (inner.get(field) as Value | undefined) : undefined
    if (test) return found !== undefined
    if (optional || whole instanceof Optional) return new Optional(found)
    if (found === undefined) throw new CelFault(Array.isArray(inner) ? "unsupported index type 'string' in list" : `no such key: ${field}`)
    return found
  }

  #call(expression: Extract<Expression, { kind: 'call' }>, scope: Bindings): Value {
    const { name, target, args } = expression
    const [first, second, third] = args
    if (first && second && !target) {
      if (name === '_&&_' || name === '_||_') return this.#logical(name === '_||_', [first, second], scope)
      if (name === '_?_:_' && third) return this.value(bool(this.value(first, scope)) ? second : third, scope)
      // A name in brackets is a part of the path that it stands in.
      if ((name === '_[_]' || name === '_[?_]') && second.kind !== 'name') this.#count(1)
      if (name === '_[_]' || name === '_[?_]') return indexed(this.value(first, scope), this.value(second, scope), name === '_[?_]')
    }
    const overloads = this.#checked.overloads.get(expression) ?? []
    const withTarget = target !== undefined && overloads[0]?.isMethod !== false
    // There may be very many of these: lists made of lists would take longer than the call.
    const values: Value[] = withTarget ? [this.value(target, scope)] : []
    for (const argument of args) values.push(this.value(argument, scope))
    const overload = chosen(overloads, values)
    if (!overload) throw new CelFault(noSuchOverload(functionName(expression, withTarget), values))
    this.#count(callCost(functionName(expression, withTarget), overloads, values))
    this.#look(searchWork(name, values))
    const result = overload.apply(this.#equal, values)
    this.#look(madeSize(result))
    return result
  }

  /** One side may fail if the other decides. */
  #logical(decides: boolean, [left, right]: readonly [Expression, Expression], scope: Bindings): Value {
    let problem: CelFault | undefined
    for (const side of [left, right]) {
      try {
        if (bool(this.value(side, scope)) === decides) return decides
      } catch (error) {
        if (!(error instanceof CelFault) || this.cost > COST_LIMIT) throw error
        problem ??= error
      }
    }
    if (problem) throw problem
    return !decides
  }

  #fold(expression: Extract<Expression, { kind: 'fold' }>, scope: Bindings): Value {
    const { macro, range, names, where, body } = expression
    const over = this.value(range, scope)
    if (macro === 'optMap' || macro === 'optFlatMap') {
      const { value } = over instanceof Optional ? over : new Optional(undefined)
      if (value === undefined) return new Optional(undefined)
      const result = this.value(body, new ItemScope(scope, [names[0] ?? '', value]))
      return macro === 'optMap' ? new Optional(result) : result
    }
    // Before anything is made for each of them: there may be very many.
    this.#count(sizeOf(over) * FOLD_STEPS[macro] + 1)
    const items = itemsOf(over, names, scope)
    const kept = where ? items.filter((item) => bool(this.value(where, item.scope))) : items
    return this.#folded(macro, { items: kept, body, isMap: over instanceof Map })
  }

  #folded(macro: Macro, { items, body, isMap }: { readonly items: readonly Item[]; readonly body: Expression; readonly isMap: boolean }): Value {
    switch (macro) {
      case 'all':
      case 'exists':
        return this.#quantified(macro === 'exists', items, body)
      case 'existsOne':
        return this.#kept(macro, items, body).length === 1
      case 'filter':
        return this.#kept(macro, items, body).map((item) => (isMap ? item.key : item.value))
      case 'transformMap':
        return new Map(items.map((item) => [item.key, this.value(body, item.scope)]))
      case 'transformMapEntry':
        return merged(items.map((item) => this.value(body, item.scope)))
      case 'sortBy':
        return this.#sorted(items.map((item) => ({ key: this.value(body, item.scope), item: item.value })))
      default:
        return items.map((item) => this.value(body, item.scope))
    }
  }

  #sorted(items: ReadonlyArray<{ readonly key: Value; readonly item: Value }>): readonly Value[] {
    this.#count(compared(items.map(({ key }) => key)))
    return sortedByKeys(items)
  }

  #kept(macro: 'existsOne' | 'filter', items: readonly Item[], body: Expression): readonly Item[] {
    const kept = items.filter((item) => bool(this.value(body, item.scope)))
    this.#count(kept.length * KEPT_STEPS[macro])
    return kept
  }

  /** Items that fail do not matter if another decides. */
  #quantified(decides: boolean, items: readonly Item[], body: Expression): boolean {
    let problem: CelFault | undefined
    for (const { scope } of items) {
      try {
        if (bool(this.value(body, scope)) === decides) return decides
      } catch (error) {
        if (!(error instanceof CelFault) || this.cost > COST_LIMIT) throw error
        problem ??= error
      }
    }
    if (problem) throw problem
    return !decides
  }
}

const isWrittenOut = (expression: Expression): boolean => expression.kind === 'constant' || (expression.kind === 'list' && expression.items.every(isWrittenOut))

const functionName = ({ name, target }: Extract<Expression, { kind: 'call' }>, isMethod: boolean): string => (target?.kind === 'name' && !isMethod ? `${target.name}.${name}` : name)

/** All entries in one map, each key once. */
function merged(maps: readonly Value[]): Value {
  const all = new Map<Value, Value>()
  for (const one of maps) {
    if (!(one instanceof Map)) throw new CelFault('no such overload')
    for (const [key, value] of one) {
      if (all.has(key as Value)) throw new CelFault(`insert failed: key ${String(key)} already exists`)
      all.set(key as Value, value as Value)
    }
  }
  return all
}

function named(name: string, scope: Bindings): Value {
  const value = scope.get(name)
  if (value !== undefined) return value
  if (TYPE_NAMES.has(name)) return new TypeValue(name === 'null_type' ? 'null' : name)
  throw new CelFault(`no such attribute(s): ${name}`)
}

function bool(value: Value): boolean {
  if (typeof value !== 'boolean') throw new CelFault('no such overload')
  return value
}

const chosen = (overloads: readonly Overload[], values: readonly Value[]): Overload | undefined => overloads.find(({ params }) => params.every((param, index) => isOf(param, values[index] ?? null)))

function indexed(whole: Value, index: Value, isOptional: boolean): Value {
  const inner = whole instanceof Optional ? whole.value : whole
  const optional = isOptional || whole instanceof Optional
  const found = inner === undefined ? undefined : at(inner, index)
  if (optional) return new Optional(found)
  if (found !== undefined) return found
  if (!Array.isArray(inner)) throw new CelFault(`no such key: ${text(index)}`)
  const number = asNumber(index)
  if (number === undefined) throw new CelFault(`unsupported index type '${typeNameOf(index)}' in list`)
  throw new CelFault(Number.isInteger(Number(number)) ? `index out of bounds: ${text(index)}` : `unsupported index value ${text(index)} in list`)
}

function at(whole: Value, index: Value): Value | undefined {
  if (whole instanceof Map) return whole.get(index) as Value | undefined
  const place = asNumber(index)
  return Array.isArray(whole) && place !== undefined ? (whole as readonly Value[])[Number(place)] : undefined
}

function entriesOf(value: Value): ReadonlyArray<readonly [Value, Value]> {
  if (Array.isArray(value)) return (value as readonly Value[]).map((item, index) => [BigInt(index), item] as const)
  if (value instanceof Map) return [...(value as ReadonlyMap<Value, Value>)]
  throw new CelFault(notIterable(value))
}
