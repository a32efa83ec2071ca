/** Lays a configuration over an object: what the configuration says wins, what it does not say stays. */
import { isJsonObject, type Json, type JsonObject, ownMember, setMember } from '../../../shared/model/json.ts'
import { childType } from '../../../shared/model/schemas/lookup.ts'
import { type ListType, type Type, typeFor } from '../../../shared/model/schemas/types.ts'
import { itemElement } from './path-element.ts'

const ANY: Type = { kind: 'any' }

export function mergeTyped(type: Type, live: JsonObject, config: JsonObject): JsonObject {
  const result = merge(type, live, config)
  return isJsonObject(result) ? result : {}
}

function merge(known: Type, live: Json | undefined, config: Json | undefined): Json | undefined {
  if (config === undefined) return live
  if (live === undefined) return config
  const type = typeFor(known, live, config)
  switch (type.kind) {
    case 'object':
    case 'map':
      return type.atomic ? config : mergeMembers(type, live, config)
    case 'list':
      return type.listType === 'atomic' ? config : mergeItems(type, live, config)
    default:
      return config
  }
}

function mergeMembers(type: Type, live: Json, config: Json): Json {
  if (!isJsonObject(live)) return config
  if (!isJsonObject(config)) return live
  const result: Record<string, Json> = { ...live }
  for (const [name, member] of Object.entries(config)) {
    const merged = merge(childType(type, name) ?? ANY, ownMember(live, name), member)
    if (merged !== undefined) setMember(result, name, merged)
  }
  return result
}

/** The items of a list by their elements, the first of those that share one. */
function indexed(type: ListType, list: readonly Json[]): { readonly elements: readonly string[]; readonly items: ReadonlyMap<string, Json> } {
  const items = new Map<string, Json>()
  const elements = list.map((item, index) => {
    const known = itemElement(type, item)
    const element = known.kind === 'element' ? known.element : `i:${index}`
    if (!items.has(element)) items.set(element, item)
    return element
  })
  return { elements, items }
}

/** Items that both have come in the configuration's order; those only the live list has keep their place among them. */
function mergeItems(type: ListType, live: Json, config: Json): Json {
  if (!Array.isArray(live) || live.length === 0) return Array.isArray(config) ? config : live
  if (!Array.isArray(config) || config.length === 0) return live
  const left = indexed(type, live as readonly Json[])
  const right = indexed(type, config as readonly Json[])
  const shared = right.elements.filter((element) => left.items.has(element))
  const taken = new Set<string>()
  const result: Json[] = []
  const take = (element: string): void => {
    taken.add(element)
    const item = merge(type.items, left.items.get(element), right.items.get(element))
    if (item !== undefined) result.push(item)
    if (shared[0] === element) shared.shift()
  }
  let [l, r] = [0, 0]
  while (l < left.elements.length || r < right.elements.length) {
    const [ours, theirs] = [left.elements[l], right.elements[r]]
    if (ours !== undefined && ours === theirs) {
      take(ours)
      l++
      r++
      continue
    }
    if (ours !== undefined && theirs !== undefined && right.items.has(ours) && shared[0] !== undefined && shared[0] !== ours) {
      l++
      continue
    }
    if (ours !== undefined && !right.items.has(ours)) {
      result.push((live as readonly Json[])[l] ?? null)
      l++
      continue
    }
    if (ours !== undefined && taken.has(ours)) l++
    if (theirs !== undefined) {
      take(theirs)
      r++
    } else if (ours !== undefined && !taken.has(ours)) l++
  }
  return result
}
