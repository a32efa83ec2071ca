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
  const value = JSON.parse(text) as Json
  return hasLongNumber(text) ? new ExactReader(text).value() : value
}

const QUOTE = '"'
const BACKSLASH = 92
const AFTER_WORD = ',]} \n\r\t'

/** Reads text that is known to be JSON. `JSON.parse` could tell the digits of each number, too, and takes ten times as long for it. */
class ExactReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): Json {
    switch (this.#next()) {
      case '{':
        return this.#object()
      case '[':
        return this.#list()
      case QUOTE:
        return this.#string()
      default:
        return this.#word()
    }
  }

  /** The next character that is no space. */
  #next(): string {
    while (this.#text.charCodeAt(this.#at) <= 32) this.#at++
    return this.#text.charAt(this.#at)
  }

  /** Goes past a bracket or a comma; whether something stands before the closing bracket. */
  #hasMore(end: string): boolean {
    this.#at++
    return this.#next() !== end
  }

  #object(): Json {
    const object: Record<string, Json> = {}
    for (let more = this.#hasMore('}'); more; more = this.#next() === ',' && this.#hasMore('}')) {
      const key = this.#string()
      this.#next()
      this.#at++
      setMember(object, key, this.value())
    }
    this.#at++
    return object
  }

  #list(): Json {
    const list: Json[] = []
    for (let more = this.#hasMore(']'); more; more = this.#next() === ',' && this.#hasMore(']')) list.push(this.value())
    this.#at++
    return list
  }

  #string(): string {
    const start = this.#at
    do this.#at = this.#text.indexOf(QUOTE, this.#at + 1)
    while (this.#isEscaped())
    this.#at++
    const quoted = this.#text.slice(start, this.#at)
    return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1)
  }

  #isEscaped(): boolean {
    let first = this.#at
    while (this.#text.charCodeAt(first - 1) === BACKSLASH) first--
    return (this.#at - first) % 2 === 1
  }

  #word(): Json {
    const start = this.#at
    while (this.#at < this.#text.length && !AFTER_WORD.includes(this.#text.charAt(this.#at))) this.#at++
    const word = this.#text.slice(start, this.#at)
    return WHOLE.test(word) ? wholeNumber(BigInt(word)) : (JSON.parse(word) as Json)
  }
}

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
