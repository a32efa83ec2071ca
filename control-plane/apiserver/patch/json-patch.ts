/** JSON Patch (RFC 6902) with the liberties Kubernetes' library takes: negative indexes, values left out, replacing what is not there. */
import { deepEqual, isJsonObject, type Json, type JsonObject, ownMember } from '../../../shared/model/json.ts'
import { type PatchOutcome, rejected } from './outcome.ts'

/** Says inside this file that an operation failed. */
const FAILED = Symbol('failed')

/** What copies may add, in bytes of JSON: as much as a body may have. Otherwise few of them would make a document that fills all memory. */
export const MAX_COPIED_BYTES = 3 * 1024 * 1024

/** The document under work. It is nobody else's, so each operation costs what it changes, however large the rest is. */
export interface Work {
  document: Json
  copiedBytes: number
}

/** Begins a patch whose operations come one by one. */
export const beginPatch = (current: JsonObject): Work => ({ document: structuredClone(current), copiedBytes: 0 })

/** Whether an operation failed since too much would have been copied. */
export const copiesTooMuch = ({ copiedBytes }: Work): boolean => copiedBytes > MAX_COPIED_BYTES

/** @param patch a list of operations; all are carried out, or none. Neither argument is changed. */
export function applyJsonPatch(current: JsonObject, patch: Json): PatchOutcome {
  if (!Array.isArray(patch)) return rejected
  const work = beginPatch(current)
  for (const operation of patch as readonly Json[]) if (!carryOut(work, operation)) return rejected
  return isJsonObject(work.document) ? { kind: 'patched', object: work.document } : rejected
}

/** Whether it could be done. If not, the work is of no use any more. */
export function carryOut(work: Work, operation: Json): boolean {
  if (!isJsonObject(operation)) return false
  const { op, path, from, value = null } = operation
  if (typeof path !== 'string') return false
  const to = pointer(path)
  switch (op) {
    case 'add':
    case 'replace':
      return change(work, to, { kind: op, value: structuredClone(value) })
    case 'remove':
      return change(work, to, { kind: 'remove' })
    case 'test': {
      const found = read(work.document, to)
      return found !== FAILED && deepEqual(found ?? null, value)
    }
    case 'move':
    case 'copy':
      return typeof from === 'string' && transfer(work, { op, source: pointer(from), to })
    default:
      return false
  }
}

function transfer(work: Work, { op, source, to }: { readonly op: 'move' | 'copy'; readonly source: readonly string[]; readonly to: readonly string[] }): boolean {
  // What is not there is copied as null; it cannot be moved.
  const value = read(work.document, source) ?? null
  if (value === FAILED) return false
  if (op === 'move') return change(work, source, { kind: 'remove' }) && change(work, to, { kind: 'add', value })
  work.copiedBytes += JSON.stringify(value).length
  return !copiesTooMuch(work) && change(work, to, { kind: 'add', value: structuredClone(value) })
}

/** The first part is dropped whether or not it is empty: a path without its slash means a field of the root. */
const pointer = (path: string): readonly string[] =>
  path === ''
    ? []
    : path
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

/** The value there; `undefined` for a member that is not there. */
function read(document: Json, path: readonly string[]): Json | undefined | typeof FAILED {
  let value: Json | undefined = document
  for (const [depth, part] of path.entries()) {
    if (Array.isArray(value)) {
      const index = indexOf(part, value.length)
      if (index === undefined || index >= value.length) return FAILED
      value = (value as readonly Json[])[index]
    } else if (isJsonObject(value)) value = ownMember(value, part)
    else return FAILED
    if (value === undefined && depth < path.length - 1) return FAILED
  }
  return value
}

/** Counts from the end when negative. */
function indexOf(part: string, length: number): number | undefined {
  if (!/^[-+]?\d+$/.test(part)) return undefined
  const index = Number(part)
  return index >= 0 ? index : index < -length ? undefined : index + length
}

type Change = { readonly kind: 'add' | 'replace'; readonly value: Json } | { readonly kind: 'remove' }

function change(work: Work, path: readonly string[], wanted: Change): boolean {
  const part = path.at(-1)
  if (part === undefined) {
    if (wanted.kind !== 'remove') work.document = wanted.value
    return wanted.kind !== 'remove'
  }
  const holder = read(work.document, path.slice(0, -1))
  if (holder === FAILED || holder === undefined) return false
  if (Array.isArray(holder)) return changeList(holder as Json[], part, wanted)
  return isJsonObject(holder) && changeObject(holder, part, wanted)
}

function changeObject(object: JsonObject, part: string, wanted: Change): boolean {
  if (wanted.kind === 'remove') return ownMember(object, part) !== undefined && Reflect.deleteProperty(object, part)
  // Not by assignment: a member may be named `__proto__`.
  return Reflect.defineProperty(object, part, { value: wanted.value, configurable: true, enumerable: true, writable: true })
}

function changeList(list: Json[], part: string, wanted: Change): boolean {
  if (wanted.kind === 'add') {
    const at = part === '-' ? list.length : indexOf(part, list.length + 1)
    if (at === undefined || at > list.length) return false
    list.splice(at, 0, wanted.value)
    return true
  }
  const index = indexOf(part, list.length)
  if (index === undefined || index >= list.length) return false
  if (wanted.kind === 'remove') list.splice(index, 1)
  else list[index] = wanted.value
  return true
}
