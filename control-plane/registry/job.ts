import type { Job } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { jobColumns, jobRow } from './columns/job.ts'
import { mapMember } from './defaults/fill.ts'
import { defaultJob } from './defaults/job.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { withGeneratedSelector } from './updates/job-labels.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateJob } from './validation/job.ts'
import { validateJobChange } from './validation/job-update.ts'
import { JOB_ORPHANS, jobWarnings } from './warnings/job.ts'

export const job = defineKind<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  shortNames: [],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.batch.v1.Job',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultJob,
  prepareForCreate: (object) => ({ ...withGeneratedSelector(withoutDisabled(object)), status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(withoutDisabled(object), old, subresource),
  validateCreate: validateJob,
  validateUpdate: validateJobChange,
  warnings: jobWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Orphan',
  defaultPropagationWarning: JOB_ORPHANS,
  selectableFields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
  unknownFieldMessage: (field) => `field label ${JSON.stringify(field)} not supported for Job`,
  columns: jobColumns,
  row: jobRow,
})

function withoutDisabled(object: Job): Job {
  return mapMember(object, 'spec', (spec) => mapMember(spec, 'template', dropDisabledFromTemplate))
}
