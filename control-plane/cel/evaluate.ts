/** Runs a checked expression. Throws {@link CelFault} where it has no value. */
import type { Expression } from './ast.ts'
import type { Checked } from './check.ts'
import type { Overload } from './overloads.ts'
import { sortedByKeys } from './lists.ts'
import { readsOf } from './patterns.ts'
import { compared, costOfCalls, FOLD_STEPS, KEPT_STEPS, LIST_CREATE, MAP_CREATE, MESSAGE_CREATE, sizeOf } from './runtime-cost.ts'
import { text } from './format-text.ts'
import { noSuchOverload, notIterable } from './no-overload.ts'
import type { CelType } from './types.ts'
import { asNumber, CelFault, DOTTED_TYPES, equalBy, inMap, isOf, Message, Optional, typeNameOf, TypeValue, type Value } from './values.ts'

/** Values by name; also by dotted name. */
export interface Bindings {
  get(name: string): Value | undefined
}

/** What stands around, and the one or two names of a comprehension's items, one after the other: there may be very many of these, and to make something for each takes longer than the rule. */
class ItemScope implements Bindings {
  readonly #around: Bindings
  readonly #first: string
  readonly #second: string | undefined
  #firstValue: Value = null
  #secondValue: Value = null

  constructor(around: Bindings, [first = '', second]: readonly string[]) {
    this.#around = around
    this.#first = first
    this.#second = second
  }

  /** With this item. */
  of(first: Value, second: Value = null): this {
    this.#firstValue = first
    this.#secondValue = second
    return this
  }

  get(name: string): Value | undefined {
    if (name === this.#second) return this.#secondValue
    return name === this.#first ? this.#firstValue : this.#around.get(name)
  }
}

/** What a comprehension goes over. */
class Items {
  readonly isMap: boolean
  readonly #keys: readonly Value[] | undefined
  readonly #values: readonly Value[]
  readonly #scope: ItemScope
  readonly #names: number

  constructor(over: Value, names: readonly string[], around: Bindings) {
    this.isMap = over instanceof Map
    if (!this.isMap && !Array.isArray(over)) throw new CelFault(notIterable(over))
    this.#keys = this.isMap ? [...(over as ReadonlyMap<Value, Value>).keys()] : undefined
    this.#values = this.isMap ? [...(over as ReadonlyMap<Value, Value>).values()] : (over as readonly Value[])
    this.#scope = new ItemScope(around, names)
    this.#names = names.length
  }

  get length(): number {
    return this.#values.length
  }

  key(index: number): Value {
    return this.#keys ? (this.#keys[index] ?? null) : BigInt(index)
  }

  value(index: number): Value {
    return this.#values[index] ?? null
  }

  /** What a comprehension of one name goes over. */
  own(index: number): Value {
    return this.#keys ? (this.#keys[index] ?? null) : this.value(index)
  }

  /** Until the next is asked for. */
  scope(index: number): Bindings {
    return this.#names < 2 ? this.#scope.of(this.own(index)) : this.#scope.of(this.key(index), this.value(index))
  }
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

/** An expression made ready to run, often. What it costs is added to the meter. */
export function evaluatorOf(expression: Expression, checked: Checked): (bindings: Bindings, meter?: Meter) => Value {
  const plans = new Map<Expression, CallPlan>()
  return (bindings, meter) => {
    const evaluation = new Evaluation(checked, plans)
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
}

/** A long text or list that a function has made takes room. */
const madeSize = (value: Value): number => (typeof value === 'string' ? value.length : Array.isArray(value) ? value.length * 10 : 0)

/** What names of types stand for. */
const TYPE_NAMES: ReadonlyMap<string, string> = new Map([...['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'type'].map((name) => [name, name] as const), ['null_type', 'null'], ['optional_type', 'optional']])

/** What is known of a call before its values are. */
interface CallPlan {
  readonly overloads: readonly Overload[]
  /** Of a method. */
  readonly target: Expression | undefined
  readonly name: string
  /** By its values; 1 if there is none. */
  readonly cost: ((values: readonly Value[]) => number) | undefined
  /** What it looks at besides. */
  readonly reads: ((values: readonly Value[]) => number) | undefined
}

class Evaluation {
  readonly #checked: Checked
  readonly #plans: Map<Expression, CallPlan>
  readonly #equal = equalBy((steps) => this.#look(2 * steps))
  #work = 0
  cost = 0

  constructor(checked: Checked, plans: Map<Expression, CallPlan>) {
    this.#checked = checked
    this.#plans = plans
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
    const dotted = operand.kind === 'name' && !this.#checked.types.has(operand) ? `${operand.name}.${field}` : undefined
    const qualified = dotted === undefined ? undefined : (scope.get(dotted) ?? typeNamed(dotted))
    if (qualified !== undefined) return qualified
    const whole = this.value(operand, scope)
    const inner = whole instanceof Optional ? whole.value : whole
    const found = inner instanceof Map ? (inner.get(field) as Value | undefined) : undefined
    if (test) return found !== undefined
    if ((optional || whole instanceof Optional) && (inner === undefined || inner instanceof Map)) return new Optional(found)
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
    const plan = this.#plans.get(expression) ?? this.#planned(expression)
    // There may be very many of these: lists made of lists would take longer than the call.
    const values: Value[] = plan.target ? [this.value(plan.target, scope)] : []
    for (const argument of args) values.push(this.value(argument, scope))
    const overload = chosen(plan.overloads, values)
    if (!overload) throw new CelFault(noSuchOverload(plan.name, values))
    this.#count(plan.cost ? plan.cost(values) : 1)
    const reads = plan.reads?.(values) ?? 0
    if (reads > 0) this.#look(reads)
    const result = overload.apply(this.#equal, values)
    const size = madeSize(result)
    if (size > 0) this.#look(size)
    return result
  }

  #planned(expression: Extract<Expression, { kind: 'call' }>): CallPlan {
    const { name: ownName, target } = expression
    const overloads = this.#checked.overloads.get(expression) ?? []
    const isMethod = target !== undefined && overloads[0]?.isMethod !== false
    const name = functionName(expression, isMethod)
    const plan = { overloads, target: isMethod ? target : undefined, name, cost: costOfCalls(name, overloads), reads: readsOf(ownName) }
    this.#plans.set(expression, plan)
    return plan
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
    const { macro, range, names, body } = expression
    const over = this.value(range, scope)
    if (macro === 'optMap' || macro === 'optFlatMap') {
      const { value } = over instanceof Optional ? over : new Optional(undefined)
      if (value === undefined) return new Optional(undefined)
      const result = this.value(body, new ItemScope(scope, names).of(value))
      return macro === 'optMap' ? new Optional(result) : result
    }
    // Before anything is made for each of them: there may be very many.
    this.#count(sizeOf(over) * FOLD_STEPS[macro] + 1)
    return this.#folded(expression, new Items(over, names, scope))
  }

  #folded({ macro, where, body }: Extract<Expression, { kind: 'fold' }>, items: Items): Value {
    const each = (index: number): Value => this.value(body, items.scope(index))
    if (macro === 'all' || macro === 'exists') return this.#quantified(macro === 'exists', items, body)
    const condition = macro === 'filter' || macro === 'existsOne' ? body : where
    // There may be very many of these: numbers take less than the items.
    const kept: number[] = []
    for (let index = 0; index < items.length; index++) if (!condition || bool(this.value(condition, items.scope(index)))) kept.push(index)
    switch (macro) {
      case 'existsOne':
      case 'filter':
        this.#count(kept.length * KEPT_STEPS[macro])
        return macro === 'filter' ? kept.map((index) => items.own(index)) : kept.length === 1
      case 'transformMap':
        return new Map(kept.map((index) => [items.key(index), each(index)]))
      case 'transformMapEntry':
        return merged(kept.map(each))
      case 'sortBy':
        return this.#sorted(kept.map((index) => ({ key: each(index), item: items.value(index) })))
      default:
        return kept.map(each)
    }
  }

  #sorted(items: ReadonlyArray<{ readonly key: Value; readonly item: Value }>): readonly Value[] {
    this.#count(compared(items.map(({ key }) => key)))
    return sortedByKeys(items)
  }

  /** Items that fail do not matter if another decides. */
  #quantified(decides: boolean, items: Items, body: Expression): boolean {
    let problem: CelFault | undefined
    for (let index = 0; index < items.length; index++) {
      try {
        if (bool(this.value(body, items.scope(index))) === decides) return decides
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

function typeNamed(name: string): TypeValue | undefined {
  const known = DOTTED_TYPES.get(name)
  return known === undefined ? undefined : new TypeValue(known)
}

function named(name: string, scope: Bindings): Value {
  const value = scope.get(name)
  if (value !== undefined) return value
  const type = TYPE_NAMES.get(name)
  if (type !== undefined) return new TypeValue(type)
  throw new CelFault(`no such attribute(s): ${name}`)
}

function bool(value: Value): boolean {
  if (typeof value !== 'boolean') throw new CelFault('no such overload')
  return value
}

function chosen(overloads: readonly Overload[], values: readonly Value[]): Overload | undefined {
  for (const overload of overloads) if (takes(overload.params, values)) return overload
  return undefined
}

function takes(params: readonly CelType[], values: readonly Value[]): boolean {
  for (let index = 0; index < params.length; index++) if (!isOf(params[index] as CelType, values[index] as Value)) return false
  return true
}

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
  if (whole instanceof Map) return inMap(whole as ReadonlyMap<Value, Value>, index)
  const place = asNumber(index)
  return Array.isArray(whole) && place !== undefined ? (whole as readonly Value[])[Number(place)] : undefined
}
