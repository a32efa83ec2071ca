/** A request in all the words that users' rules may have for it: as it was made, and in the other versions of its resource. */
import type { JsonObject } from '../../shared/model/json.ts'
import { ofKind } from '../apiserver/admission/other-kind.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { versionsOf } from '../apiserver/core/managed.ts'
import { findSubresource, type Resources, type ResourceStore } from '../apiserver/core/resources.ts'
import { scaleKind, scaleOf, withScale } from '../apiserver/core/scale.ts'
import { labelsOf } from './params.ts'
import type { Subject, Subjects } from './matching.ts'

export interface View {
  readonly request: AdmissionRequest
  /** What was made of the view's object, as the request has it. */
  back(object: JsonObject): JsonObject
}

export interface Views {
  /** As it was made. */
  readonly request: AdmissionRequest
  /** What rules are held against: the request as it was made, and as its equivalents have it. */
  readonly subjects: Subjects
  /** The request as the subject at this place tells of it; made once. */
  at(index: number): View
}

/** One for each state of the object does for all who are asked about it. */
export function viewsOf(request: AdmissionRequest, resources: Resources, namespaceObject: JsonObject | undefined): Views {
  const own = subjectOf(request, namespaceObject)
  let stores: readonly ResourceStore[] | undefined
  let others: readonly Subject[] | undefined
  const places = (): readonly ResourceStore[] => (stores ??= request.as ? NONE : equivalents(resources, request.store))
  const made = new Map<number, View>()
  return {
    request,
    subjects: { own, others: () => (others ??= places().map(({ definition: { group, version, plural } }) => ({ ...own, group, version, resource: plural }))) },
    at(index) {
      const other = index === 0 ? undefined : places()[index - 1]
      const view = made.get(index) ?? scaled(other ? inOther(request, resources, other) : { request, back: (object) => object })
      made.set(index, view)
      return view
    },
  }
}

/** The views of an object on its way through those that change it: made anew when it has changed. */
export function changingViews(request: AdmissionRequest, resources: Resources, namespaceObject: JsonObject | undefined): (object: JsonObject) => Views {
  let last = { object: request.object, views: viewsOf(request, resources, namespaceObject) }
  return (object) => {
    if (object !== last.object) last = { object, views: viewsOf({ ...request, object }, resources, namespaceObject) }
    return last.views
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

interface Equivalents {
  /** All that there were when it was looked. */
  readonly all: readonly ResourceStore[]
  readonly others: readonly ResourceStore[]
}

const known = new WeakMap<ResourceStore, Equivalents>()
const NONE: readonly ResourceStore[] = []

/** Where the same objects are served besides. Those that a webhook would have to convert are not told of. */
function equivalents(resources: Resources, store: ResourceStore): readonly ResourceStore[] {
  const all = store.definition.custom ? (resources.custom?.() ?? NONE) : resources.all
  const before = known.get(store)
  if (before?.all === all) return before.others
  const { group, plural } = store.location
  const others = all.filter((one) => one !== store && one.location.plural === plural && one.location.group === group && one.apiVersion !== store.apiVersion && !one.show && !store.show)
  known.set(store, { all, others })
  return others
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
