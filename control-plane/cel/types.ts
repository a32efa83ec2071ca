/** The types of CEL, as its checker sees them. */

export type CelType =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'list'; readonly items: CelType }
  | { readonly kind: 'map'; readonly keys: CelType; readonly values: CelType }
  | { readonly kind: 'optional'; readonly of: CelType }
  | { readonly kind: 'type'; readonly of: CelType }
  /** Of a schema: its fields by the names that expressions use. */
  | { readonly kind: 'object'; readonly name: string; readonly fields: ReadonlyMap<string, CelType> }
  /** Anything: judged when the expression runs. */
  | { readonly kind: 'dyn' }
  /** What a mistake leaves behind; it makes no further ones. */
  | { readonly kind: 'error' }
  /** A variable of a signature. */
  | { readonly kind: 'param'; readonly name: string }

const plains = new Map<string, CelType>()
export function plain(name: string): CelType {
  const known = plains.get(name) ?? { kind: 'plain', name }
  plains.set(name, known)
  return known
}

export const DYN: CelType = { kind: 'dyn' }
export const ERROR: CelType = { kind: 'error' }
export const BOOL = plain('bool')
export const INT = plain('int')
export const DOUBLE = plain('double')
export const STRING = plain('string')
export const BYTES = plain('bytes')
export const NULL = plain('null')
export const TIMESTAMP = plain('timestamp')
export const DURATION = plain('duration')

/** Of the items of an empty list: whatever is wanted. */
export const ANY: CelType = { kind: 'param', name: 'dyn' }

export const listOf = (items: CelType): CelType => ({ kind: 'list', items })
export const mapOf = (keys: CelType, values: CelType): CelType => ({ kind: 'map', keys, values })
export const optionalOf = (of: CelType): CelType => ({ kind: 'optional', of })
export const typeType = (of: CelType): CelType => ({ kind: 'type', of })

/** As errors print it. */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case 'plain':
      return PRINTED[type.name] ?? type.name
    case 'list':
      return `list(${typeText(type.items)})`
    case 'map':
      return `map(${typeText(type.keys)}, ${typeText(type.values)})`
    case 'optional':
      return `optional_type(${typeText(type.of)})`
    case 'type':
      return `type(${typeText(type.of)})`
    case 'object':
    case 'param':
      return type.name
    case 'dyn':
      return 'dyn'
    case 'error':
      return '!error!'
  }
}

/** Types of Kubernetes' own libraries. */
const PRINTED: Readonly<Record<string, string>> = { Quantity: 'kubernetes.Quantity', URL: 'kubernetes.URL', IP: 'net.IP', CIDR: 'net.CIDR', Semver: 'kubernetes.Semver', Format: 'kubernetes.NamedFormat' }

type Bindings = Map<string, CelType>

/** Whether a value of the type may stand where the wanted one is asked for; binds the variables of a signature. */
export function assignable(wanted: CelType, given: CelType, bindings: Bindings): boolean {
  if (wanted.kind === 'param') {
    const bound = bindings.get(wanted.name)
    if (!bound) bindings.set(wanted.name, given)
    if (!bound) return true
    const fits = assignable(bound, given, bindings) || assignable(given, bound, bindings)
    if (fits) bindings.set(wanted.name, mostGeneral(bound, given))
    return fits
  }
  if (wanted.kind === 'dyn' || given.kind === 'dyn' || given.kind === 'error' || wanted.kind === 'error') return true
  if (given.kind === 'param') return true
  if (given === NULL && (wanted.kind === 'object' || wanted === TIMESTAMP || wanted === DURATION || wanted.kind === 'optional')) return true
  switch (wanted.kind) {
    case 'plain':
      return given.kind === 'plain' && given.name === wanted.name
    case 'list':
      return given.kind === 'list' && assignable(wanted.items, given.items, bindings)
    case 'map':
      return given.kind === 'map' && assignable(wanted.keys, given.keys, bindings) && assignable(wanted.values, given.values, bindings)
    case 'optional':
      return given.kind === 'optional' && assignable(wanted.of, given.of, bindings)
    case 'type':
      return given.kind === 'type'
    case 'object':
      return given.kind === 'object' && given.name === wanted.name
  }
}

/** Of two types that go together the one that says less. */
export const mostGeneral = (a: CelType, b: CelType): CelType => (saysLess(a, b) ? a : b)

function saysLess(a: CelType, b: CelType): boolean {
  if (b.kind === 'param' || a.kind === 'dyn') return true
  if (a.kind === 'param' || b.kind === 'dyn' || a.kind !== b.kind) return false
  if (a.kind === 'list' && b.kind === 'list') return saysLess(a.items, b.items)
  if (a.kind === 'map' && b.kind === 'map') return saysLess(a.keys, b.keys) && saysLess(a.values, b.values)
  return a.kind === 'optional' && b.kind === 'optional' ? saysLess(a.of, b.of) : typeText(a) === typeText(b)
}

/** A signature's type with what its variables are bound to. */
export function bound(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'param':
      return bindings.get(type.name) ?? DYN
    case 'list':
      return listOf(bound(type.items, bindings))
    case 'map':
      return mapOf(bound(type.keys, bindings), bound(type.values, bindings))
    case 'optional':
      return optionalOf(bound(type.of, bindings))
    default:
      return type
  }
}

/** Reads `map<string, list<A>>`, as signatures are written here. */
export function parseType(text: string): CelType {
  const trimmed = text.trim()
  const open = trimmed.indexOf('<')
  if (open < 0) return trimmed === 'dyn' ? DYN : /^[A-Z]$/.test(trimmed) ? { kind: 'param', name: trimmed } : trimmed === 'type' ? typeType(DYN) : plain(trimmed)
  const parts = splitTypes(trimmed.slice(open + 1, -1)).map(parseType)
  const [first = DYN, second = DYN] = parts
  switch (trimmed.slice(0, open)) {
    case 'list':
      return listOf(first)
    case 'map':
      return mapOf(first, second)
    default:
      return optionalOf(first)
  }
}

/** At commas that stand in no brackets. */
export function splitTypes(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '<') depth++
    else if (char === '>') depth--
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  const last = text.slice(start)
  return last.trim() === '' ? parts : [...parts, last]
}
