/** Strategic merge patch: a merge that knows from the schema which lists are merged by which key. */
import { isJsonObject, type Json, type JsonObject, ownMember, setMember } from '../../../shared/model/json.ts'
import { goPrint } from '../../../shared/model/go-text.ts'
import { childType } from '../../../shared/model/schemas/lookup.ts'
import { type Field, type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { badRequest } from '../decode/refused.ts'
import { DELETE_FROM, ELEMENT_ORDER, goReflectType, listNamedBy, PATCH, RETAIN_KEYS, retainKeysOf, withoutDirectives } from './directives.ts'
import { identityBy, ordered, placesIn, sameBy } from './element-order.ts'
import { internal, type PatchOutcome, type PatchRefused, rejected } from './outcome.ts'

type Merged<T extends Json> = { readonly kind: 'merged'; readonly value: T } | PatchRefused
const merged = <T extends Json>(value: T): Merged<T> => ({ kind: 'merged', value })

/** @param schema the name of a built-in schema, or a compiled type. */
export function applyStrategicMergePatch(schema: string | Type, current: JsonObject, patch: Json): PatchOutcome {
  if (!isJsonObject(patch)) return badRequest('json: cannot unmarshal array into Go value of type map[string]interface {}')
  const outcome = mergeMap(typeof schema === 'string' ? typeOf(schema) : schema, current, patch)
  return outcome.kind === 'refused' ? outcome : { kind: 'patched', object: outcome.value }
}

function mergeMap(type: Type, original: JsonObject, patch: JsonObject): Merged<JsonObject> {
  const directive = patch[PATCH]
  if (directive !== undefined) return mapDirective(directive, patch)
  const retain = retainKeysOf(patch)
  if (retain.kind === 'malformed') return badRequest('invalid patch format of retainKeys')
  const result: Record<string, Json> = retain.kind === 'none' ? { ...original } : Object.fromEntries(Object.entries(original).filter(([key]) => retain.keys.has(key)))
  const done = new Set([RETAIN_KEYS])
  const keys = Object.keys(patch).toSorted()
  for (const key of keys.filter((one) => one.startsWith(ELEMENT_ORDER))) {
    const refusal = mergeInOrder(result, { type, patch, key })
    if (refusal) return refusal
    done.add(key).add(listNamedBy(key) ?? '')
  }
  for (const key of keys) {
    const refusal = done.has(key) ? undefined : mergeMember(result, { type, key, value: patch[key] ?? null })
    if (refusal) return refusal
  }
  return merged(result)
}

/** `$patch` in a map that is being merged: take the patch as it is, or empty the map. */
function mapDirective(directive: Json, patch: JsonObject): Merged<JsonObject> {
  const { [PATCH]: _directive, ...rest } = patch
  if (directive === 'replace') return merged(rest)
  if (directive === 'delete') return merged({})
  return internal(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(patch)}`)
}

interface Member {
  readonly type: Type
  readonly key: string
  readonly value: Json
}

const fieldOf = (type: Type, key: string): Field | undefined => (type.kind === 'object' ? type.fields.get(key) : undefined)

function mergeMember(result: Record<string, Json>, { type, key, value }: Member): PatchRefused | undefined {
  if (key.startsWith(DELETE_FROM)) return deleteFromList(result, key, value)
  const old = ownMember(result, key)
  if (value === null) {
    delete result[key]
    return undefined
  }
  if (isJsonObject(old) && isJsonObject(value) && !fieldOf(type, key)?.patchReplace) {
    const outcome = mergeMap(childType(type, key) ?? { kind: 'any' }, old, value)
    if (outcome.kind === 'refused') return outcome
    result[key] = outcome.value
  } else if (Array.isArray(old) && Array.isArray(value)) {
    const outcome = mergeList(old as readonly Json[], value as readonly Json[], { field: fieldOf(type, key), items: itemsOf(type, key) })
    if (outcome.kind === 'refused') return outcome
    result[key] = outcome.value
  } else {
    const plain = withoutDirectives(value)
    if (plain !== undefined) setMember(result, key, plain)
  }
  return undefined
}

function itemsOf(type: Type, key: string): Type {
  const list = childType(type, key)
  return list?.kind === 'list' ? list.items : { kind: 'any' }
}

const notAList = (value: Json): PatchRefused => internal(`expected a []interface {}, but received a ${goReflectType(value)}`)

function deleteFromList(result: Record<string, Json>, key: string, values: Json): PatchRefused | undefined {
  const name = listNamedBy(key)
  if (name === undefined) return badRequest('invalid patch format of primitive list')
  if (!Array.isArray(values)) return notAList(values)
  const old = result[name]
  const place = placesIn(values as readonly Json[], identityBy(undefined))
  if (Array.isArray(old)) result[name] = (old as readonly Json[]).filter((item) => place(item) < 0)
  return undefined
}

interface ListPlace {
  readonly field: Field | undefined
  readonly items: Type
}

/** Merges lists whose strategy is to merge; others are replaced. */
function mergeList(original: readonly Json[], patch: readonly Json[], { field, items }: ListPlace): Merged<readonly Json[]> {
  if (!field?.patchMerge) return merged(patch)
  if (original.length === 0 && patch.length === 0) return merged(original)
  const mixed = mixedTypes(original, patch)
  if (mixed) return mixed
  if (!isJsonObject(original[0] ?? patch[0])) {
    const identity = identityBy(undefined)
    const place = placesIn([...original, ...patch], identity)
    const union = [...original, ...patch].filter((item, index) => place(item) === index)
    return merged(ordered({ merged: union, patchOrder: patch, serverOrder: original, identity }))
  }
  const mergeKey = field.patchMergeKey
  if (mergeKey === undefined) return internal(`cannot merge lists without merge key for ${field.name}`)
  return mergeMaps(original, patch, { items, mergeKey })
}

/** Why the items cannot be merged: they are lists themselves, or not all of one type. */
function mixedTypes(original: readonly Json[], patch: readonly Json[]): PatchRefused | undefined {
  const [first, ...others] = [...original, ...patch].map(goReflectType)
  if (first === '[]interface {}') return rejected
  return others.every((type) => type === first) ? undefined : internal(`list element types are not identical: ${goPrint([original, patch])}`)
}

interface MapList {
  readonly items: Type
  readonly mergeKey: string
}

function mergeMaps(original: readonly Json[], patch: readonly Json[], { items, mergeKey }: MapList): Merged<readonly Json[]> {
  const identity = identityBy(mergeKey)
  const special = carryOutDirectives(original, patch, mergeKey)
  if (special.kind === 'refused') return special
  const { server, plain } = special
  const result: Json[] = [...server]
  const placeOnServer = placesIn(server, identity)
  const added = new Map<string, number>()
  for (const item of plain) {
    if (!isJsonObject(item) || item[mergeKey] === undefined) return noMergeKey(item, mergeKey)
    const key = identity(item) ?? ''
    const onServer = placeOnServer(item)
    const at = onServer < 0 ? (added.get(key) ?? -1) : onServer
    const old = result[at]
    if (isJsonObject(old)) {
      const outcome = mergeMap(items, old, item)
      if (outcome.kind === 'refused') return outcome
      result[at] = outcome.value
    } else added.set(key, result.push(withoutDirectives(item) ?? {}) - 1)
  }
  return merged(ordered({ merged: result, patchOrder: plain, serverOrder: server, identity }))
}

const noMergeKey = (item: Json, mergeKey: string): PatchRefused => internal(`map: ${goPrint(item)} does not contain declared merge key: ${mergeKey}`)

type SpecialItems = { readonly kind: 'split'; readonly server: readonly Json[]; readonly plain: readonly Json[] } | PatchRefused

/** `$patch: delete` and `$patch: replace` among the items; the rest is to be merged. */
function carryOutDirectives(original: readonly Json[], patch: readonly Json[], mergeKey: string): SpecialItems {
  const plain: Json[] = []
  const deleted: Json[] = []
  let replaces = false
  for (const item of patch) {
    const directive = isJsonObject(item) ? item[PATCH] : undefined
    if (!isJsonObject(item) || directive === undefined) plain.push(item)
    else if (directive === 'replace') replaces = true
    else if (directive === 'merge') return internal('merging lists cannot yet be specified in the patch')
    else if (directive !== 'delete') return internal(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(item)}`)
    else if (item[mergeKey] === undefined) return noMergeKey(item, mergeKey)
    else deleted.push(item)
  }
  const place = placesIn(deleted, identityBy(mergeKey))
  const server = deleted.length === 0 ? original : original.filter((one) => place(one) < 0)
  return replaces ? { kind: 'split', server: plain, plain: [] } : { kind: 'split', server, plain }
}

/** A list whose patch says in which order its items shall stand (`$setElementOrder/containers`). */
function mergeInOrder(result: Record<string, Json>, { type, patch, key }: { readonly type: Type; readonly patch: JsonObject; readonly key: string }): PatchRefused | undefined {
  const name = listNamedBy(key)
  const order = patch[key] ?? null
  if (!Array.isArray(order)) return notAList(order)
  if (name === undefined) return badRequest('invalid patch format of setElementOrder list')
  const [old, value] = [result[name], patch[name]]
  const field = fieldOf(type, name)
  const same = sameBy(field?.patchMergeKey)
  if (Array.isArray(value) && !agrees(value as readonly Json[], order as readonly Json[], same)) {
    return internal(`The order in patch list:\n${goPrint(value)}\n doesn't match ${ELEMENT_ORDER} list:\n${goPrint(order)}\n`)
  }
  const list = value === undefined ? merged(Array.isArray(old) ? (old as readonly Json[]) : []) : mergedOrNew(old, value, { field, items: itemsOf(type, name) })
  if (list.kind === 'refused') return list
  if (old === undefined && value === undefined) return undefined
  result[name] = ordered({ merged: list.value, patchOrder: order as readonly Json[], serverOrder: Array.isArray(old) ? (old as readonly Json[]) : [], identity: identityBy(field?.patchMergeKey) })
  return undefined
}

function mergedOrNew(old: Json | undefined, value: Json, place: ListPlace): Merged<readonly Json[]> {
  const list = Array.isArray(value) ? (value as readonly Json[]) : []
  if (Array.isArray(old)) return mergeList(old as readonly Json[], list, place)
  return merged((withoutDirectives(list) ?? []) as readonly Json[])
}

/** Whether the items to merge stand in the order they are told to have. */
function agrees(items: readonly Json[], order: readonly Json[], same: (a: Json, b: Json) => boolean): boolean {
  let at = 0
  for (const item of items) {
    if (isJsonObject(item) && item[PATCH] !== undefined) continue
    while (at < order.length && !same(order[at] ?? null, item)) at++
    if (at >= order.length) return false
    at++
  }
  return true
}
