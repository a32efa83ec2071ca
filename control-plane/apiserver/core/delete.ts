import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { DeleteOptions } from '../options/delete-options.ts'
import { conflict, modifiedMessage, notFound } from '../status.ts'
import type { At, Call } from './call.ts'
import { commitDelete, commitPut, type Committed } from './commit.ts'
import { planDeletion, planNamespaceDeletion, type Deletion } from './deletion.ts'
import { isNamespace } from './finalizers.ts'
import { newest } from './get.ts'
import type { CoreParts } from './parts.ts'
import { keyAt, settled, type ResourceStore } from './resources.ts'
import { shown } from './shown.ts'
import { canonical, itemOf, metaText, withoutRevision } from './stored.ts'

export interface DeleteRequest {
  readonly store: ResourceStore
  readonly at: At
  readonly options: DeleteOptions
}

export interface Deleted {
  readonly item: CachedObject
  /** False: it is terminating and still there. */
  readonly gone: boolean
}

const TRIES = 32

/** Deletes an object, or marks it as terminating when it has grace or finalizers. */
export async function remove(parts: CoreParts, call: Call, request: DeleteRequest): Promise<Deleted> {
  const { store, at } = request
  const key = keyAt(store, at.namespace, at.name)
  let existing = await newest(parts, store, { key, signal: call.signal })
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (!existing) throw notFound(store.resource, at.name)
    checkPreconditions(store, { object: existing.object, revision: String(existing.revision) }, request)
    await parts.admission.validate({ operation: 'DELETE', store, namespace: at.namespace, name: at.name, subresource: '', object: existing.object, old: existing.object, call })
    const outcome = await tryRemove(parts, call, { request, existing })
    if (outcome.kind === 'done') return outcome.deleted
    existing = outcome.current
  }
  throw conflict(store.resource, at.name, modifiedMessage)
}

/** Throws a 409 where the object is not the one that the options speak of. */
export function checkPreconditions(store: ResourceStore, existing: { readonly object: JsonObject; readonly revision: string }, { options, at }: Pick<DeleteRequest, 'options' | 'at'>): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const has = metaText(existing.object, 'uid')
  if (isNamespace(store.definition)) {
    const refuse = (what: string, wanted: string, found: string): Error => conflict(store.resource, at.name, `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`)
    if (uid !== undefined && uid !== has) throw refuse('UID', uid, has)
    if (resourceVersion !== undefined && resourceVersion !== existing.revision) throw refuse('ResourceVersion', resourceVersion, existing.revision)
    return
  }
  if (uid !== undefined && uid !== has) {
    throw conflict(store.kind, at.name, `the UID in the precondition (${uid}) does not match the UID in record (${has}). The object might have been deleted and then recreated`)
  }
  if (resourceVersion !== undefined && resourceVersion !== existing.revision) {
    throw conflict(store.kind, at.name, `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${existing.revision}). The object might have been modified`)
  }
}

type Outcome = { readonly kind: 'done'; readonly deleted: Deleted } | { readonly kind: 'conflict'; readonly current: CachedObject | undefined }

const done = (item: CachedObject, gone: boolean): Outcome => ({ kind: 'done', deleted: { item, gone } })
const overtaken = async (store: ResourceStore, { current }: Extract<Committed, { readonly kind: 'conflict' }>, signal: AbortSignal): Promise<Outcome> => ({ kind: 'conflict', current: await shown(store, current && store.read(current), signal) })

async function tryRemove(parts: CoreParts, call: Call, { request, existing }: { readonly request: DeleteRequest; readonly existing: CachedObject }): Promise<Outcome> {
  const { store, options } = request
  const plan = planFor(parts, store, { object: withoutRevision(existing), options })
  switch (plan.kind) {
    case 'pending':
      return done(existing, false)
    case 'mark':
      return mark(parts, call, { store, existing, object: plan.object })
    case 'remove':
      break
  }
  if (!plan.marked) return takeAway(parts, call, { store, item: existing })
  const marked = await mark(parts, call, { store, existing, object: plan.marked })
  if (marked.kind === 'conflict') return marked
  const gone = await takeAway(parts, call, { store, item: marked.deleted.item })
  // Somebody was quicker with the same: it is gone either way.
  return gone.kind === 'conflict' && gone.current === undefined ? done(marked.deleted.item, true) : gone
}

function planFor(parts: CoreParts, store: ResourceStore, { object, options }: { readonly object: JsonObject; readonly options: DeleteOptions }): Deletion {
  const { definition } = store
  const nowMs = parts.clock.nowMs()
  const marked = definition.markDeletion?.(object, nowMs)
  if (marked) return { kind: 'mark', object: marked }
  return (isNamespace(definition) ? planNamespaceDeletion : planDeletion)(definition, object, { options, nowMs })
}

async function mark(parts: CoreParts, call: Call, change: { readonly store: ResourceStore; readonly existing: CachedObject; readonly object: JsonObject }): Promise<Outcome> {
  const { store, existing, object } = change
  const stored = await settled(store, canonical(object, store.definition.kind, store.apiVersion), call.signal)
  if (deepEqual(stored, withoutRevision(existing))) return done(existing, false)
  if (call.dryRun) return done(itemOf(existing.key, existing.revision, stored), false)
  const result = await commitPut(parts, call, { key: existing.key, object: await store.toStored(stored, call.signal), expect: { kind: 'revision', revision: existing.revision } })
  return result.kind === 'committed' ? done(itemOf(existing.key, result.revision, stored), false) : overtaken(store, result, call.signal)
}

async function takeAway(parts: CoreParts, call: Call, { store, item }: { readonly store: ResourceStore; readonly item: CachedObject }): Promise<Outcome> {
  if (call.dryRun) return done(item, true)
  const result = await commitDelete(parts, call, { key: item.key, expect: { kind: 'revision', revision: item.revision } })
  if (result.kind === 'conflict') return overtaken(store, result, call.signal)
  await parts.allocations.release({ store, object: item.object, call })
  return done(itemOf(item.key, result.revision, withoutRevision(item)), true)
}
