/** What types that are not known yet turn out to be: unification as cel-go's checker does it (checker/types.go). */
import { type CelType, DYN, listOf, mapOf, NULL, optionalOf, sameType, TIMESTAMP, DURATION, typeType } from './types.ts'

/** Parts of a type that types are made of: those of its items, keys and values. */
function partsOf(type: CelType): readonly CelType[] {
  switch (type.kind) {
    case 'list':
      return [type.items]
    case 'map':
      return [type.keys, type.values]
    case 'optional':
      return [type.of]
    case 'type':
      return type.of ? [type.of] : []
    default:
      return []
  }
}

/** The same type of other parts. */
function withParts(type: CelType, change: (part: CelType) => CelType): CelType {
  switch (type.kind) {
    case 'list':
      return listOf(change(type.items))
    case 'map':
      return mapOf(change(type.keys), change(type.values))
    case 'optional':
      return optionalOf(change(type.of))
    case 'type':
      return type.of ? typeType(change(type.of)) : type
    default:
      return type
  }
}

/** Whether the first says no more than the second. */
function saysLess(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true
  if (b.kind === 'dyn' || b.kind === 'param' || a.kind !== b.kind) return false
  if (a.kind === 'type') return true
  const others = partsOf(b)
  const parts = partsOf(a)
  return parts.length === 0 ? sameType(a, b) : parts.every((part, index) => saysLess(part, others[index] ?? DYN))
}

/** Of two types that go together the one that says less. */
export const mostGeneral = (a: CelType, b: CelType): CelType => (saysLess(a, b) ? a : b)

const takesNull = (type: CelType): boolean => type === NULL || type.kind === 'object' || type.kind === 'optional' || type === TIMESTAMP || type === DURATION

/** A type may be many times as large as the text that makes it: of `{x: x}` in itself each one doubles it. */
const MOST_STEPS = 300_000

type Change = readonly [name: string, before: CelType | undefined]

export class TypeVariables {
  readonly #found = new Map<string, CelType>()
  readonly #changes: Change[] = []
  #made = 0
  #steps = 0

  /** One of which nothing is known. */
  fresh(): CelType {
    return { kind: 'param', name: `_var${this.#made++}` }
  }

  /** A signature's types, whose variables are its own each time. */
  instance(types: readonly CelType[]): readonly CelType[] {
    const own = new Map<string, CelType>()
    const change = (type: CelType): CelType => {
      if (type.kind !== 'param') return withParts(type, change)
      const variable = own.get(type.name) ?? this.fresh()
      own.set(type.name, variable)
      return variable
    }
    return types.map(change)
  }

  /** Whether the types go together, pair by pair. What that says about variables is kept only then. */
  unify(pairs: ReadonlyArray<readonly [CelType, CelType]>): boolean {
    const start = this.#changes.length
    if (pairs.every(([a, b]) => this.#fits(a, b))) return true
    for (const [name, before] of this.#changes.splice(start).reverse()) {
      if (before) this.#found.set(name, before)
      else this.#found.delete(name)
    }
    return false
  }

  /** With what its variables have turned out to be. */
  resolved(type: CelType): CelType {
    this.#step()
    const found = type.kind === 'param' ? this.#found.get(type.name) : undefined
    return found ? this.resolved(found) : withParts(type, (part) => this.resolved(part))
  }

  /** Variables that stayed unknown stand for anything. */
  settled(type: CelType): CelType {
    this.#step()
    if (type.kind !== 'param') return withParts(type, (part) => this.settled(part))
    const found = this.#found.get(type.name)
    return found ? this.settled(found) : DYN
  }

  /** @throws {RangeError} after very many. */
  #step(): void {
    if (this.#steps++ === MOST_STEPS) throw new RangeError('types are too large')
  }

  #bind(name: string, type: CelType): void {
    this.#changes.push([name, this.#found.get(name)])
    this.#found.set(name, type)
  }

  #fits(a: CelType, b: CelType): boolean {
    this.#step()
    if (b.kind === 'param') {
      const { fits, isBound } = this.#substitute(a, b)
      if (fits || isBound) return fits
    }
    if (a.kind === 'param') return this.#substitute(b, a).fits
    if (a.kind === 'dyn' || a.kind === 'error' || b.kind === 'dyn' || b.kind === 'error') return true
    if (a === NULL || b === NULL) return takesNull(a === NULL ? b : a)
    if (a.kind !== b.kind) return false
    if (a.kind === 'type') return true
    const others = partsOf(b)
    const parts = partsOf(a)
    return parts.length === 0 ? sameType(a, b) : parts.every((part, index) => this.#fits(part, others[index] ?? DYN))
  }

  /** The type for the variable, or for what it stands for already, of which the more general one stays. */
  #substitute(type: CelType, variable: Extract<CelType, { kind: 'param' }>): { readonly fits: boolean; readonly isBound: boolean } {
    if (sameType(type, variable)) return { fits: true, isBound: true }
    const bound = this.#found.get(variable.name)
    if (bound) {
      if (sameType(type, bound)) return { fits: true, isBound: true }
      if (!this.#fits(type, bound)) return { fits: false, isBound: true }
      const general = mostGeneral(type, bound)
      if (!this.#isWithin(variable.name, general)) this.#bind(variable.name, general)
      return { fits: true, isBound: true }
    }
    if (this.#isWithin(variable.name, type)) return { fits: false, isBound: false }
    this.#bind(variable.name, type)
    return { fits: true, isBound: false }
  }

  #isWithin(name: string, type: CelType): boolean {
    if (type.kind !== 'param') return partsOf(type).some((part) => this.#isWithin(name, part))
    const found = this.#found.get(type.name)
    return type.name === name || (found !== undefined && this.#isWithin(name, found))
  }
}
