/** `metadata` as Kubernetes validates it for every kind. */
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../gen/api.ts'
import { allOf, childPath, type FieldError, forbidden, indexPath, invalid, required, tooLong } from '../field-error.ts'
import { byteLength, goQuote } from '../go-text.ts'
import { deepEqual } from '../json.ts'
import { dns1123LabelProblems, labelValueProblems, nameProblems, type NameRule, qualifiedNameProblems } from './names.ts'
import { nonNegativeProblems } from './numbers.ts'

export interface ObjectMetaRules {
  readonly namespaced: boolean
  /** The kind's rule, or a function of its own. */
  readonly nameRule: NameRule | ((name: string, prefix: boolean) => readonly string[])
  /** Custom resources may have finalizers without a domain; built-in kinds only Kubernetes' own such ones. */
  readonly anyFinalizer?: boolean
}

const ANNOTATIONS_MAX_BYTES = 256 * 1024
const MANAGER_MAX_BYTES = 128
const SUBRESOURCE_MAX_BYTES = 256
const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

type Strings = Readonly<Record<string, string>>

/** Every objection against the metadata of a new object, in Kubernetes' order. */
export function validateObjectMeta(meta: ObjectMeta, rules: ObjectMetaRules, path = 'metadata'): readonly FieldError[] {
  return allOf(
    validateName(meta, rules, path),
    validateNamespace(meta, rules, path),
    nonNegativeProblems(meta.generation ?? 0).map((problem) => invalid(childPath(path, 'generation'), meta.generation, problem)),
    validateLabels(meta.labels, childPath(path, 'labels')),
    validateAnnotations(meta.annotations, childPath(path, 'annotations')),
    validateOwnerReferences(meta.ownerReferences ?? [], childPath(path, 'ownerReferences')),
    validateFinalizers(meta.finalizers ?? [], childPath(path, 'finalizers')),
    validateManagedFields(meta.managedFields ?? [], childPath(path, 'managedFields')),
    (rules.anyFinalizer ? [] : validateFinalizerDomains(meta.finalizers ?? [], childPath(path, 'finalizers'))),
  )
}

function validateName(meta: ObjectMeta, { nameRule }: ObjectMetaRules, path: string): readonly FieldError[] {
  const problems = (name: string, prefix: boolean): readonly string[] => (typeof nameRule === 'function' ? nameRule(name, prefix) : nameProblems(nameRule, name, prefix))
  const { name = '', generateName = '' } = meta
  const errors = generateName === '' ? [] : problems(generateName, true).map((problem) => invalid(childPath(path, 'generateName'), generateName, problem))
  if (name === '') return [...errors, required(childPath(path, 'name'), 'name or generateName is required')]
  return [...errors, ...problems(name, false).map((problem) => invalid(childPath(path, 'name'), name, problem))]
}

function validateNamespace({ namespace = '' }: ObjectMeta, { namespaced }: ObjectMetaRules, path: string): readonly FieldError[] {
  const field = childPath(path, 'namespace')
  if (!namespaced) return namespace === '' ? [] : [forbidden(field, 'not allowed on this type')]
  if (namespace === '') return [required(field)]
  return dns1123LabelProblems(namespace).map((problem) => invalid(field, namespace, problem))
}

const sortedEntries = (map: Strings): ReadonlyArray<readonly [string, string]> => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** Keys and values of labels: also those of selectors and templates. */
export function validateLabels(labels: Strings | undefined, path: string): readonly FieldError[] {
  if (!labels) return []
  return sortedEntries(labels).flatMap(([key, value]) => [...validateLabelName(key, path), ...labelValueProblems(value).map((problem) => invalid(path, value, problem))])
}

export const validateLabelName = (name: string, path: string): readonly FieldError[] => qualifiedNameProblems(name).map((problem) => invalid(path, name, problem))

export function validateAnnotations(annotations: Strings | undefined, path: string): readonly FieldError[] {
  if (!annotations) return []
  let bytes = 0
  const errors: FieldError[] = []
  for (const [key, value] of sortedEntries(annotations)) {
    bytes += byteLength(key) + byteLength(value)
    errors.push(...qualifiedNameProblems(key.toLowerCase()).map((problem) => invalid(path, key, problem)))
  }
  return bytes > ANNOTATIONS_MAX_BYTES ? [...errors, tooLong(path, ANNOTATIONS_MAX_BYTES)] : errors
}

/** A reference with its keys in the order messages print them. */
function printedReference(reference: OwnerReference): OwnerReference {
  const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = reference
  return { apiVersion, kind, name, uid, ...(controller === undefined ? {} : { controller }), ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }) }
}

function validateOwnerReferences(references: readonly OwnerReference[], path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const reference of references) {
    errors.push(...validateOwnerReference(reference, path))
    if (reference.controller !== true) continue
    const name = `${reference.kind}/${reference.name}`
    if (controller === undefined) controller = name
    else errors.push(invalid(path, references.map(printedReference), `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`))
  }
  return errors
}

function validateOwnerReference(reference: OwnerReference, path: string): readonly FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference as Partial<OwnerReference>
  const parts = apiVersion.split('/')
  const version = parts.length > 2 ? '' : (parts.at(-1) ?? '')
  const errors = version === '' ? [invalid(childPath(path, 'apiVersion'), apiVersion, 'version must not be empty')] : []
  for (const [field, value] of Object.entries({ kind, name, uid })) if (value === '') errors.push(invalid(childPath(path, field), value, 'must not be empty'))
  if (apiVersion === 'v1' && kind === 'Event') errors.push(invalid(path, printedReference(reference), '/v1, Kind=Event is disallowed from being an owner'))
  return errors
}

function validateFinalizers(finalizers: readonly string[], path: string): readonly FieldError[] {
  const errors = finalizers.flatMap((finalizer) => validateLabelName(finalizer, path))
  const both = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
  return both ? [...errors, invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')] : errors
}

function validateFinalizerDomains(finalizers: readonly string[], path: string): readonly FieldError[] {
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || standardFinalizers.has(finalizer) ? [] : [invalid(indexPath(path, index), finalizer, 'name is neither a standard finalizer name nor is it fully qualified')],
  )
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[], path: string): readonly FieldError[] {
  return entries.flatMap((entry, index) => {
    const at = indexPath(path, index)
    const { operation = '', fieldsType = '', manager = '', subresource = '' } = entry
    const errors: FieldError[] = []
    if (operation !== 'Apply' && operation !== 'Update') errors.push(invalid(childPath(at, 'operation'), operation, 'must be `Apply` or `Update`'))
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') errors.push(invalid(childPath(at, 'fieldsType'), fieldsType, 'must be `FieldsV1`'))
    errors.push(...validateFieldManager(manager, childPath(at, 'manager')))
    if (byteLength(subresource) > SUBRESOURCE_MAX_BYTES) errors.push(tooLong(childPath(at, 'subresource'), SUBRESOURCE_MAX_BYTES))
    return errors
  })
}

/** As nearly all are: nothing but printable ASCII. */
const PLAIN = /^[ -~]*$/

/** Also the `fieldManager` parameter of a request. */
export function validateFieldManager(manager: string, path: string): readonly FieldError[] {
  const errors = byteLength(manager) > MANAGER_MAX_BYTES ? [tooLong(path, MANAGER_MAX_BYTES)] : []
  // Each objection says the whole name again: what is much too long is told once.
  if (PLAIN.test(manager) || manager.length > 8 * MANAGER_MAX_BYTES) return errors
  let at = 0
  for (const char of manager) {
    if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) errors.push(invalid(path, manager, `invalid character ${codePointName(char)} (at position ${at})`))
    at += byteLength(char)
  }
  return errors
}

/** `U+0009`, as `%#U` prints what cannot be printed itself. */
const codePointName = (char: string): string => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

/**
 * Every objection against metadata that replaces older metadata. Names, namespaces and finalizers are judged by {@link validateObjectMeta}, not here.
 * Kubernetes runs it twice for built-in kinds, which is why causes come twice in its answers (texts are said once).
 */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = 'metadata'): readonly FieldError[] {
  const at = (name: string): string => childPath(path, name)
  const errors: FieldError[] = old.deletionTimestamp === undefined ? [] : [...validateNoNewFinalizers(meta.finalizers ?? [], old.finalizers ?? [], at('finalizers'))]
  if ((meta.resourceVersion ?? '') === '') errors.push(invalid(at('resourceVersion'), '', 'must be specified for an update'))
  if ((meta.generation ?? 0) < (old.generation ?? 0)) errors.push(invalid(at('generation'), meta.generation ?? 0, 'must not be decremented'))
  for (const field of immutable) if (!deepEqual(meta[field], old[field])) errors.push(invalid(at(field), meta[field] ?? (field.startsWith('deletion') || field === 'creationTimestamp' ? null : ''), 'field is immutable'))
  return [
    ...errors,
    ...validateLabels(meta.labels, at('labels')),
    ...validateAnnotations(meta.annotations, at('annotations')),
    ...validateOwnerReferences(meta.ownerReferences ?? [], at('ownerReferences')),
    ...validateManagedFields(meta.managedFields ?? [], at('managedFields')),
  ]
}

function validateNoNewFinalizers(finalizers: readonly string[], old: readonly string[], path: string): readonly FieldError[] {
  const added = [...new Set(finalizers)].filter((finalizer) => !old.includes(finalizer)).toSorted()
  if (added.length === 0) return []
  return [forbidden(path, `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(goQuote).join(', ')}}`)]
}
