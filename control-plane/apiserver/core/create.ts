import type { JsonObject } from '../../../shared/model/json.ts'
import { newUid, nameSuffix } from '../../../shared/kit/ids.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { StrategyContext } from '../../registry/kind.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { Fate } from '../admission/allocations.ts'
import { alreadyExists, badRequest, forbidden, invalid } from '../status.ts'
import type { Call } from './call.ts'
import { commitPut } from './commit.ts'
import { withManagedFields } from './managed.ts'
import type { CoreParts } from './parts.ts'
import { keyAt, settled, type ResourceStore } from './resources.ts'
import { dedupOwners, validateNew, withSystemFields } from './strategy.ts'
import { canonical, metadataOf, metaText, unstoredItem, withMeta, writtenItem } from './stored.ts'
import { checkRevisionAtCreate } from './versions.ts'

export interface CreateRequest {
  readonly store: ResourceStore
  /** Of the path; empty for a cluster-scoped resource. */
  readonly namespace: string
  /** Decoded and defaulted by the schema. */
  readonly object: JsonObject
  /** Instead of the caller's entry in managedFields (server-side apply has made its own). */
  readonly managed?: boolean
}

/** How many generated names are tried. */
const NAME_TRIES = 8
/** A generated name is at most 63 characters. */
const LONGEST_PREFIX = 58

export async function create(parts: CoreParts, call: Call, request: CreateRequest): Promise<CachedObject> {
  const { store, namespace } = request
  const { definition } = store
  if (definition.custom?.terminating) throw forbidden(store.resource, metaText(request.object, 'name'), { message: 'create not allowed while custom resource definition is terminating' })
  const clean = withoutForeign(request, call)
  checkNamespace(metaText(clean, 'namespace'), namespace)
  const defaulted = definition.defaults(clean)
  const managed = request.managed ? defaulted : withManagedFields(parts, call, { store, change: { live: undefined, changed: defaulted, subresource: '' } })
  const attributes = { operation: 'CREATE', store, namespace: namespace || (definition.plural === 'namespaces' ? metaText(managed, 'name') : ''), name: metaText(managed, 'name'), subresource: '', old: undefined, call } as const
  const admitted = await parts.admission.mutate({ ...attributes, object: managed })
  const generates = metaText(admitted, 'name') === '' && metaText(admitted, 'generateName') !== ''
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryCreate(parts, call, { request, admitted, attributes })
    if (outcome.kind === 'created') return outcome.item
    if (!generates || attempt >= NAME_TRIES) throw alreadyExists(store.resource, outcome.name, outcome.terminating)
  }
}

/** Without what a client may not say of a new object; a namespace on a cluster-scoped one is no matter. */
function withoutForeign({ store, object }: CreateRequest, call: Call): JsonObject {
  const namespace = store.definition.namespaced ? metadataOf(object)['namespace'] : undefined
  return dedupOwners(withMeta(object, { deletionTimestamp: undefined, deletionGracePeriodSeconds: undefined, selfLink: undefined, namespace }), call.warn)
}

export function checkNamespace(given: string, requested: string): void {
  if (given !== '' && given !== requested) throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

interface Attempt {
  readonly request: CreateRequest
  readonly admitted: JsonObject
  readonly attributes: Omit<Parameters<CoreParts['admission']['validate']>[0], 'object'>
}

type Outcome = { readonly kind: 'created'; readonly item: CachedObject } | { readonly kind: 'exists'; readonly name: string; readonly terminating: boolean }

async function tryCreate(parts: CoreParts, call: Call, { request, admitted, attributes }: Attempt): Promise<Outcome> {
  const { store, namespace } = request
  const { definition } = store
  const nowMs = parts.clock.nowMs()
  const context: StrategyContext = { nowMs, subresource: '', userName: call.user.name, user: call.user }
  const named = withSystemFields(definition, admitted, { uid: newUid(parts.random), creationTimestamp: formatTime(nowMs), name: nameFor(parts, admitted), namespace })
  const reservation = await parts.allocations.reserve({ store, object: named, old: undefined, call })
  let fate: Fate = 'not-written'
  try {
    for (const warning of definition.earlyWarnings?.(reservation.object) ?? []) call.warn(warning)
    const prepared = definition.prepareForCreate(reservation.object, context)
    // A kind may have a name for what came without one.
    const name = metaText(prepared, 'name')
    const errors = validateNew(definition, prepared, context)
    const found = definition.laterFindings ? await definition.laterFindings(prepared, undefined, { found: errors, signal: call.signal }) : { errors, warnings: [] }
    if (found.errors.length > 0) throw invalid(store.kind, name, found.errors)
    for (const warning of [...(definition.warnings?.(prepared, undefined, context) ?? []), ...found.warnings]) call.warn(warning)
    await parts.admission.validate({ ...attributes, name, object: prepared })
    if (!call.dryRun) checkRevisionAtCreate(prepared)
    const stored = await settled(store, canonical(prepared, definition.kind, store.apiVersion), call.signal)
    const key = keyAt(store, namespace, name)
    fate = call.dryRun ? 'not-written' : 'unknown'
    const outcome = await storeNew(parts, call, { store, key, stored, name, said: metaText(prepared, 'resourceVersion') })
    fate = outcome.kind === 'created' && !call.dryRun ? 'written' : 'not-written'
    return outcome
  } finally {
    await reservation.settle(fate)
  }
}

interface NewObject {
  readonly store: ResourceStore
  readonly key: string
  readonly stored: JsonObject
  readonly name: string
  /** Its `resourceVersion`, which a dry run gives back as it came. */
  readonly said: string
}

async function storeNew(parts: CoreParts, call: Call, { store, key, stored, name, said }: NewObject): Promise<Outcome> {
  if (call.dryRun) {
    const there = await parts.storage.get(key, call.signal)
    return there ? existing(name, store.read(there)) : { kind: 'created', item: unstoredItem(key, said === '' ? stored : withMeta(stored, { resourceVersion: said }), undefined) }
  }
  const object = await store.toStored(stored, call.signal)
  const result = await commitPut(parts, call, { key, object, expect: { kind: 'absent' } })
  if (result.kind === 'committed') return { kind: 'created', item: writtenItem(stored, { key, revision: result.revision, text: object === stored ? result.text : undefined }) }
  return existing(name, result.current && store.read(result.current))
}

const existing = (name: string, item: CachedObject | undefined): Outcome => ({ kind: 'exists', name, terminating: item !== undefined && metadataOf(item.object)['deletionTimestamp'] !== undefined })

/** As given, or generated anew at each try. */
function nameFor(parts: CoreParts, object: JsonObject): string {
  const name = metaText(object, 'name')
  const prefix = metaText(object, 'generateName')
  if (name !== '' || prefix === '') return name
  return `${prefix.slice(0, LONGEST_PREFIX)}${nameSuffix(parts.random)}`
}

/** Sets the namespace of the path where the body named none. */
export const inNamespace = (store: ResourceStore, object: JsonObject, namespace: string): JsonObject =>
  store.definition.namespaced && metaText(object, 'namespace') === '' ? withMeta(object, { namespace }) : object
