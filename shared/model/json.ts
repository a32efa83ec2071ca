/** A value as JSON can hold it. */
export type Json = string | number | boolean | null | JsonArray | JsonObject
export type JsonArray = readonly Json[]
export interface JsonObject {
  readonly [key: string]: Json
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

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
