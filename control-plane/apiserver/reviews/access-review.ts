/** SubjectAccessReview and its kin: may somebody do something? */
import { invalid as invalidField, type FieldError } from '../../../shared/model/field-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { Access } from '../authz/access.ts'
import type { Attributes } from '../authz/attributes.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import type { Handler } from '../handlers/context.ts'
import type { User } from '../request.ts'
import { badRequest, invalid } from '../status.ts'
import { validateAccessSpec } from './access-validation.ts'
import { fieldSelectorText, ignoredSelectors } from './asked-selectors.ts'
import { reviewHandler, specOf } from './create-review.ts'

export const selfSubjectAccessReviewHandler = (access: Access): Handler =>
  reviewHandler((review, { request }) => {
    refuse([...validateAccessSpec(specOf(review), 'self'), ...validateMetadata(review)])
    return decided(review, access, request.user)
  })

export const subjectAccessReviewHandler = (access: Access): Handler =>
  reviewHandler((review) => {
    refuse([...validateAccessSpec(specOf(review), 'anybody'), ...validateMetadata(review)])
    return decided(review, access, userOfSpec(specOf(review)))
  })

export const localSubjectAccessReviewHandler = (access: Access): Handler =>
  reviewHandler((review, { route }) => {
    const spec = specOf(review)
    refuse([...validateAccessSpec(spec, 'anybody'), ...validateMetadata(review, true), ...validateLocal(review)])
    if (route.path.namespace === '') throw badRequest('namespace is required on this type: ')
    return decided(review, access, userOfSpec(spec))
  })

/** These are not told as which kind they are. */
const UNNAMED = { group: 'authorization.k8s.io', name: '' } as const

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(UNNAMED, '', errors)
}

/** A question has no name, no labels, nothing. */
function validateMetadata(review: JsonObject, local = false): readonly FieldError[] {
  const { managedFields: _fields, namespace: _namespace, ...given } = metadataOf(review)
  return Object.keys(given).length === 0 ? [] : [invalidField('metadata', printedMetadata(metadataOf(review)), local ? 'must be empty except for namespace' : 'must be empty')]
}

const MEMBERS = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields']
const MAPS = ['labels', 'annotations', 'fieldsV1']

/** As Go prints it: members in the order of its type, maps in that of their keys. */
const printedMetadata = (metadata: JsonObject): JsonObject => withSortedMaps(Object.fromEntries(MEMBERS.flatMap((name) => (metadata[name] === undefined ? [] : [[name, metadata[name]]])))) as JsonObject

function withSortedMaps(value: Json, isMap = false): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => withSortedMaps(item))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, withSortedMaps(item, isMap || MAPS.includes(key))] as const)
  return Object.fromEntries(isMap ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries)
}

function validateLocal(review: JsonObject): readonly FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = specOf(review)
  const namespace = textOf(resource, 'namespace')
  return [
    ...(isJsonObject(resource) && namespace !== metaText(review, 'namespace') ? [invalidField('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace')] : []),
    ...(path ? [invalidField('spec.nonResourceAttributes', { Path: textOf(path, 'path'), Verb: textOf(path, 'verb') }, 'disallowed on this kind of request')] : []),
  ]
}

function decided(review: JsonObject, { authorize }: Access, user: User): JsonObject {
  const decision = authorize(attributesOf(specOf(review), user))
  const evaluationError = ignoredSelectors(specOf(review)['resourceAttributes'])
  const status: JsonObject = { allowed: decision.kind === 'allow', ...(decision.kind === 'deny' && { denied: true }), ...(decision.reason !== '' && { reason: decision.reason }), ...(evaluationError !== '' && { evaluationError }) }
  return { ...review, status }
}

function textOf(object: Json | undefined, member: string): string {
  const value = isJsonObject(object) ? object[member] : undefined
  return typeof value === 'string' ? value : ''
}

const textsOf = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [])

function userOfSpec(spec: JsonObject): User {
  const extra = isJsonObject(spec['extra']) ? Object.entries(spec['extra']).map(([key, values]) => [key, textsOf(values)] as const) : []
  return { name: textOf(spec, 'user'), uid: textOf(spec, 'uid'), groups: textsOf(spec['groups']), extra: Object.fromEntries(extra) }
}

function attributesOf(spec: JsonObject, user: User): Attributes {
  const resource = spec['resourceAttributes']
  if (!isJsonObject(resource)) return { kind: 'path', user, verb: textOf(spec['nonResourceAttributes'], 'verb'), path: textOf(spec['nonResourceAttributes'], 'path') }
  const of = (member: string): string => textOf(resource, member)
  return { kind: 'resource', user, verb: of('verb'), group: of('group'), version: of('version'), resource: of('resource'), subresource: of('subresource'), namespace: of('namespace'), name: of('name'), fieldSelector: fieldSelectorText(resource['fieldSelector']) }
}
