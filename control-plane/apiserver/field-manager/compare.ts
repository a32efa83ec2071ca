/** Which fields differ between two states of an object. */
import { deepEqual, isJsonObject, type Json, type JsonObject, ownMember } from '../../../shared/model/json.ts'
import { type Field, type ListType, type MapType, memberType, type ObjectType, type Type, typeFor } from '../../../shared/model/schemas/types.ts'
import { EMPTY, type FieldNode, LEAF, type MutableNode, SELF, without } from './field-set.ts'
import { fieldElement, itemElement } from './path-element.ts'

export interface Comparison {
  /** Fields that are new or have another value. */
  readonly changed: FieldNode
  readonly removed: FieldNode
}

/** Without what an endpoint ignores. */
export const comparedWithout = ({ changed, removed }: Comparison, paths: ReadonlyArray<readonly string[]>): Comparison => ({ changed: without(changed, paths), removed: without(removed, paths) })

/** What was found under one node; absent parts mean nothing was. */
interface Found {
  changed: MutableNode | FieldNode | undefined
  removed: MutableNode | FieldNode | undefined
}

type Maybe = Json | undefined

export function compare(type: Type, before: JsonObject, after: JsonObject): Comparison {
  const found: Found = { changed: undefined, removed: undefined }
  visit(type, [hasNoKeys(before) ? NOTHING : before, after], found)
  return { changed: (found.changed ?? EMPTY) as FieldNode, removed: (found.removed ?? EMPTY) as FieldNode }
}

type Pair = readonly [before: Maybe, after: Maybe]

/** What was there before an object was made. */
const NOTHING: JsonObject = {}

/** `undefined` is a value that is not there at all; `null` is one that is. */
function visit(known: Type, pair: Pair, found: Found): void {
  const [before, after] = pair
  if (before === after) return
  if (before === undefined) {
    found.changed = allFields(known, after)
    return
  }
  const type = typeFor(known, before, after)
  if (isLeaf(type, pair)) {
    if (after === undefined) found.removed = LEAF
    else if (!deepEqual(before, after)) found.changed = LEAF
    return
  }
  if (type.kind === 'object') visitObject(type, pair, found)
  else if (type.kind === 'map') visitMap(type, pair, found)
  else if (type.kind === 'list') visitList(type, pair, found)
  if (after === undefined) found.removed = withSelf(found.removed)
}

/** What all of a value is that was not there before. */
function allFields(known: Type, value: Maybe): MutableNode | FieldNode {
  const type = typeFor(known, undefined, value)
  if (isLeaf(type, [undefined, value])) return LEAF
  let all: MutableNode | undefined
  if (type.kind === 'object' || type.kind === 'map') {
    const object = objectOf(value)
    for (const name in object) {
      const below = object[name] === undefined ? undefined : memberOf(type, name)
      if (below) (all ??= {})[fieldElement(name)] = allFields(below, object[name])
    }
  } else if (type.kind === 'list') {
    const { items, repeated } = itemsByElement(type, value)
    for (const [element, item] of items) (all ??= {})[element] = allFields(repeated?.has(element) ? ANY : type.items, item)
  }
  return withSelf(all)
}

/** Absent for what the object does not know and does not keep. */
function memberOf(type: ObjectType | MapType, name: string): Type | undefined {
  if (type.kind === 'map') return type.values
  return type.fields.get(name)?.type ?? (type.open ? (memberType(type, name) ?? ANY) : undefined)
}

function withSelf(node: MutableNode | FieldNode | undefined): MutableNode | FieldNode {
  if (node === undefined || node === LEAF) return LEAF
  ;(node as MutableNode)[SELF] = LEAF
  return node
}

const isNothing = (value: Maybe): boolean => {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && hasNoKeys(value as JsonObject)
}

function hasNoKeys(object: JsonObject): boolean {
  for (const _ in object) return false
  return true
}

/** Scalars, whatever is taken as a whole, and what is empty on both sides. */
function isLeaf(type: Type, [before, after]: Pair): boolean {
  switch (type.kind) {
    case 'object':
    case 'map':
      return type.atomic || (isNothing(before) && isNothing(after))
    case 'list':
      return type.listType === 'atomic' || (isNothing(before) && isNothing(after))
    default:
      return true
  }
}

const objectOf = (value: Maybe): JsonObject => (isJsonObject(value) ? value : EMPTY_OBJECT)
const EMPTY_OBJECT: JsonObject = {}

/** Compares one member and hangs what it finds under its element. */
function descend(type: Type, { element, pair }: { readonly element: string; readonly pair: Pair }, found: Found): void {
  if (pair[0] === pair[1]) return
  const below: Found = { changed: undefined, removed: undefined }
  visit(type, pair, below)
  if (below.changed !== undefined) (found.changed = (found.changed ?? {}) as MutableNode)[element] = below.changed
  if (below.removed !== undefined) (found.removed = (found.removed ?? {}) as MutableNode)[element] = below.removed
}

function visitObject(type: ObjectType, [before, after]: Pair, found: Found): void {
  const [left, right] = [objectOf(before), objectOf(after)]
  for (const name in right) {
    const field = type.fields.get(name)
    const was = own(left, name)
    if (field && name === 'spec' && before === NOTHING) newSpec(field, right[name], found)
    else if (field) descend(field.type, { element: fieldElement(name), pair: [was ?? unset(field, before, was), right[name]] }, found)
    else if (type.open) descend(memberType(type, name) ?? ANY, { element: fieldElement(name), pair: [was, right[name]] }, found)
  }
  for (const name in left) {
    if (own(right, name) !== undefined) continue
    const field = type.fields.get(name)
    if (field || type.open) descend(memberType(type, name) ?? ANY, { element: fieldElement(name), pair: [left[name], field && unset(field, after)] }, found)
  }
}

const SPEC = fieldElement('spec')
/** Longer specs are rarely alike. */
const LONGEST = 4096
const MOST_KNOWN = 128

/** Of all kinds, by their text: what is made of one template has the same fields. The one known for longest is forgotten first. */
const knownSpecs = new Map<string, { readonly of: Field; readonly fields: FieldNode }>()

/** The spec of an object that was not there before. */
function newSpec(field: Field, spec: Maybe, found: Found): void {
  const text = JSON.stringify(spec) ?? ''
  const known = knownSpecs.get(text)
  if (known?.of === field) return void ((found.changed = (found.changed ?? {}) as MutableNode)[SPEC] = known.fields)
  descend(field.type, { element: SPEC, pair: [unset(field, NOTHING), spec] }, found)
  const changed = found.changed?.[SPEC]
  if (changed === undefined || found.removed?.[SPEC] !== undefined || text.length > LONGEST) return
  if (knownSpecs.size >= MOST_KNOWN) knownSpecs.delete(knownSpecs.keys().next().value ?? '')
  knownSpecs.set(text, { of: field, fields: changed as FieldNode })
}

/** As `ownMember`, for most names without asking: what objects inherit are functions, but for `__proto__`. */
function own(object: JsonObject, name: string): Maybe {
  const value: Maybe = object[name]
  return typeof value === 'function' || name === '__proto__' ? ownMember(object, name) : value
}

const ANY: Type = { kind: 'any' }

/** What the field holds in a struct that is there and says nothing of it, or null: Go prints such fields all the same. */
function unset(field: Field, struct: Maybe, said?: null): Maybe {
  if (struct === undefined) return undefined
  if (field.whenAbsent !== undefined) return field.whenAbsent
  return field.printsUnset ? null : said
}

function visitMap(type: MapType, [before, after]: Pair, found: Found): void {
  const [left, right] = [objectOf(before), objectOf(after)]
  for (const key in right) descend(type.values, { element: fieldElement(key), pair: [ownMember(left, key), right[key]] }, found)
  for (const key in left) if (ownMember(right, key) === undefined) descend(type.values, { element: fieldElement(key), pair: [left[key], undefined] }, found)
}

function visitList(type: ListType, [before, after]: Pair, found: Found): void {
  const [left, right] = [itemsByElement(type, before), itemsByElement(type, after)]
  const pairOf = (element: string): Pair => [left.items.get(element), right.items.get(element)]
  const visitItem = (element: string): void => {
    const twice = left.repeated?.has(element) || right.repeated?.has(element)
    descend(twice ? ANY : type.items, { element, pair: pairOf(element) }, found)
  }
  for (const element of right.items.keys()) visitItem(element)
  for (const element of left.items.keys()) if (!right.items.has(element)) visitItem(element)
}

interface Items {
  /** One item, or the list of those that share the element. */
  readonly items: ReadonlyMap<string, Json>
  readonly repeated: ReadonlyMap<string, readonly Json[]> | undefined
}

/** Items that share their element are compared as one value. */
function itemsByElement(type: ListType, value: Maybe): Items {
  const items = new Map<string, Json>()
  let repeated: Map<string, Json[]> | undefined
  for (const item of Array.isArray(value) ? (value as readonly Json[]) : []) {
    const known = itemElement(type, item)
    if (known.kind !== 'element') continue
    const { element } = known
    const before = items.get(element)
    const sharing = repeated?.get(element)
    if (before === undefined) items.set(element, item)
    else if (sharing) sharing.push(item)
    else {
      const both = [before, item]
      items.set(element, both)
      repeated = (repeated ?? new Map<string, Json[]>()).set(element, both)
    }
  }
  return { items, repeated }
}
