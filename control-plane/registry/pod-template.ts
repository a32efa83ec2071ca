import type { PodTemplate } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { podTemplateColumns, podTemplateRow } from './columns/workload.ts'
import { fillAbsent, mapMember } from './defaults/fill.ts'
import { defaultPodTemplate } from './defaults/pod-spec.ts'
import { defineKind, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { validatePodTemplate } from './validation/pod-template.ts'
import { podTemplateWarnings } from './warnings/workload.ts'

const PATH = 'template'

const prepare = (object: PodTemplate): PodTemplate => mapMember(object, PATH, dropDisabledFromTemplate)

export const podTemplate = defineKind<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.PodTemplate',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => mapMember(fillAbsent(object, { template: {} }), PATH, defaultPodTemplate),
  prepareForCreate: prepare,
  prepareForUpdate: prepare,
  validateCreate: ({ template }) => validatePodTemplate(template ?? {}, PATH),
  validateUpdate: ({ template }) => validatePodTemplate(template ?? {}, PATH),
  warnings: podTemplateWarnings,
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.template, old.template),
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: podTemplateColumns,
  row: podTemplateRow,
})
