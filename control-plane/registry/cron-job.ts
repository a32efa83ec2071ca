import type { CronJob } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { cronJobColumns, cronJobRow } from './columns/job.ts'
import { mapMember } from './defaults/fill.ts'
import { defaultCronJob } from './defaults/job.ts'
import { defineKind, statusSubresource, storedVerbs, nothingToValidate } from './typed-kind.ts'
import { dropDisabledFromTemplate } from './updates/disabled.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateCronJobChange, validateNewCronJob } from './validation/cron-job.ts'
import { cronJobWarnings } from './warnings/job.ts'

export const cronJob = defineKind<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.batch.v1.CronJob',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultCronJob,
  prepareForCreate: (object) => ({ ...withoutDisabled(object), status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(withoutDisabled(object), old, subresource),
  validateCreate: validateNewCronJob,
  validateUpdate: (object, old, { subresource }) => (subresource === 'status' ? nothingToValidate() : validateCronJobChange(object, old)),
  warnings: (object, old, { subresource }) => (subresource === 'status' ? [] : cronJobWarnings(object, old)),
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: cronJobColumns,
  row: cronJobRow,
})

function withoutDisabled(object: CronJob): CronJob {
  return mapMember(object, 'spec', (spec) => mapMember(spec, 'jobTemplate', (template) => mapMember(template, 'spec', (job) => mapMember(job, 'template', dropDisabledFromTemplate))))
}
