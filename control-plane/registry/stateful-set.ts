import type { StatefulSet } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { statefulSetColumns, statefulSetRow } from './columns/workload.ts'
import { mapMember, without } from './defaults/fill.ts'
import { defaultStatefulSet } from './defaults/workload.ts'
import { defineKind, scaleSubresource, statusSubresource, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateNewStatefulSet, validateStatefulSetChange } from './validation/stateful-set.ts'
import { statefulSetWarnings } from './warnings/workload.ts'

export const statefulSet = defineKind<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.StatefulSet',
  verbs: storedVerbs,
  subresources: [scaleSubresource, statusSubresource],
  defaults: defaultStatefulSet,
  prepareForCreate: (object) => ({ ...withoutDisabled(object), status: { replicas: 0, availableReplicas: 0 } }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(withoutDisabled(object), old, subresource),
  validateCreate: validateNewStatefulSet,
  validateUpdate: validateStatefulSetChange,
  warnings: statefulSetWarnings,
  nameRule: 'dns-label',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: statefulSetColumns,
  row: statefulSetRow,
})

/** Pods of a set are updated one by one: that more may be unavailable is not switched on. */
function withoutDisabled(object: StatefulSet): StatefulSet {
  return mapMember(object, 'spec', (spec) => {
    const updated = mapMember(spec, 'updateStrategy', (strategy) => mapMember(strategy, 'rollingUpdate', (update) => without(update, 'maxUnavailable')))
    return mapMember(updated, 'template', dropDisabledFromTemplate)
  })
}
