/** What the mutations of policies make of an object. */
import { deepEqual, isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { childType } from '../../shared/model/schemas/lookup.ts'
import { type Type, typeOf } from '../../shared/model/schemas/types.ts'
import { readChanged } from '../apiserver/admission/read-changed.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import { typeOfKind } from '../apiserver/decode/kinds.ts'
import { typedProblem } from '../apiserver/field-manager/check-typed.ts'
import { elementText, itemElement } from '../apiserver/field-manager/path-element.ts'
import { mergeTyped } from '../apiserver/field-manager/typed-merge.ts'
import { beginPatch, carryOut, copiesTooMuch, MAX_COPIED_BYTES, type Work } from '../apiserver/patch/json-patch.ts'
import { internalError } from '../apiserver/status.ts'
import type { Meter } from '../cel/evaluate.ts'
import { jsonOf, misnamed } from '../cel/json.ts'
import { CelFault, Message, type Value } from '../cel/values.ts'
import { Budget, OutOfBudget } from './budget.ts'
import type { CompiledMutation } from './compiled.ts'
import type { Given } from './given.ts'

export type Patched = { readonly kind: 'patched'; readonly object: JsonObject } | { readonly kind: 'failed'; readonly message: string }

const failed = (message: string): Patched => ({ kind: 'failed', message })

/** What is patched, with its kind and version. */
interface Target {
  readonly store: ResourceStore
  readonly object: JsonObject
}

/** @param givenFor what the mutation may name; what variables cost is counted. */
export function patchedBy({ mutation, expression, program }: CompiledMutation, givenFor: (meter: Meter) => Given, { store, object }: Target): Patched {
  if (!program) return failed(`expression '${expression}' cannot be compiled`)
  const budget = Budget.ofExpressions()
  try {
    const outcome = budget.run(program, givenFor(budget.meter))
    if (outcome.kind === 'problem') return failed(`expression '${expression}' resulted in error: ${outcome.message}`)
    return mutation.patchType === 'JSONPatch' ? jsonPatched(store, object, outcome.value) : applied(store, object, outcome.value)
  } catch (error) {
    if (error instanceof OutOfBudget) return failed(error.message)
    if (!(error instanceof CelFault)) throw error
    return failed(`expression '${expression}' resulted in error: ${error.message}`)
  }
}

function applied(store: ResourceStore, object: JsonObject, value: Value): Patched {
  const wrongName = misnamed(value, ['Object'])
  if (wrongName !== undefined) return failed(`type mismatch: ${wrongName}`)
  if (!(value instanceof Message)) return failed('unsupported return type from ApplyConfiguration expression')
  const { apiVersion, kind } = object
  const json = jsonOf(value)
  const patch: JsonObject = { ...(isJsonObject(json) ? json : {}), apiVersion: apiVersion ?? null, kind: kind ?? null }
  const known = typeOfKind(store.definition)
  const type = typeof known === 'string' ? typeOf(known) : known
  const problem = typedProblem(type, patch)
  if (problem !== undefined) return failed(`error applying patch: failed to convert patch object to typed object: ${problem}`)
  const atomics = atomicsIn(type, patch, '')
  if (atomics.length > 0) return failed(`error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`)
  const read = readChanged(store, mergeTyped(type, object, patch), { reader: 'unstructured', known: object })
  return read.kind === 'read' ? { kind: 'patched', object: read.object } : failed(`unable to convert unstructured object to ${store.apiVersion}, Kind=${store.definition.kind}: ${read.message}`)
}

/** What an apply replaces as a whole: a policy may not, since it would take away what others have put there. */
function atomicsIn(type: Type, value: Json | undefined, path: string): readonly string[] {
  if (value === undefined || value === null || typeof value !== 'object') return []
  switch (type.kind) {
    case 'list':
      if (type.listType === 'atomic') return [path]
      return (value as readonly Json[]).flatMap((item, index) => {
        const known = itemElement(type, item)
        return atomicsIn(type.items, item, `${path}${known.kind === 'element' ? elementText(known.element) : `[${index}]`}`)
      })
    case 'map':
    case 'object':
      if (type.atomic) return [path]
      return Object.entries(value as JsonObject).flatMap(([name, member]) => atomicsIn(childType(type, name) ?? { kind: 'any' }, member, `${path}.${name}`))
    default:
      return []
  }
}

/** Throws a 500 where the patch makes what is no object of its kind: Kubernetes lets no policy pass that over. */
function jsonPatched(store: ResourceStore, object: JsonObject, value: Value): Patched {
  const operations = Array.isArray(value) ? (value as readonly Value[]) : []
  const work = beginPatch(object)
  for (const operation of operations) {
    const wrong = valueProblem(operation)
    if (wrong !== undefined) return failed(wrong)
    const step = jsonOf(operation)
    if (carryOut(work, step)) continue
    // A test that fails means that there is nothing to do.
    return isJsonObject(step) && step['op'] === 'test' ? { kind: 'patched', object } : failed(`JSON Patch: ${copiesTooMuch(work) ? tooMuchCopied(work) : problemOf(step)}`)
  }
  if (deepEqual(work.document, object)) return { kind: 'patched', object }
  const read = readChanged(store, work.document)
  if (read.kind === 'unreadable') throw internalError(read.message)
  if (read.unknown.length > 0) throw internalError(`strict decoding error: ${read.unknown.join(', ')}`)
  return { kind: 'patched', object: read.object }
}

const tooMuchCopied = ({ copiedBytes }: Work): string => `Unable to complete the copy, the accumulated size increase of copy is ${copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`

/** What stands in a patch is called after its place below the object. */
function valueProblem(operation: Value): string | undefined {
  const value = operation instanceof Map ? ((operation as ReadonlyMap<Value, Value>).get('value') ?? null) : null
  if (!(value instanceof Message)) return undefined
  const wrong = misnamed(value, value.typeName.split('.'))
  return wrong === undefined ? undefined : `type mismatch: ${wrong}`
}

/** In the words of the library that Kubernetes uses. */
function problemOf(step: Json): string {
  const { op, path } = isJsonObject(step) ? step : {}
  const shown = typeof path === 'string' ? path : ''
  switch (op) {
    case 'add':
      return `add operation does not apply: doc is missing path: ${JSON.stringify(shown)}: missing value`
    case 'remove':
      return `remove operation does not apply: doc is missing path: ${JSON.stringify(shown)}: missing value`
    case 'replace':
      return `replace operation does not apply: doc is missing path: ${shown}: missing value`
    case 'move':
    case 'copy':
      return `${op} operation does not apply: doc is missing from path: ${shown}: missing value`
    default:
      return `Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`
  }
}
