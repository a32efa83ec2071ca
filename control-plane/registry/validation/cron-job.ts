import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { CronJob, CronJobSpec, JobTemplateSpec } from '../../../shared/model/gen/api.ts'
import { parseCron } from '../../../shared/model/cron.ts'
import { nonNegative, requiredOneOf } from './check.ts'
import { validateJobSpec } from './job.ts'
import { isKnownZone, validateTimeZone } from './time-zone.ts'
import { printedSelector } from '../printed/maps.ts'

/** The jobs' names get eleven characters more, and may have 63. */
const NAME_MAX = 52

export function validateNewCronJob({ metadata, spec }: CronJob): readonly FieldError[] {
  const { name = '' } = metadata
  return [...validateSpec(spec, undefined), ...(name.length > NAME_MAX ? [invalid('metadata.name', name, `must be no more than ${NAME_MAX} characters`)] : [])]
}

export const validateCronJobChange = (cronJob: CronJob, old: CronJob): readonly FieldError[] => validateSpec(cronJob.spec, old.spec)

function validateSpec(spec: Partial<CronJobSpec> = {}, old: CronJobSpec | undefined): readonly FieldError[] {
  const { timeZone } = spec
  return [
    ...validateSchedule(spec, old),
    ...nonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(timeZone === undefined || (old && old.timeZone === timeZone) ? [] : validateTimeZone(timeZone, 'spec.timeZone')),
    ...requiredOneOf('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']),
    ...validateTemplate(spec.jobTemplate ?? {}, 'spec.jobTemplate'),
    ...nonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...nonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ]
}

/** Schedules that had a time zone in them before may keep it. */
function validateSchedule({ schedule = '', timeZone }: Partial<CronJobSpec>, old: CronJobSpec | undefined): readonly FieldError[] {
  const field = 'spec.schedule'
  if (schedule === '') return [required(field)]
  const problem = scheduleProblem(schedule)
  const errors: FieldError[] = problem === undefined ? [] : [invalid(field, schedule, problem)]
  if (!schedule.includes('TZ')) return errors
  if (!old?.schedule.includes('TZ')) return [...errors, invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
  return timeZone === undefined ? errors : [...errors, invalid(field, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')]
}

function scheduleProblem(schedule: string): string | undefined {
  const zone = /^(?:CRON_)?TZ=([^ ]*)/.exec(schedule)?.[1]
  if (zone !== undefined && zone !== '' && zone !== 'Local' && !isKnownZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`
  const read = parseCron(schedule)
  return read.kind === 'problem' ? read.problem : undefined
}

function validateTemplate({ spec }: JobTemplateSpec, path: string): readonly FieldError[] {
  const errors: FieldError[] = [...validateJobSpec(spec ?? { template: {} }, `${path}.spec`)]
  if (spec?.selector) errors.push(invalid(`${path}.spec.selector`, printedSelector(spec.selector), '`selector` will be auto-generated'))
  if (spec?.manualSelector === true) errors.push(notSupported(`${path}.spec.manualSelector`, true, ['nil', 'false']))
  return errors
}
