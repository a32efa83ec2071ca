/** The elements of which paths in field sets are made: `f:name`, `k:{"name":"a"}`, `v:"x"`. */
import { goQuote } from '../../../shared/model/go-text.ts'
import { isJsonObject, type Json, type JsonObject, readJson } from '../../../shared/model/json.ts'
import type { ListType } from '../../../shared/model/schemas/types.ts'

/** Elements that were made before: the same names come with every object, and a text that is looked up by must be found among all names anew when it has been put together. */
const fields = new Map<string, string>()
const MOST_KNOWN = 2048
const LONGEST = 64

/** The element of a field or a map key. */
export function fieldElement(name: string): string {
  const known = fields.get(name)
  if (known !== undefined) return known
  const element = `f:${name}`
  if (name.length > LONGEST) return element
  if (fields.size >= MOST_KNOWN) fields.clear()
  fields.set(name, element)
  return element
}

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
  for (const key of sortedKeys(type)) {
    const value = item[key] ?? keyDefault(type, key)
    if (value === undefined) return problem(`associative list with keys has an element that omits key field ${goQuote(key)} (and doesn't have default value)`)
    parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`)
  }
  return { kind: 'element', element: `k:{${parts.join(',')}}` }
}

const inOrder = new WeakMap<ListType, readonly string[]>()

function sortedKeys(type: ListType): readonly string[] {
  let keys = inOrder.get(type)
  if (keys === undefined) inOrder.set(type, (keys = type.keys.toSorted()))
  return keys
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
      return `[${Object.entries(readJson(rest) as JsonObject)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`
    case 'v':
      return `[=${rest}]`
    default:
      return `[${rest}]`
  }
}
