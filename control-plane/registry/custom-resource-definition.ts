import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { formatTime } from '../../shared/model/time.ts'
import { column, CREATION_DESCRIPTION, nameColumn } from './columns/columns.ts'
import { defaultDefinition } from './defaults/custom-resource-definition.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { validateDefinitionChange, validateDefinitionStatus, validateNewDefinition } from './validation/custom-resource-definition/definition.ts'
import { definitionWarnings } from './warnings/custom-resource-definition.ts'

/** Held by a definition that is going until no object of its kind is left. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

export const customResourceDefinition = defineKind<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultDefinition,
  prepareForCreate: (object) => withStorageVersion({ ...object, status: {} }),
  // Whoever writes a status may write metadata, too: that is how finalizers are taken off.
  prepareForUpdate: (object, old, { subresource }) => (subresource === 'status' ? { ...object, spec: old.spec } : withStorageVersion({ ...object, status: old.status })),
  validateCreate: (object) => validateNewDefinition(object),
  validateUpdate: (object, old, { subresource }) => (subresource === 'status' ? validateDefinitionStatus(object) : validateDefinitionChange(object, old)),
  warnings: (object, _old, { subresource }) => (subresource === 'status' ? [] : definitionWarnings(object)),
  nameRule: 'dns-subdomain',
  anyFinalizer: true,
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  markDeletion: (object, nowMs) => (object.metadata.deletionTimestamp === undefined ? marked(object, nowMs) : undefined),
  columns: [nameColumn, { ...column('Created At', CREATION_DESCRIPTION), type: 'date' }],
  row: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''],
})

function withStorageVersion(object: CustomResourceDefinition): CustomResourceDefinition {
  const storage = (object.spec.versions ?? []).find((version) => version.storage)?.name
  const { status = {} } = object
  const stored = status.storedVersions ?? []
  const storedVersions = storage === undefined || stored.includes(storage) ? stored : [...stored, storage]
  // What prints empty stands there from the beginning.
  const printed = { conditions: null as unknown as undefined, acceptedNames: { plural: '', kind: '' } }
  return { ...object, status: { ...printed, ...status, ...(storedVersions.length > 0 ? { storedVersions } : { storedVersions: null as unknown as readonly string[] }) } }
}

/** The first wish to delete it: its objects go first. */
function marked(object: CustomResourceDefinition, nowMs: number): CustomResourceDefinition {
  const { finalizers = [] } = object.metadata
  const now = formatTime(nowMs)
  const terminating = { type: 'Terminating', status: 'True', lastTransitionTime: now, reason: 'InstanceDeletionPending', message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon' }
  const others = (object.status?.conditions ?? []).filter(({ type }) => type !== 'Terminating')
  return {
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: now, finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER] },
    status: { ...object.status, conditions: [...others, terminating] },
  }
}
