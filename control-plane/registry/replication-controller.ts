import type { ReplicationController } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { replicationControllerColumns, replicationControllerRow } from './columns/workload.ts'
import { mapMember } from './defaults/fill.ts'
import { defaultReplicationController } from './defaults/workload.ts'
import { defineKind, scaleSubresource, statusSubresource, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateNewReplicationController, validateReplicationControllerChange } from './validation/replication-controller.ts'
import { replicationControllerWarnings } from './warnings/workload.ts'

export const replicationController = defineKind<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ReplicationController',
  verbs: storedVerbs,
  subresources: [scaleSubresource, statusSubresource],
  defaults: defaultReplicationController,
  prepareForCreate: (object) => ({ ...withoutDisabled(object), status: { replicas: 0 } }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(withoutDisabled(object), old, subresource),
  validateCreate: validateNewReplicationController,
  validateUpdate: validateReplicationControllerChange,
  warnings: replicationControllerWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Orphan',
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  columns: replicationControllerColumns,
  row: replicationControllerRow,
})

function withoutDisabled(object: ReplicationController): ReplicationController {
  return mapMember(object, 'spec', (spec) => mapMember(spec, 'template', dropDisabledFromTemplate))
}
