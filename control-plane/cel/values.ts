/** What expressions work with: ints are bigint, doubles number, lists arrays, maps and objects Map, bytes Uint8Array. */
import type { Quantity } from '../../shared/model/quantity.ts'
import type { Cidr, IpAddress } from '../../shared/model/validation/ip.ts'
import type { GoUrl } from './go-url.ts'
import { type CelType } from './types.ts'

/** Why an expression has no value. */
export class CelFault extends Error {}

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}
/** Nanoseconds. */
export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}
/** Nanoseconds since the epoch. */
export class Timestamp {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}
export class Optional {
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}
export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}
export class QuantityValue {
  readonly quantity: Quantity
  constructor(quantity: Quantity) {
    this.quantity = quantity
  }
}
export class UrlValue {
  readonly url: GoUrl
  constructor(url: GoUrl) {
    this.url = url
  }
}
export class IpValue {
  readonly ip: IpAddress
  constructor(ip: IpAddress) {
    this.ip = ip
  }
}
export class CidrValue {
  readonly cidr: Cidr
  constructor(cidr: Cidr) {
    this.cidr = cidr
  }
}
export class SemverValue {
  readonly parts: readonly [bigint, bigint, bigint]
  readonly pre: readonly string[]
  constructor(parts: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.parts = parts
    this.pre = pre
  }
}
export class FormatValue {
  readonly name: string
  readonly validate: (text: string) => readonly string[]
  constructor(name: string, validate: (text: string) => readonly string[]) {
    this.name = name
    this.validate = validate
  }
}

/** What only its own functions look into: a right to ask about rights, a decision. */
export class HostValue {
  readonly typeName: string
  readonly held: unknown
  constructor(typeName: string, held: unknown) {
    this.typeName = typeName
    this.held = held
  }
}

/** A literal of a named type: its fields, and how it was called. */
export class Message extends Map<Value, Value> {
  readonly typeName: string
  constructor(typeName: string, fields: ReadonlyArray<readonly [string, Value]>) {
    super(fields)
    this.typeName = typeName
  }
}

export type Value = string | bigint | number | boolean | null | Uint8Array | readonly Value[] | ReadonlyMap<Value, Value> | Uint | Duration | Timestamp | Optional | TypeValue | QuantityValue | UrlValue | IpValue | CidrValue | SemverValue | FormatValue | HostValue

const CLASSES: ReadonlyArray<readonly [new (...args: never[]) => object, string]> = [
  [Uint8Array, 'bytes'],
  [Uint, 'uint'],
  [Duration, 'duration'],
  [Timestamp, 'timestamp'],
  [QuantityValue, 'Quantity'],
  [UrlValue, 'URL'],
  [IpValue, 'IP'],
  [CidrValue, 'CIDR'],
  [SemverValue, 'Semver'],
  [FormatValue, 'Format'],
]

/** Types of Kubernetes' libraries that expressions may name. */
export const DOTTED_TYPES: ReadonlyMap<string, string> = new Map([['net.IP', 'IP'], ['net.CIDR', 'CIDR']])

/** `int`, `list`, `map`, …: the name of the value's own type. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'boolean':
      return 'bool'
    default:
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Map) return 'map'
  if (value instanceof Optional) return 'optional'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof HostValue) return value.typeName
  return CLASSES.find(([one]) => value instanceof one)?.[1] ?? 'dyn'
}

/** Whether a value is of a signature's type. */
export function isOf(type: CelType, value: Value): boolean {
  switch (type.kind) {
    case 'plain':
      return typeNameOf(value) === type.name
    case 'list':
    case 'map':
    case 'optional':
    case 'type':
      return typeNameOf(value) === type.kind
    case 'object':
      return value instanceof Map
    default:
      return true
  }
}

/** Ints and doubles of the same size are equal. */
const sameNumber = (a: bigint | number, b: bigint | number): boolean => (typeof a === typeof b ? a === b : Number(a) === Number(b))

/** Numbers that are equal are one key, of whatever types they are. Maps that came as JSON have none. */
export function inMap(map: ReadonlyMap<Value, Value>, key: Value): Value | undefined {
  const found = map.get(key)
  const number = asNumber(key)
  if (found !== undefined || number === undefined || typeof map.keys().next().value === 'string') return found
  for (const [one, value] of map) {
    const other = asNumber(one)
    if (other !== undefined && sameNumber(other, number)) return value
  }
  return undefined
}

export const asNumber = (value: Value): bigint | number | undefined => (typeof value === 'bigint' || typeof value === 'number' ? value : value instanceof Uint ? value.value : undefined)

export type Equal = (a: Value, b: Value) => boolean

/** @param look is told how much is looked at, before it is: 1 for each pair of values, more for long texts. What it throws ends the comparison. */
export function equalBy(look: (steps: number) => void): Equal {
  const equal: Equal = (a, b) => {
    look(typeof a === 'string' ? 1 + a.length / CHARACTERS_A_STEP : 1)
    if (a === b) return true
    if (Array.isArray(a) && Array.isArray(b)) return sameItems(a as readonly Value[], b as readonly Value[], equal)
    if (a instanceof Map && b instanceof Map) return a.size === b.size && sameEntries(a, b, (one, other) => {
      look(1)
      return equal(one, other)
    })
    if (typeof a === typeof b && typeof a !== 'object') return false
    const [left, right] = [asNumber(a), asNumber(b)]
    if (left !== undefined && right !== undefined) return sameNumber(left, right)
    if (a instanceof Optional && b instanceof Optional) return a.value === undefined || b.value === undefined ? a.value === b.value : equal(a.value, b.value)
    if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
    return identity(a) !== undefined && identity(a) === identity(b)
  }
  return equal
}

/** Texts are compared faster than anything else. */
const CHARACTERS_A_STEP = 100

function sameItems(a: readonly Value[], b: readonly Value[], equal: Equal): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (!equal(a[index] as Value, b[index] as Value)) return false
  return true
}

function sameEntries(a: ReadonlyMap<Value, Value>, b: ReadonlyMap<Value, Value>, equal: Equal): boolean {
  for (const [key, value] of a) {
    const other = b.get(key)
    if (other === undefined || !equal(value, other)) return false
  }
  return true
}

/** What values of the libraries are equal by. */
function identity(value: Value): string | undefined {
  if (value instanceof Duration) return `d${value.nanos}`
  if (value instanceof Timestamp) return `t${value.nanos}`
  if (value instanceof TypeValue) return `y${value.name}`
  if (value instanceof IpValue) return `i${value.ip.bytes.join('.')}`
  if (value instanceof CidrValue) return `c${value.cidr.address.bytes.join('.')}/${value.cidr.prefixLength}`
  if (value instanceof SemverValue) return `s${value.parts.join('.')}-${value.pre.join('.')}`
  if (value instanceof UrlValue) return `u${value.url.text}`
  if (value instanceof FormatValue) return `f${value.name}`
  if (value instanceof QuantityValue) return `q${value.quantity.nanos}`
  return undefined
}
