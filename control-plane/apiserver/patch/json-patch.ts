/** JSON Patch (RFC 6902) with the liberties Kubernetes' library takes: negative indexes, values left out, replacing what is not there. */
import { deepEqual, isJsonObject, type Json, type JsonObject, ownMember } from '../../../shared/model/json.ts'
import { type PatchOutcome, rejected } from './outcome.ts'

/** Says inside this file that an operation failed. */
const FAILED = Symbol('failed')
type Result = Json | typeof FAILED

/** @param patch a list of operations; all are carried out, or none. */
export function applyJsonPatch(current: JsonObject, patch: Json): PatchOutcome {
  if (!Array.isArray(patch)) return rejected
  let document: Json = current
  for (const operation of patch as readonly Json[]) {
    const next = carryOut(document, operation)
    if (next === FAILED) return rejected
    document = next
  }
  return isJsonObject(document) ? { kind: 'patched', object: document } : rejected
}

function carryOut(document: Json, operation: Json): Result {
  if (!isJsonObject(operation)) return FAILED
  const { op, path, from, value = null } = operation
  if (typeof path !== 'string') return FAILED
  const to = pointer(path)
  switch (op) {
    case 'add':
      return change(document, to, { kind: 'add', value })
    case 'replace':
      return change(document, to, { kind: 'replace', value })
    case 'remove':
      return change(document, to, { kind: 'remove' })
    case 'test': {
      const found = read(document, to)
      return found !== FAILED && deepEqual(found ?? null, value) ? document : FAILED
    }
    case 'move':
    case 'copy':
      return typeof from === 'string' ? transfer(document, { op, source: pointer(from), to }) : FAILED
    default:
      return FAILED
  }
}

function transfer(document: Json, { op, source, to }: { readonly op: 'move' | 'copy'; readonly source: readonly string[]; readonly to: readonly string[] }): Result {
  // What is not there is copied as null; it cannot be moved.
  const value = read(document, source) ?? null
  if (value === FAILED) return FAILED
  const rest = op === 'move' ? change(document, source, { kind: 'remove' }) : document
  return rest === FAILED ? FAILED : change(rest, to, { kind: 'add', value })
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

/** A copy of the document with the change made; only what lies on the path is copied. */
function change(value: Json, path: readonly string[], wanted: Change): Result {
  const [part, ...rest] = path
  if (part === undefined) return wanted.kind === 'remove' ? FAILED : wanted.value
  if (Array.isArray(value)) return changeList(value as readonly Json[], { part, rest, wanted })
  if (isJsonObject(value)) return changeObject(value, { part, rest, wanted })
  return FAILED
}

interface Place {
  readonly part: string
  readonly rest: readonly string[]
  readonly wanted: Change
}

function changeObject(object: JsonObject, { part, rest, wanted }: Place): Result {
  const member = ownMember(object, part)
  if (rest.length > 0) {
    if (member === undefined) return FAILED
    const changed = change(member, rest, wanted)
    return changed === FAILED ? FAILED : { ...object, [part]: changed }
  }
  if (wanted.kind !== 'remove') return { ...object, [part]: wanted.value }
  if (member === undefined) return FAILED
  const { [part]: _removed, ...others } = object
  return others
}

function changeList(list: readonly Json[], { part, rest, wanted }: Place): Result {
  if (rest.length === 0 && wanted.kind === 'add') {
    const at = part === '-' ? list.length : indexOf(part, list.length + 1)
    return at === undefined || at > list.length ? FAILED : list.toSpliced(at, 0, wanted.value)
  }
  const index = indexOf(part, list.length)
  const item = index === undefined ? undefined : list[index]
  if (index === undefined || item === undefined) return FAILED
  if (rest.length === 0) return wanted.kind === 'remove' ? list.toSpliced(index, 1) : list.with(index, wanted.value)
  const changed = change(item, rest, wanted)
  return changed === FAILED ? FAILED : list.with(index, changed)
}
