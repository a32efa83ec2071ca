/** Whether an expression makes sense, and of which type it is, in cel-go's words. */
import type { Expression, Macro, Problem } from './ast.ts'
import { type Functions, functionsOf, type Overload } from './overloads.ts'
import { COMPARABLE } from './lists.ts'
import { mostGeneral, TypeVariables } from './type-variables.ts'
import { BOOL, type CelType, DYN, ERROR, INT, listOf, mapOf, optionalOf, plain, sameType, STRING, typeText, typeType } from './types.ts'
import { DOTTED_TYPES, typeNameOf } from './values.ts'

export interface Checked {
  readonly type: CelType
  readonly problems: readonly Problem[]
  readonly types: ReadonlyMap<Expression, CelType>
  /** Which overloads a call may mean, in order. */
  readonly overloads: ReadonlyMap<Expression, readonly Overload[]>
}

type Scope = ReadonlyMap<string, CelType>

/** Methods of objects that are known but not given here: a call on what is not there is one mistake, not two. */
const KNOWN_ELSEWHERE: ReadonlySet<string> = new Set(['path', 'group', 'serviceAccount', 'resource', 'subresource', 'namespace', 'name', 'check', 'allowed', 'reason', 'errored', 'error', 'fieldSelector', 'labelSelector'])

/** Names of types are values. */
const TYPE_NAMES: Readonly<Record<string, CelType>> = { int: INT, uint: plain('uint'), double: plain('double'), bool: BOOL, string: STRING, bytes: plain('bytes'), list: listOf(DYN), map: mapOf(DYN, DYN), null_type: plain('null'), optional_type: optionalOf(DYN), type: typeType() }

export function check(expression: Expression, variables: Scope, functions: Functions): Checked {
  const checker = new Checker(functions)
  checker.typeOf(expression, variables)
  const types = checker.settled()
  return { type: types.get(expression) ?? DYN, problems: checker.problems, types, overloads: checker.overloads }
}

/** Where a scope says what a type's literals may hold; `Object.*` stands for every type below one. */
export const messageKey = (type: string): string => `${type}{}`

class Checker {
  readonly #functions: Functions
  readonly problems: Problem[] = []
  readonly #types = new Map<Expression, CelType>()
  readonly #variables = new TypeVariables()
  readonly overloads = new Map<Expression, readonly Overload[]>()

  constructor(functions: Functions) {
    this.#functions = functions
  }

  typeOf(expression: Expression, scope: Scope): CelType {
    const type = this.#typeOf(expression, scope)
    this.#types.set(expression, type)
    return this.#variables.resolved(type)
  }

  /** With what variables have turned out to be. */
  settled(): ReadonlyMap<Expression, CelType> {
    return new Map([...this.#types].map(([expression, type]) => [expression, this.#variables.settled(type)]))
  }

  #fits(wanted: CelType, given: CelType): boolean {
    return this.#variables.unify([[wanted, given]])
  }

  #say(at: number, message: string): CelType {
    this.problems.push({ at, message })
    return ERROR
  }

  #typeOf(expression: Expression, scope: Scope): CelType {
    switch (expression.kind) {
      case 'constant':
        return plain(typeNameOf(expression.value))
      case 'name':
        return this.#name(expression, scope)
      case 'select':
        return this.#select(expression, scope)
      case 'call':
        return this.#call(expression, scope)
      case 'list':
        return listOf(this.#joined(expression.items.map((item) => this.typeOf(item, scope))))
      case 'map': {
        const keys = expression.entries.map(([key]) => this.typeOf(key.kind === 'optional' ? key.part : key, scope))
        const values = expression.entries.map(([key, value]) => this.#valueType(this.typeOf(value, scope), key.kind === 'optional'))
        return mapOf(this.#joined(keys), this.#joined(values))
      }
      case 'message':
        return this.#message(expression, scope)
      case 'optional': {
        const type = this.typeOf(expression.part, scope)
        return type.kind === 'optional' ? type.of : DYN
      }
      case 'fold':
        return this.#fold(expression, scope)
    }
  }

  #valueType(type: CelType, isOptional: boolean): CelType {
    if (!isOptional) return type
    return type.kind === 'optional' ? type.of : DYN
  }

  /** Which messages there are is said by the scope: under the name of a type stands what its fields are. */
  #message({ type, fields, at }: Extract<Expression, { kind: 'message' }>, scope: Scope): CelType {
    const known = scope.get(messageKey(type)) ?? scope.get(messageKey(`${type.split('.', 1)[0] ?? ''}.*`))
    if (!known) return this.#say(at, Object.hasOwn(TYPE_NAMES, type) ? `'${type}' is not a message type` : `undeclared reference to '${type}' (in container '')`)
    for (const { name, value, isOptional } of fields) {
      const given = this.#valueType(this.typeOf(value, scope), isOptional)
      const wanted = known.kind === 'object' ? known.fields.get(name) : DYN
      if (!wanted) this.#say(value.at, `undefined field '${name}'`)
      else if (!this.#fits(wanted, given)) this.#say(value.at, `expected type of field '${name}' is '${typeText(wanted)}' but provided type is '${typeText(given)}'`)
    }
    return { kind: 'object', name: type, fields: known.kind === 'object' ? known.fields : new Map() }
  }

  #name({ name, at }: Extract<Expression, { kind: 'name' }>, scope: Scope): CelType {
    const known = scope.get(name)
    if (known) return known
    const type = Object.hasOwn(TYPE_NAMES, name) ? TYPE_NAMES[name] : undefined
    return type ? typeType(type) : this.#say(at, `undeclared reference to '${name}' (in container '')`)
  }

  #joined(types: readonly CelType[]): CelType {
    const [first = this.#variables.fresh(), ...others] = types
    return others.reduce((joined, type) => (this.#fits(joined, type) ? mostGeneral(joined, type) : DYN), first)
  }

  #select({ operand, field, at, optional, test }: Extract<Expression, { kind: 'select' }>, scope: Scope): CelType {
    const qualified = operand.kind === 'name' ? scope.get(`${operand.name}.${field}`) : undefined
    if (qualified) return qualified
    const named = operand.kind === 'name' && !scope.has(operand.name) ? DOTTED_TYPES.get(`${operand.name}.${field}`) : undefined
    if (named !== undefined) return typeType(plain(named))
    const whole = this.typeOf(operand, scope)
    const inner = whole.kind === 'optional' ? whole.of : whole
    const found = this.#field(inner, field, at)
    if (test) return BOOL
    return optional || whole.kind === 'optional' ? optionalOf(found) : found
  }

  #field(type: CelType, field: string, at: number): CelType {
    switch (type.kind) {
      case 'object':
        return type.fields.get(field) ?? this.#say(at, `undefined field '${field}'`)
      case 'map':
        return type.values
      case 'dyn':
      case 'error':
        return type
      case 'param':
        this.#fits(DYN, type)
        return DYN
      default:
        return this.#say(at, `type '${typeText(type)}' does not support field selection`)
    }
  }

  #call(expression: Extract<Expression, { kind: 'call' }>, scope: Scope): CelType {
    const { name, target, args, at } = expression
    const namespaced = target?.kind === 'name' && !scope.has(target.name) ? `${target.name}.${name}` : undefined
    if (namespaced !== undefined && this.#functions.has(namespaced) && isGiven(namespaced, scope)) return this.#resolve(expression, { all: this.#functions.get(namespaced) ?? [], types: args.map((argument) => this.typeOf(argument, scope)), isMethod: false })
    const on = target && this.typeOf(target, scope)
    const types = [...(on ? [on] : []), ...args.map((argument) => this.typeOf(argument, scope))]
    if (SPECIAL.has(name) && !target) return this.#special(expression, types)
    const all = this.#functions.get(name)
    if (!all) {
      if (on?.kind === 'error' && KNOWN_ELSEWHERE.has(name)) return ERROR
      return this.#say(at, `undeclared reference to '${name}' (in container '')`)
    }
    return this.#resolve(expression, { all, types, isMethod: on !== undefined })
  }

  #resolve(expression: Extract<Expression, { kind: 'call' }>, { all, types, isMethod }: { readonly all: readonly Overload[]; readonly types: readonly CelType[]; readonly isMethod: boolean }): CelType {
    const fitting: Overload[] = []
    let found: CelType | undefined
    for (const overload of all) {
      if (overload.isMethod !== isMethod || overload.params.length !== types.length) continue
      const [result = DYN, ...params] = this.#variables.instance([overload.result, ...overload.params])
      if (!this.#variables.unify(params.map((param, index) => [types[index] ?? DYN, param] as const))) continue
      fitting.push(overload)
      const returned = this.#variables.resolved(result)
      found = found === undefined || sameType(found, returned) ? returned : DYN
    }
    this.overloads.set(expression, fitting)
    if (found) return found
    if (types.some((type) => type.kind === 'error')) return ERROR
    const [target = '', ...args] = types.map((type) => typeText(this.#variables.settled(type)))
    const shown = isMethod ? `${target}.(${args.join(', ')})` : `(${[target, ...args].slice(0, types.length).join(', ')})`
    return this.#say(expression.at, `found no matching overload for '${expression.name}' applied to '${shown}'`)
  }

  /** What is no function of the table. */
  #special(expression: Extract<Expression, { kind: 'call' }>, types: readonly CelType[]): CelType {
    const { name, args } = expression
    const [first = DYN] = types
    if (name === '_&&_' || name === '_||_') {
      const wrong = args.filter((argument, index) => !this.#isBool(types[index] ?? DYN, argument.at))
      return wrong.length > 0 ? ERROR : BOOL
    }
    const key = args[1]
    // A field that may not be there, by its name as a text.
    if (name === '_[?_]' && first.kind === 'object' && key?.kind === 'constant' && typeof key.value === 'string') return optionalOf(first.fields.get(key.value) ?? DYN)
    return this.#resolve(expression, { all: name === '_?_:_' ? CHOICE : name === '_[_]' ? INDEX : OPTIONAL_INDEX, types, isMethod: false })
  }

  #fold({ macro, range, names, where, body, at }: Extract<Expression, { kind: 'fold' }>, scope: Scope): CelType {
    const over = this.typeOf(range, scope)
    const inner = new Map(scope)
    if (macro === 'optMap' || macro === 'optFlatMap') {
      inner.set(names[0] ?? '', over.kind === 'optional' ? over.of : DYN)
      const result = this.typeOf(body, inner)
      return macro === 'optMap' ? optionalOf(result) : result
    }
    const parts = this.#parts(over, range.at)
    if (!parts) return ERROR
    const [first = '', second] = names
    if (second === undefined) inner.set(first, over.kind === 'map' ? parts.key : parts.value)
    else {
      inner.set(first, parts.key)
      inner.set(second, parts.value)
    }
    const condition = where && this.typeOf(where, inner)
    const result = this.typeOf(body, inner)
    if (macro === 'sortBy' && !isComparable(result)) return this.#say(at, `found no matching overload for '@sortByAssociatedKeys' applied to '${typeText(over)}.(${typeText(listOf(result))})'`)
    const all = resultOf(macro, { over, result, parts })
    if (macro === 'all' || macro === 'exists') this.#isBool(result, body.at)
    else if (macro === 'filter') this.#chooses(result, all, at)
    else if (macro === 'existsOne') this.#chooses(result, INT, at)
    else if (condition) this.#chooses(condition, all, at)
    return all
  }

  /** What decides whether an item counts: to cel-go a choice between what there is with it and without. */
  #chooses(condition: CelType, all: CelType, at: number): void {
    if (this.#fits(BOOL, condition)) return
    const kept = typeText(this.#variables.settled(all))
    this.#say(at, `found no matching overload for '_?_:_' applied to '(${typeText(this.#variables.settled(condition))}, ${kept}, ${kept})'`)
  }

  #parts(over: CelType, at: number): { readonly key: CelType; readonly value: CelType } | undefined {
    if (over.kind === 'list') return { key: INT, value: over.items }
    if (over.kind === 'map') return { key: over.keys, value: over.values }
    if (over.kind === 'param') this.#fits(DYN, over)
    if (over.kind === 'dyn' || over.kind === 'error' || over.kind === 'param') return { key: DYN, value: DYN }
    this.#say(at, `expression of type '${typeText(over)}' cannot be range of a comprehension (must be list, map, or dynamic)`)
    return undefined
  }

  #isBool(type: CelType, at: number): boolean {
    const fits = this.#fits(BOOL, type)
    if (!fits) this.#say(at, `expected type 'bool' but found '${typeText(type)}'`)
    return fits
  }
}

/** Pointers are for those who may make patches. */
const isGiven = (name: string, scope: Scope): boolean => name !== 'jsonpatch.escapeKey' || scope.has(messageKey('JSONPatch'))

const SPECIAL: ReadonlySet<string> = new Set(['_&&_', '_||_', '_?_:_', '_[_]', '_[?_]'])

/** What a choice and the brackets after a value take; how they run is the evaluator's. */
const never = (): never => {
  throw new Error('evaluated elsewhere')
}
const CHOICE = overloadsOf('_?_:_(bool, A, A): A')
const INDEX = overloadsOf('_[_](list<A>, int): A', '_[_](map<A, B>, A): B', '_[_](optional<list<A>>, int): optional<A>', '_[_](optional<map<A, B>>, A): optional<B>')
const OPTIONAL_INDEX = overloadsOf('_[_](list<A>, int): optional<A>', '_[_](optional<list<A>>, int): optional<A>', '_[_](map<A, B>, A): optional<B>', '_[_](optional<map<A, B>>, A): optional<B>')

function overloadsOf(...signatures: readonly string[]): readonly Overload[] {
  return [...functionsOf(Object.fromEntries(signatures.map((signature) => [signature, never])), {}).values()].flat()
}

const isComparable = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'error' || (type.kind === 'plain' && COMPARABLE.includes(type.name))

function resultOf(macro: Macro, { over, result, parts }: { readonly over: CelType; readonly result: CelType; readonly parts: { readonly key: CelType; readonly value: CelType } }): CelType {
  switch (macro) {
    case 'map':
    case 'transformList':
      return listOf(result)
    case 'transformMap':
      return mapOf(parts.key, result)
    case 'transformMapEntry':
      return result.kind === 'map' ? result : mapOf(DYN, DYN)
    case 'sortBy':
      return over
    case 'filter':
      return listOf(over.kind === 'map' ? parts.key : parts.value)
    default:
      return BOOL
  }
}
