/** A request in all the words that users' rules may have for it: as it was made, and in the other versions of its resource. */
import type { JsonObject } from '../../shared/model/json.ts'
import { ofKind } from '../apiserver/admission/other-kind.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { versionsOf } from '../apiserver/core/managed.ts'
import { findSubresource, type Resources, type ResourceStore } from '../apiserver/core/resources.ts'
import { scaleKind, scaleOf, withScale } from '../apiserver/core/scale.ts'
import { labelsOf } from './params.ts'
import type { Subject } from './matching.ts'

export interface View {
  readonly request: AdmissionRequest
  /** What was made of the view's object, as the request has it. */
  back(object: JsonObject): JsonObject
}

export interface Views {
  /** What rules are held against; the first is the request as it was made. */
  readonly subjects: readonly Subject[]
  /** The request as the subject at this place tells of it. */
  at(index: number): View
}

export function viewsOf(request: AdmissionRequest, resources: Resources, namespaceObject: JsonObject | undefined): Views {
  const own = subjectOf(request, namespaceObject)
  const others = request.as ? [] : equivalents(resources, request.store)
  return {
    subjects: [own, ...others.map(({ definition: { group, version, plural } }) => ({ ...own, group, version, resource: plural }))],
    at(index) {
      const other = others[index - 1]
      return scaled(other ? inOther(request, resources, other) : { request, back: (object) => object })
    },
  }
}

function subjectOf({ operation, store, namespace, name, subresource, object, old }: AdmissionRequest, namespaceObject: JsonObject | undefined): Subject {
  const { group, version, plural } = store.definition
  const isNamespace = group === '' && plural === 'namespaces'
  return {
    operation,
    group,
    version,
    resource: plural,
    subresource,
    namespace,
    name,
    labels: [...(operation === 'DELETE' ? [] : [labelsOf(object)]), ...(old ? [labelsOf(old)] : [])],
    namespaceLabels: labelsOf(isNamespace ? object : namespaceObject),
  }
}

/** Where the same objects are served besides. Those that a webhook would have to convert are not told of. */
function equivalents(resources: Resources, store: ResourceStore): readonly ResourceStore[] {
  const { group, plural } = store.location
  const all = store.definition.custom ? (resources.custom?.() ?? []) : resources.all
  return all.filter((one) => one !== store && one.location.plural === plural && one.location.group === group && one.apiVersion !== store.apiVersion && !one.show && !store.show)
}

function inOther(request: AdmissionRequest, resources: Resources, other: ResourceStore): View {
  const version = versionsOf({ resources }, request.store)?.(other.apiVersion)
  if (!version) return { request, back: (object) => object }
  const { object, old, store } = request
  return { request: { ...request, store: other, asked: store, object: version.to(object), old: old && version.to(old) }, back: (changed) => version.from(changed) }
}

/** Of `scale` they are shown the Scale. */
function scaled({ request, back }: View): View {
  const paths = request.subresource === 'scale' ? findSubresource(request.store.definition, 'scale')?.behaviour : undefined
  if (paths?.kind !== 'scale') return { request, back }
  const { object, old } = request
  return { request: ofKind({ ...request, object: scaleOf(object, paths), old: old && scaleOf(old, paths) }, scaleKind), back: (scale) => back(withScale(object, scale, paths)) }
}
