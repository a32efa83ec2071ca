import type { DaemonSet } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { daemonSetColumns, daemonSetRow } from './columns/workload.ts'
import { mapMember } from './defaults/fill.ts'
import { defaultDaemonSet } from './defaults/workload.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { keepOtherPart } from './updates/keep.ts'
import { templateGeneration, withTemplateGeneration } from './updates/template-generation.ts'
import { validateDaemonSetChange, validateNewDaemonSet } from './validation/daemon-set.ts'
import { daemonSetWarnings } from './warnings/workload.ts'

const atLeastOne = (generation: bigint): bigint => (generation < 1n ? 1n : generation)

export const daemonSet = defineKind<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.DaemonSet',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: (object) => withTemplateGeneration(defaultDaemonSet(object), templateGeneration(object)),
  prepareForCreate: (object) => ({ ...withTemplateGeneration(withoutDisabled(object), atLeastOne(templateGeneration(object))), status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 } }),
  prepareForUpdate: (object, old, { subresource }) => {
    const kept = keepOtherPart(withoutDisabled(object), old, subresource)
    const changed = !deepEqual(kept.spec?.template, old.spec?.template)
    return withTemplateGeneration(kept, templateGeneration(old) + (changed ? 1n : 0n))
  },
  validateCreate: validateNewDaemonSet,
  validateUpdate: validateDaemonSetChange,
  warnings: daemonSetWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: daemonSetColumns,
  row: daemonSetRow,
})

function withoutDisabled(object: DaemonSet): DaemonSet {
  return mapMember(object, 'spec', (spec) => mapMember(spec, 'template', dropDisabledFromTemplate))
}
