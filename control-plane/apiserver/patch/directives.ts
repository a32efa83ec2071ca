/** The `$…` members of a strategic merge patch. */
import { isJsonObject, isWhole, type Json, type JsonObject, setMember } from '../../../shared/model/json.ts'

export const PATCH = '$patch'
export const RETAIN_KEYS = '$retainKeys'
export const DELETE_FROM = '$deleteFromPrimitiveList'
export const ELEMENT_ORDER = '$setElementOrder'

/** The member that `$setElementOrder/containers` speaks of; `undefined` for a directive that names none. */
export const listNamedBy = (key: string): string | undefined => {
  const [, name, ...rest] = key.split('/')
  return rest.length === 0 ? name : undefined
}

const isDirective = (key: string): boolean => key === RETAIN_KEYS || key.startsWith(DELETE_FROM) || key.startsWith(ELEMENT_ORDER)

/** A value as it is put where nothing was: without directives and without nulls; `undefined` for what it says to delete. */
export function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item) => {
      const kept = withoutDirectives(item)
      return kept === undefined ? [] : [kept]
    })
  }
  if (!isJsonObject(value)) return value
  if (value[PATCH] === 'delete') return undefined
  const kept: Record<string, Json> = {}
  for (const [key, member] of Object.entries(value)) {
    if (key === PATCH || isDirective(key) || member === null) continue
    const plain = withoutDirectives(member)
    if (plain !== undefined) setMember(kept, key, plain)
  }
  return kept
}

/** Go's name for the type of a JSON value. */
export function goReflectType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isWhole(value)) return 'int64'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'boolean') return 'bool'
  return value === null ? '<nil>' : typeof value === 'string' ? 'string' : 'map[string]interface {}'
}

export type RetainKeys = { readonly kind: 'none' } | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> } | { readonly kind: 'malformed' }

/** Which members of the original may stay. A patch that sets others contradicts itself. */
export function retainKeysOf(patch: JsonObject): RetainKeys {
  const list = patch[RETAIN_KEYS]
  if (list === undefined) return { kind: 'none' }
  if (!Array.isArray(list)) return { kind: 'malformed' }
  const keys = new Set((list as readonly Json[]).filter((key) => typeof key === 'string'))
  const stray = Object.entries(patch).some(([key, member]) => key !== RETAIN_KEYS && member !== null && !key.startsWith(DELETE_FROM) && !key.startsWith(ELEMENT_ORDER) && !keys.has(key))
  return stray ? { kind: 'malformed' } : { kind: 'keys', keys }
}
