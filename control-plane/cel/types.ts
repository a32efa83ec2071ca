/** The types of CEL, as its checker sees them. */

export type CelType =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'list'; readonly items: CelType }
  | { readonly kind: 'map'; readonly keys: CelType; readonly values: CelType }
  | { readonly kind: 'optional'; readonly of: CelType }
  /** Without a type: that of types. */
  | { readonly kind: 'type'; readonly of?: CelType }
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

export const listOf = (items: CelType): CelType => ({ kind: 'list', items })
export const mapOf = (keys: CelType, values: CelType): CelType => ({ kind: 'map', keys, values })
export const optionalOf = (of: CelType): CelType => ({ kind: 'optional', of })
export const typeType = (of?: CelType): CelType => ({ kind: 'type', ...(of && { of }) })

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
      return type.of ? `type(${typeText(type.of)})` : 'type'
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

/** Objects are told by their names: types of schemas may be within themselves. */
export function sameType(a: CelType, b: CelType): boolean {
  switch (a.kind) {
    case 'plain':
    case 'object':
    case 'param':
      return b.kind === a.kind && a.name === b.name
    case 'list':
      return b.kind === 'list' && sameType(a.items, b.items)
    case 'map':
      return b.kind === 'map' && sameType(a.keys, b.keys) && sameType(a.values, b.values)
    case 'optional':
      return b.kind === 'optional' && sameType(a.of, b.of)
    case 'type':
      return b.kind === 'type' && (a.of === undefined || b.of === undefined ? a.of === b.of : sameType(a.of, b.of))
    case 'dyn':
    case 'error':
      return a.kind === b.kind
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
    case 'type':
      return typeType(first)
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
