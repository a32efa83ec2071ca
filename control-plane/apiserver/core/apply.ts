/** Server-side apply: creates what is missing, lays the configuration over what is there. */
import { ApiError, isApiError } from '../../../shared/kit/api-error.ts'
import type { Json, JsonObject } from '../../../shared/model/json.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { typeOfKind } from '../decode/kinds.ts'
import { applyConfiguration, type Applied } from '../field-manager/apply.ts'
import { managedFieldsOf, withManagedFields } from '../field-manager/entries.ts'
import { entriesAfterScale, entriesOfScale, type ScaledObject } from '../field-manager/scale-entries.ts'
import { conflict } from '../status.ts'
import type { At, Call } from './call.ts'
import { create, inNamespace } from './create.ts'
import { versionsOf } from './managed.ts'
import type { CoreParts } from './parts.ts'
import type { ResourceStore } from './resources.ts'
import { pathParts, scaleKind, scaleOf, type ScalePaths } from './scale.ts'
import { metaText, withMeta } from './stored.ts'
import { checkIdentity, update, type Updated } from './update.ts'

export interface ApplyRequest {
  readonly store: ResourceStore
  readonly at: At
  readonly subresource: string
  /** The body, read but not decoded. */
  readonly config: JsonObject
  readonly force: boolean
}

export async function apply(parts: CoreParts, call: Call, request: ApplyRequest): Promise<Updated> {
  const { store, at, subresource } = request
  const change = (live: JsonObject | undefined): JsonObject => applied(parts, call, { ...request, live })
  const patching = { store, at, subresource, change: (existing: JsonObject) => change(existing), managed: true } as const
  if (subresource !== '') return update(parts, call, patching)
  try {
    return await update(parts, call, patching)
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error
  }
  try {
    const object = inNamespace(store, change(undefined), at.namespace)
    call.checkCreate?.()
    return { item: await create(parts, call, { store, namespace: at.namespace, object, managed: true }), created: true }
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error
    return update(parts, call, patching)
  }
}

function applied(parts: CoreParts, call: Call, { store, at, subresource, config, force, live }: ApplyRequest & { readonly live: JsonObject | undefined }): JsonObject {
  const { group, version, kind } = store.definition
  const schema = typeOfKind(store.definition)
  const outcome = applyConfiguration({ schema, group, version, kind, live, config, manager: call.manager, force, subresource, nowMs: parts.clock.nowMs(), versions: versionsOf(parts, store) })
  if (outcome.kind === 'refused') throw refusal(outcome)
  const uid = metaText(config, 'uid')
  if (!live && uid !== '') throw conflict(store.resource, at.name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`)
  checkIdentity(outcome.object, at)
  return applySchemaDefaults(schema, live ? outcome.object : withMeta(outcome.object, { resourceVersion: undefined }))
}

export interface ScaleApply {
  readonly store: ResourceStore
  readonly existing: JsonObject
  readonly paths: ScalePaths
  readonly config: JsonObject
  readonly force: boolean
}

/** The Scale of an object with a configuration laid over it, and what the object's managedFields become. */
export function appliedScale(parts: CoreParts, call: Call, { store, existing, paths, config, force }: ScaleApply): { readonly scale: JsonObject; readonly managedFields: Json } {
  const scaled: ScaledObject = { apiVersion: store.apiVersion, path: pathParts(paths.specPath) }
  const before = managedFieldsOf(existing) ?? []
  const live = withManagedFields(scaleOf(existing, paths), entriesOfScale(before, scaled))
  const outcome = applyConfiguration({ ...scaleKind, live, config, manager: call.manager, force, subresource: 'scale', nowMs: parts.clock.nowMs() })
  if (outcome.kind === 'refused') throw refusal(outcome)
  return { scale: outcome.object, managedFields: entriesAfterScale(before, managedFieldsOf(outcome.object) ?? [], scaled) as unknown as Json }
}

function refusal({ code, reason, message, causes }: Extract<Applied, { readonly kind: 'refused' }>): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason !== undefined && { reason }), ...(causes && { details: { causes } }), code })
}
