import type { ControllerRevision } from '../../shared/model/gen/api.ts'
import { controllerRevisionColumns, controllerRevisionRow } from './columns/workload.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewRevision, validateRevisionChange } from './validation/controller-revision.ts'

export const controllerRevision = defineKind<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewRevision,
  validateUpdate: validateRevisionChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: controllerRevisionColumns,
  row: controllerRevisionRow,
})
