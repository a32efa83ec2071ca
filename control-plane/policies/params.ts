/** The objects that a binding hands to its policy. */
import type { ParamKind, ParamRef } from '../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { matchesSelector, type Labels } from '../../shared/model/label-selector.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import type { AdmissionSources } from '../apiserver/admission/sources.ts'
import { keyAt, prefixOf } from '../apiserver/core/resources.ts'
import { shown, shownAll } from '../apiserver/core/shown.ts'
import { metadataOf } from '../apiserver/core/stored.ts'

export type Params = { readonly kind: 'there'; readonly objects: readonly Json[] } | { readonly kind: 'missing'; readonly message?: string }

export interface ParamSource {
  readonly paramKind: ParamKind | undefined
  readonly paramRef: ParamRef | undefined
}

/** One object, several, or none where none is asked for. */
export async function paramsOf({ paramKind, paramRef }: ParamSource, request: AdmissionRequest, { resources }: AdmissionSources): Promise<Params> {
  if (!paramKind || !paramRef) return { kind: 'there', objects: [null] }
  const [version = '', group = ''] = (paramKind.apiVersion ?? '').split('/').toReversed()
  const store = resources.findKind(group, version, paramKind.kind ?? '')
  if (!store) return { kind: 'missing', message: `failed to configure policy: failed to find resource referenced by paramKind: '${paramKind.apiVersion ?? ''}, Kind=${paramKind.kind ?? ''}'` }
  const { namespaced } = store.definition
  const namespace = namespaced ? (paramRef.namespace ?? request.namespace) : ''
  if (namespaced && namespace === '') return { kind: 'missing', message: 'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources' }
  const { signal } = request.call
  const objects = paramRef.name ? [(await shown(store, store.cache.get(keyAt(store, namespace, paramRef.name)), signal))?.object] : (await shownAll(store, store.cache.list(prefixOf(store, namespace)), signal)).map(({ object }) => object).filter((object) => matchesSelector(paramRef.selector, labelsOf(object)))
  const found = objects.filter((object) => object !== undefined)
  return found.length > 0 ? { kind: 'there', objects: found } : notFound(paramRef)
}

const notFound = ({ parameterNotFoundAction: action }: ParamRef): Params => (action === 'Allow' ? { kind: 'missing' } : { kind: 'missing', message: 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction' })

export const labelsOf = (object: JsonObject | undefined): Labels | undefined => {
  const labels = object && metadataOf(object)['labels']
  return isJsonObject(labels) ? (labels as Labels) : undefined
}
