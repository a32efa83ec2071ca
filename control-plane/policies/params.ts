/** The objects that a binding hands to its policy. */
import type { ParamKind, ParamRef } from '../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { matchesSelector, type Labels } from '../../shared/model/label-selector.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import type { AdmissionSources } from '../apiserver/admission/sources.ts'
import { keyAt, prefixOf, type ResourceStore } from '../apiserver/core/resources.ts'
import { shown, shownAll } from '../apiserver/core/shown.ts'
import { metadataOf } from '../apiserver/core/stored.ts'

export type Params = { readonly kind: 'there'; readonly objects: readonly Json[] } | { readonly kind: 'missing'; readonly message?: string }

export interface ParamSource {
  readonly paramKind: ParamKind | undefined
  readonly paramRef: ParamRef | undefined
}

const storeOf = (kind: ParamKind, { resources }: AdmissionSources): ResourceStore | undefined => {
  const { group, version } = groupVersionOf(kind)
  return resources.findKind(group, version, kind.kind ?? '')
}

function groupVersionOf({ apiVersion }: ParamKind): { readonly group: string; readonly version: string } {
  const [version = '', group = ''] = (apiVersion ?? '').split('/').toReversed()
  return { group, version }
}

/** What is wrong with the policy, whoever binds it. */
export function policyProblem(paramKind: ParamKind | undefined, sources: AdmissionSources): string | undefined {
  if (!paramKind || storeOf(paramKind, sources)) return undefined
  const { group, version } = groupVersionOf(paramKind)
  return `failed to configure policy: failed to find resource referenced by paramKind: '${group}/${version}, Kind=${paramKind.kind ?? ''}'`
}

/** One object, several, or none where none is asked for. Without the kind of a policy that has a problem there is nothing to look for. */
export async function paramsOf({ paramKind, paramRef }: ParamSource, request: AdmissionRequest, sources: AdmissionSources): Promise<Params> {
  if (!paramKind || !paramRef) return { kind: 'there', objects: [null] }
  const store = storeOf(paramKind, sources)
  if (!store) return { kind: 'missing' }
  const { namespaced } = store.definition
  const namespace = namespaced ? paramRef.namespace || request.namespace : ''
  if (namespaced && namespace === '') return misconfigured('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  if (!namespaced && paramRef.namespace) return misconfigured('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  const { signal } = request.call
  const objects = paramRef.name ? [(await shown(store, store.cache.get(keyAt(store, namespace, paramRef.name)), signal))?.object] : (await shownAll(store, store.cache.list(prefixOf(store, namespace)), signal)).map(({ object }) => object).filter((object) => matchesSelector(paramRef.selector, labelsOf(object)))
  const found = objects.filter((object) => object !== undefined)
  return found.length > 0 ? { kind: 'there', objects: found } : notFound(paramRef)
}

const misconfigured = (problem: string): Params => ({ kind: 'missing', message: `failed to configure binding: ${problem}` })

const notFound = ({ parameterNotFoundAction: action }: ParamRef): Params => (action === 'Deny' ? misconfigured('no params found for policy binding with `Deny` parameterNotFoundAction') : { kind: 'missing' })

export const labelsOf = (object: JsonObject | undefined): Labels | undefined => {
  const labels = object && metadataOf(object)['labels']
  return isJsonObject(labels) ? (labels as Labels) : undefined
}
