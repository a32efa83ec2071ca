import { ApiError } from '../../../shared/kit/api-error.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import type { StrategyContext } from '../../registry/kind.ts'
import type { Entry } from '../../storage/port.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { Fate } from '../admission/allocations.ts'
import { badRequest, conflict, invalid, modifiedMessage, notFound } from '../status.ts'
import type { At, Call } from './call.ts'
import { commitDelete, commitPut } from './commit.ts'
import { checkNamespace, create, inNamespace } from './create.ts'
import { newest } from './get.ts'
import { withManagedFields } from './managed.ts'
import type { CoreParts } from './parts.ts'
import { keyAt, settled, type ResourceStore } from './resources.ts'
import { isReadyToGo } from './finalizers.ts'
import { shown } from './shown.ts'
import { dedupOwners, prepareChange, validateChanged } from './strategy.ts'
import { canonical, itemOf, metaText, withMeta, withoutRevision, writtenItem } from './stored.ts'
import { checkExpectedRevision, uidMessage } from './versions.ts'

export interface UpdateRequest {
  readonly store: ResourceStore
  readonly at: At
  /** Empty for the resource itself. */
  readonly subresource: string
  /** The wanted object, from the one that stands there; called again when somebody else wrote first. Decoded and defaulted by the schema. */
  change(existing: JsonObject): JsonObject | Promise<JsonObject>
  /** The update is meant for the object with this uid; empty: for whichever has the name. */
  readonly uid?: string | undefined
  /** What to create when there is no such object; `undefined`: 404. */
  readonly missing?: (() => JsonObject) | undefined
  /** Whether `change` has brought managedFields up to date itself (server-side apply). */
  readonly managed?: boolean | undefined
}

export interface Updated {
  readonly item: CachedObject
  readonly created: boolean
}

/** How often a write that lost a race is tried again. */
const TRIES = 32

/**
 * Compare-and-set with the object the cache holds; when that turns out to be old, with the newest. A refusal that rests on an old
 * state is never told: it is tried again with the newest state first.
 */
export async function update(parts: CoreParts, call: Call, request: UpdateRequest): Promise<Updated> {
  const { store, at } = request
  const key = keyAt(store, at.namespace, at.name)
  let existing = await shown(store, store.cache.get(key), call.signal)
  let proven = false
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (!existing && !proven) {
      existing = await newest(parts, store, { key, signal: call.signal })
      proven = true
    }
    if (!existing) return createMissing(parts, call, request)
    const outcome = await tryUpdate(parts, call, { request, existing, proven })
    if (outcome.kind === 'done') return { item: outcome.item, created: false }
    existing = outcome.current
    proven = true
  }
  throw conflict(store.resource, at.name, modifiedMessage)
}

async function createMissing(parts: CoreParts, call: Call, request: UpdateRequest): Promise<Updated> {
  const { store, at, missing } = request
  checkUid(call, request, {})
  if (!missing) throw notFound(store.resource, at.name)
  // Which state it was to replace is no matter.
  const object = withMeta(inNamespace(store, missing(), at.namespace), { resourceVersion: undefined })
  call.checkCreate?.()
  return { item: await create(parts, call, { store, namespace: at.namespace, object }), created: true }
}

interface Attempt {
  readonly request: UpdateRequest
  readonly existing: CachedObject
  /** Whether `existing` is known to be the newest. */
  readonly proven: boolean
}

type Outcome = { readonly kind: 'done'; readonly item: CachedObject } | { readonly kind: 'conflict'; readonly current: CachedObject | undefined }

async function tryUpdate(parts: CoreParts, call: Call, attempt: Attempt): Promise<Outcome> {
  try {
    return await changeAndWrite(parts, call, attempt)
  } catch (error) {
    if (!(error instanceof ApiError) || attempt.proven) throw error
    const { request, existing } = attempt
    const now = await newest(parts, request.store, { key: existing.key, signal: call.signal })
    if (now?.revision === existing.revision) throw error
    return { kind: 'conflict', current: now }
  }
}

async function changeAndWrite(parts: CoreParts, call: Call, { request, existing, proven }: Attempt): Promise<Outcome> {
  const { store, at, subresource } = request
  const { definition } = store
  const context: StrategyContext = { nowMs: parts.clock.nowMs(), subresource, userName: call.user.name, user: call.user }
  const old = existing.object
  checkUid(call, request, old)
  const wanted = dedupOwners(definition.defaults(withMeta(await request.change(old), definition.namespaced ? {} : { namespace: undefined })), call.warn)
  checkIdentity(wanted, at)
  const managed = request.managed ? wanted : withManagedFields(parts, call, { store, change: { live: old, changed: wanted, subresource } })
  const attributes = { operation: 'UPDATE', store, namespace: at.namespace, name: at.name, subresource, old, call } as const
  const admitted = await parts.admission.mutate({ ...attributes, object: managed })
  checkExpectedRevision(store, admitted, { name: at.name, revision: existing.revision })
  const pinned = withMeta(admitted, { resourceVersion: String(existing.revision) })
  const reservation = await parts.allocations.reserve({ store, subresource, object: pinned, old, call })
  let fate: Fate = 'not-written'
  try {
    const prepared = prepareChange(definition, { object: reservation.object, old }, context)
    const errors = validateChanged(definition, { object: prepared, old }, context)
    const found = definition.laterFindings ? await definition.laterFindings(prepared, old, { found: errors, signal: call.signal }) : { errors, warnings: [] }
    if (found.errors.length > 0) throw invalid(store.kind, at.name, found.errors)
    for (const warning of [...(definition.warnings?.(prepared, old, context) ?? []), ...found.warnings]) call.warn(warning)
    await parts.admission.validate({ ...attributes, object: prepared })
    const stored = await settled(store, canonical(prepared, definition.kind, store.apiVersion), call.signal)
    fate = call.dryRun ? 'not-written' : 'unknown'
    const outcome = await write(parts, call, { store, existing, proven, stored })
    fate = outcome.kind === 'done' && !call.dryRun ? 'written' : 'not-written'
    return outcome
  } finally {
    await reservation.settle(fate)
  }
}

/** @param old empty if there is none. */
function checkUid({ dryRun }: Call, { store, at, uid = '' }: UpdateRequest, old: JsonObject): void {
  const has = metaText(old, 'uid')
  if (uid !== '' && uid !== has) throw conflict(store.resource, at.name, uidMessage(store.definition, at, { wanted: uid, has, dryRun }))
}

/** Throws a 400 when an object is another one than the path names. */
export function checkIdentity(object: JsonObject, at: At): void {
  if (at.namespace !== '') checkNamespace(metaText(object, 'namespace'), at.namespace)
  const [given, requested] = [metaText(object, 'name'), at.name]
  if (given === '') throw badRequest(`the name of the object (${requested} based on URL) was undeterminable: name must be provided`)
  if (given !== requested) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${requested})`)
}

async function write(parts: CoreParts, call: Call, change: { readonly store: ResourceStore; readonly existing: CachedObject; readonly proven: boolean; readonly stored: JsonObject }): Promise<Outcome> {
  const { store, existing, proven, stored } = change
  const { key, revision } = existing
  const expect = { kind: 'revision', revision } as const
  if (isReadyToGo(store.definition, stored, existing.object)) {
    if (call.dryRun) return { kind: 'done', item: itemOf(key, revision, stored) }
    const result = await commitDelete(parts, call, { key, expect })
    if (result.kind === 'committed') await parts.allocations.release({ store, object: stored, call })
    return result.kind === 'committed' ? { kind: 'done', item: itemOf(key, revision, stored) } : overtaken(store, result.current, call.signal)
  }
  if (isSame(stored, withoutRevision(existing))) return proven || call.dryRun ? { kind: 'done', item: existing } : stillSame(parts, call, { store, existing })
  if (call.dryRun) return { kind: 'done', item: itemOf(key, revision, stored) }
  const object = await store.toStored(stored, call.signal)
  const result = await commitPut(parts, call, { key, object, expect })
  if (result.kind !== 'committed') return overtaken(store, result.current, call.signal)
  return { kind: 'done', item: writtenItem(stored, { key, revision: result.revision, text: object === stored ? result.text : undefined }) }
}

/** Nothing needs to be written, if what the cache holds is still what is stored: somebody may just have written something else. */
async function stillSame(parts: CoreParts, call: Call, { store, existing }: { readonly store: ResourceStore; readonly existing: CachedObject }): Promise<Outcome> {
  const current = await newest(parts, store, { key: existing.key, signal: call.signal })
  return current?.revision === existing.revision ? { kind: 'done', item: existing } : { kind: 'conflict', current }
}

const overtaken = async (store: ResourceStore, current: Entry | undefined, signal: AbortSignal): Promise<Outcome> => ({ kind: 'conflict', current: await shown(store, current && store.read(current), signal) })

/** Whether a write would change nothing but times in managedFields. */
function isSame(stored: JsonObject, existing: JsonObject): boolean {
  return deepEqual(stored, existing) || deepEqual(withoutTimes(stored), withoutTimes(existing))
}

function withoutTimes(object: JsonObject): JsonObject {
  const metadata = object['metadata'] as JsonObject | undefined
  const entries = metadata?.['managedFields']
  if (!Array.isArray(entries)) return object
  return withMeta(object, { managedFields: (entries as readonly JsonObject[]).map(({ time: _time, ...entry }) => entry) })
}
