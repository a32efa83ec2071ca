/** The elements of which paths in field sets are made: `f:name`, `k:{"name":"a"}`, `v:"x"`. */
import { goQuote } from '../../../shared/model/go-text.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { ListType } from '../../../shared/model/schemas/types.ts'

/** The element of a field or a map key. */
export const fieldElement = (name: string): string => `f:${name}`

export type ItemElement = { readonly kind: 'element'; readonly element: string } | { readonly kind: 'problem'; readonly message: string }

const problem = (message: string): ItemElement => ({ kind: 'problem', message })

/** The element by which an item of an associative list is known. */
export function itemElement(type: ListType, item: Json): ItemElement {
  if (type.listType === 'set') {
    if (item === null) return problem('associative list without keys has an element that is a null')
    return typeof item === 'object' ? problem('associative list without keys has an element that is a map or list type') : { kind: 'element', element: `v:${JSON.stringify(item)}` }
  }
  if (item === null) return problem('associative list with keys may not have a null element')
  if (!isJsonObject(item)) return problem('associative list with keys may not have non-map elements')
  return keyElement(type, item)
}

function keyElement(type: ListType, item: JsonObject): ItemElement {
  const only = type.keys.length === 1 ? type.keys[0] : undefined
  if (only !== undefined && typeof item[only] === 'string') return { kind: 'element', element: `k:{"${only}":${JSON.stringify(item[only])}}` }
  const parts: string[] = []
  for (const key of type.keys.toSorted()) {
    const value = item[key] ?? keyDefault(type, key)
    if (value === undefined) return problem(`associative list with keys has an element that omits key field ${goQuote(key)} (and doesn't have default value)`)
    parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }
  return { kind: 'element', element: `k:{${parts.join(',')}}` }
}

function keyDefault(type: ListType, key: string): Json | undefined {
  const field = type.items.kind === 'object' ? type.items.fields.get(key) : undefined
  return field?.keyDefault
}

/** As messages print a path: `.spec.containers[name="c"].image`. */
export const pathText = (path: readonly string[]): string => path.map(elementText).join('')

export function elementText(element: string): string {
  const rest = element.slice(2)
  switch (element.charAt(0)) {
    case 'f':
      return `.${rest}`
    case 'k':
      return `[${Object.entries(JSON.parse(rest) as JsonObject)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`
    case 'v':
      return `[=${rest}]`
    default:
      return `[${rest}]`
  }
}
