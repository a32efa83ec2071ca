import type { ReplicaSet } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { replicaSetColumns, replicaSetRow } from './columns/workload.ts'
import { defaultReplicaSet } from './defaults/workload.ts'
import { mapMember } from './defaults/fill.ts'
import { defineKind, scaleSubresource, statusSubresource, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateNewReplicaSet, validateReplicaSetChange } from './validation/replica-set.ts'
import { replicaSetWarnings } from './warnings/workload.ts'

export const replicaSet = defineKind<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ReplicaSet',
  verbs: storedVerbs,
  subresources: [scaleSubresource, statusSubresource],
  defaults: defaultReplicaSet,
  prepareForCreate: (object) => ({ ...withoutDisabled(object), status: { replicas: 0 } }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(withoutDisabled(object), old, subresource),
  validateCreate: validateNewReplicaSet,
  validateUpdate: validateReplicaSetChange,
  warnings: replicaSetWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: replicaSetColumns,
  row: replicaSetRow,
})

function withoutDisabled(object: ReplicaSet): ReplicaSet {
  return mapMember(object, 'spec', (spec) => mapMember(spec, 'template', dropDisabledFromTemplate))
}
