/** The functions that every CEL has. */
import { patternOf } from './patterns.ts'
import type { Apply, Comparing } from './overloads.ts'
import { runeCount } from './runes.ts'
import { durationOf, durationText, parseDuration, parseTimestamp, TIME_PARTS, timestampAt, timestampText, zoned } from './times.ts'
import { CelFault, Duration, inMap, Timestamp, TypeValue, typeNameOf, Uint, type Value } from './values.ts'

const MAX_INT = 2n ** 63n - 1n
const MIN_INT = -(2n ** 63n)

const fault = (message: string): never => {
  throw new CelFault(message)
}

export const checkedInt = (value: bigint): bigint => (value > MAX_INT || value < MIN_INT ? fault('integer overflow') : value)
export const checkedUint = (value: bigint): Uint => (value < 0n || value >= 2n ** 64n ? fault('unsigned integer overflow') : new Uint(value))

type Ints = (a: bigint, b: bigint) => bigint
type Doubles = (a: number, b: number) => number

const arithmetic = (op: string, ints: Ints, doubles?: Doubles): Record<string, Apply> => ({
  [`_${op}_(int, int): int`]: (a, b) => checkedInt(ints(a as bigint, b as bigint)),
  [`_${op}_(uint, uint): uint`]: (a, b) => checkedUint(ints((a as Uint).value, (b as Uint).value)),
  ...(doubles && { [`_${op}_(double, double): double`]: (a: Value, b: Value) => doubles(a as number, b as number) }),
})

const dividing = (message: string, ints: Ints): Ints => (a, b) => (b === 0n ? fault(message) : ints(a, b))

/** Below, at or above zero. */
export function compareValues(a: Value, b: Value): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  const [left, right] = comparable(orderOf(a), orderOf(b))
  return left < right ? -1 : left > right ? 1 : 0
}

/** Where one is a double both are taken for one, as cel-go does: near the ends of 64 bits they may then be equal. */
const comparable = (a: Ordered, b: Ordered): readonly [Ordered, Ordered] => (typeof a === typeof b ? [a, b] : [Number(a), Number(b)])

type Ordered = string | number | bigint | boolean

function orderOf(value: Value): Ordered {
  if (value instanceof Duration || value instanceof Timestamp) return value.nanos
  return value instanceof Uint ? value.value : (value as Ordered)
}

const ORDERED = ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration']
const MIXED = [['int', 'uint'], ['int', 'double'], ['uint', 'double'], ['uint', 'int'], ['double', 'int'], ['double', 'uint']]

function ordering(op: string, test: (order: number) => boolean): Record<string, Apply> {
  const apply: Apply = (a, b) => test(compareValues(a, b))
  return Object.fromEntries([...ORDERED.map((type) => [type, type]), ...MIXED].map(([a, b]) => [`_${op}_(${a}, ${b}): bool`, apply]))
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8Text(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return fault('invalid UTF-8 in bytes, cannot convert to string')
  }
}

const conversion = (from: string, to: string): never => fault(`type conversion error from '${from}' to '${to}'`)

/** What has more digits is beyond any number; to read it would take long. */
const MOST_DIGITS = 20
const isReadable = (digits: string): boolean => digits.replace(/^[+-]?0*/, '').length <= MOST_DIGITS

function intOf(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text) || !isReadable(text)) return conversion('string', 'int')
  const value = BigInt(text.replace(/^\+/, ''))
  return value > MAX_INT || value < MIN_INT ? conversion('string', 'int') : value
}

function doubleOf(text: string): number {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^nan$/i.test(text)) return Number.NaN
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : conversion('string', 'double')
}

/** As Go's `%g` prints it. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  return power < -4 || power >= 6 ? `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}` : String(value)
}

const utf8 = new TextEncoder()
const sizeOf = (value: Value): bigint => BigInt(typeof value === 'string' ? runeCount(value) : value instanceof Map ? value.size : (value as { readonly length: number }).length)

const matches = (text: Value, pattern: Value): boolean => patternOf(pattern).test(text as string)

/** Value of `type()`; the names are types too. */
export const typeOfValue = (value: Value): TypeValue => new TypeValue(typeNameOf(value))

const strings: Record<string, Apply> = {
  'string.contains(string): bool': (a, b) => (a as string).includes(b as string),
  'string.startsWith(string): bool': (a, b) => (a as string).startsWith(b as string),
  'string.endsWith(string): bool': (a, b) => (a as string).endsWith(b as string),
  'string.matches(string): bool': matches,
  'matches(string, string): bool': matches,
  '_+_(string, string): string': (a, b) => `${a as string}${b as string}`,
  '_+_(bytes, bytes): bytes': (a, b) => Uint8Array.from(Buffer.concat([a as Uint8Array, b as Uint8Array])),
}

const collections: Record<string, Apply> = {
  'size(string): int': sizeOf,
  'size(bytes): int': sizeOf,
  'size(list<A>): int': sizeOf,
  'size(map<A, B>): int': sizeOf,
  'string.size(): int': sizeOf,
  'bytes.size(): int': sizeOf,
  'list<A>.size(): int': sizeOf,
  'map<A, B>.size(): int': sizeOf,
  '_+_(list<A>, list<A>): list<A>': (a, b) => [...(a as readonly Value[]), ...(b as readonly Value[])],
}

const conversions: Record<string, Apply> = {
  'int(int): int': (a) => a,
  'int(uint): int': (a) => checkedInt((a as Uint).value),
  'int(double): int': (a) => (Number.isFinite(a) && Math.abs(a as number) < 2 ** 63 ? BigInt(Math.trunc(a as number)) : fault('integer overflow')),
  'int(string): int': (a) => intOf(a as string),
  'int(timestamp): int': (a) => (a as Timestamp).nanos / 1_000_000_000n,
  'uint(uint): uint': (a) => a,
  'uint(int): uint': (a) => checkedUint(a as bigint),
  'uint(double): uint': (a) => (Number.isFinite(a) ? checkedUint(BigInt(Math.trunc(a as number))) : fault('unsigned integer overflow')),
  'uint(string): uint': (a) => (/^\d+$/.test(a as string) ? checkedUint(isReadable(a as string) ? BigInt(a as string) : 2n ** 64n) : conversion('string', 'uint')),
  'double(double): double': (a) => a,
  'double(int): double': (a) => Number(a),
  'double(uint): double': (a) => Number((a as Uint).value),
  'double(string): double': (a) => doubleOf(a as string),
  'bool(bool): bool': (a) => a,
  'bool(string): bool': (a) => (/^(?:1|t|true|TRUE|True|T)$/.test(a as string) ? true : /^(?:0|f|false|FALSE|False|F)$/.test(a as string) ? false : conversion('string', 'bool')),
  'string(string): string': (a) => a,
  'string(bool): string': (a) => String(a),
  'string(int): string': (a) => String(a),
  'string(uint): string': (a) => String((a as Uint).value),
  'string(double): string': (a) => doubleText(a as number),
  'string(bytes): string': (a) => utf8Text(a as Uint8Array),
  'string(timestamp): string': (a) => timestampText(a as Timestamp),
  'string(duration): string': (a) => durationText(a as Duration),
  'bytes(bytes): bytes': (a) => a,
  'bytes(string): bytes': (a) => utf8.encode(a as string),
  'dyn(A): dyn': (a) => a,
  'type(A): type<A>': typeOfValue,
}

const times: Record<string, Apply> = {
  'timestamp(timestamp): timestamp': (a) => a,
  'timestamp(int): timestamp': (a) => timestampAt((a as bigint) * 1_000_000_000n),
  'timestamp(string): timestamp': (a) => parseTimestamp(a as string) ?? conversion('string', 'google.protobuf.Timestamp'),
  'duration(duration): duration': (a) => a,
  'duration(string): duration': (a) => parseDuration(a as string) ?? conversion('string', 'google.protobuf.Duration'),
  '_+_(timestamp, duration): timestamp': (a, b) => timestampAt((a as Timestamp).nanos + (b as Duration).nanos),
  '_+_(duration, timestamp): timestamp': (a, b) => timestampAt((a as Duration).nanos + (b as Timestamp).nanos),
  '_+_(duration, duration): duration': (a, b) => durationOf((a as Duration).nanos + (b as Duration).nanos),
  '_-_(timestamp, timestamp): duration': (a, b) => durationOf((a as Timestamp).nanos - (b as Timestamp).nanos),
  '_-_(timestamp, duration): timestamp': (a, b) => timestampAt((a as Timestamp).nanos - (b as Duration).nanos),
  '_-_(duration, duration): duration': (a, b) => durationOf((a as Duration).nanos - (b as Duration).nanos),
  'duration.getHours(): int': (a) => (a as Duration).nanos / 3_600_000_000_000n,
  'duration.getMinutes(): int': (a) => (a as Duration).nanos / 60_000_000_000n,
  'duration.getSeconds(): int': (a) => (a as Duration).nanos / 1_000_000_000n,
  'duration.getMilliseconds(): int': (a) => ((a as Duration).nanos / 1_000_000n) % 1000n,
}

const parts: Record<string, Apply> = Object.fromEntries(
  TIME_PARTS.flatMap((name) => {
    const apply: Apply = (time, zone) => BigInt(zoned(time as Timestamp, (zone as string | undefined) ?? 'UTC')[name])
    return [[`timestamp.${name}(): int`, apply], [`timestamp.${name}(string): int`, apply]] as const
  }),
)

export const comparingStandard: Record<string, Comparing> = {
  '_==_(A, A): bool': (equal) => (a, b) => equal(a, b),
  '_!=_(A, A): bool': (equal) => (a, b) => !equal(a, b),
  '@in(A, list<A>): bool': (equal) => (a, list) => (list as readonly Value[]).some((item) => equal(item, a)),
  '@in(A, map<A, B>): bool': () => (a, map) => inMap(map as ReadonlyMap<Value, Value>, a) !== undefined,
}

export const standard: Record<string, Apply> = {
  '!_(bool): bool': (a) => !(a as boolean),
  '-_(int): int': (a) => checkedInt(-(a as bigint)),
  '-_(double): double': (a) => -(a as number),
  ...arithmetic('+', (a, b) => a + b, (a, b) => a + b),
  ...arithmetic('-', (a, b) => a - b, (a, b) => a - b),
  ...arithmetic('*', (a, b) => a * b, (a, b) => a * b),
  ...arithmetic('/', dividing('division by zero', (a, b) => a / b), (a, b) => a / b),
  ...arithmetic('%', dividing('modulus by zero', (a, b) => a % b)),
  ...ordering('<', (order) => order < 0),
  ...ordering('<=', (order) => order <= 0),
  ...ordering('>', (order) => order > 0),
  ...ordering('>=', (order) => order >= 0),
  ...strings,
  ...collections,
  ...conversions,
  ...times,
  ...parts,
}
