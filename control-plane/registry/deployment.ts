import type { Deployment } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { deploymentColumns, deploymentRow } from './columns/workload.ts'
import { defaultDeployment } from './defaults/workload.ts'
import { mapMember } from './defaults/fill.ts'
import { defineKind, scaleSubresource, statusSubresource, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { keepLabels, keepOtherPart } from './updates/keep.ts'
import { validateDeploymentChange, validateNewDeployment } from './validation/deployment.ts'
import { deploymentWarnings } from './warnings/workload.ts'

export const deployment = defineKind<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.Deployment',
  verbs: storedVerbs,
  subresources: [scaleSubresource, statusSubresource],
  defaults: defaultDeployment,
  prepareForCreate: (object) => ({ ...withoutDisabled(object), status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(subresource === 'status' ? keepLabels(object, old) : withoutDisabled(object), old, subresource),
  validateCreate: validateNewDeployment,
  validateUpdate: validateDeploymentChange,
  warnings: deploymentWarnings,
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec) || !deepEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: deploymentColumns,
  row: deploymentRow,
})

function withoutDisabled(object: Deployment): Deployment {
  return mapMember(object, 'spec', (spec) => mapMember(spec, 'template', dropDisabledFromTemplate))
}
