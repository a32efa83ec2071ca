/**
 * A value as JSON can hold it. Whole numbers that a double holds are numbers; those beyond (±2⁵³ and more) that 64 bits hold are `bigint`s, and nothing else is.
 * What 64 bits do not hold is a fraction, as Kubernetes reads it, and so is what is written with a point or an exponent.
 */
export type Json = string | number | bigint | boolean | null | JsonArray | JsonObject
export type JsonArray = readonly Json[]
export interface JsonObject {
  readonly [key: string]: Json
}

declare global {
  interface JSON {
    /** What `stringify` puts out as it is. */
    rawJSON(text: string): object
    parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  }
  interface BigInt {
    toJSON(): object
  }
}

// For the whole process: whoever comes by such a number can print it, in whatever it stands. `JSON.stringify` would throw.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    return JSON.rawJSON(String(this))
  },
  configurable: true,
  writable: true,
})

const END_OF_INT64 = 2n ** 63n

/** A whole number as a {@link Json}. */
export function wholeNumber(value: bigint): number | bigint {
  const double = Number(value)
  return Number.isSafeInteger(double) || value >= END_OF_INT64 || value < -END_OF_INT64 ? double : value
}

/** Digits of the smallest number that is looked at twice. */
const LONG = 16
const WHOLE = /^-?\d{16,19}$/
const BEFORE_NUMBERS = /^[\s,:[]?$/

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Whether a text may hold a long number: one character of {@link LONG} is looked at, for a long one is under it, whatever else is. Quick, as all that is read is asked for it. */
export function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigit(text.charCodeAt(at))) continue
    let start = at
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--
    while (isDigit(text.charCodeAt(at + 1))) at++
    const before = text.charAt(start - 1) === '-' ? start - 2 : start - 1
    if (at - start + 1 >= LONG && BEFORE_NUMBERS.test(text.charAt(before))) return true
    at++
  }
  return false
}

/** Parses JSON. Throws a `SyntaxError` for what is none, and a `RangeError` for what is nested too deeply. */
export function readJson(text: string): Json {
  return (hasLongNumber(text) ? JSON.parse(text, exactly) : JSON.parse(text)) as Json
}

const exactly = (_key: string, value: unknown, { source = '' }: { readonly source?: string }): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && WHOLE.test(source) ? wholeNumber(BigInt(source)) : value

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

/** Whether a value is a whole number, however large. */
export const isWhole = (value: unknown): value is number | bigint => typeof value === 'bigint' || Number.isInteger(value)

/** Whether two JSON values are equal: key order and members that are `undefined` do not count. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]))
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  for (const key of Object.keys(left)) if (!deepEqual(left[key], right[key])) return false
  for (const key of Object.keys(right)) if (right[key] !== undefined && !Object.hasOwn(left, key)) return false
  return true
}

/** A member that is the object's own: keys are the clients' to choose, and `constructor` or `toString` are good keys. */
export const ownMember = <T>(object: Readonly<Record<string, T>> | undefined, key: string): T | undefined => (object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined)

/** Sets a member whatever its name is: a plain assignment to `__proto__` would be lost. */
export function setMember(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}

/** Deeper nesting than anything has that somebody means: what walks values walks by calls, of which there are not endlessly many. */
export const MAX_NESTING = 1000

/** Whether a value is nested more deeply than {@link MAX_NESTING}. */
export function isTooDeep(value: Json): boolean {
  let level: Json[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_NESTING) return true
    const next: Json[] = []
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue
      for (const inner of Array.isArray(one) ? (one as readonly Json[]) : Object.values(one as JsonObject)) if (typeof inner === 'object' && inner !== null) next.push(inner)
    }
    level = next
  }
  return false
}
