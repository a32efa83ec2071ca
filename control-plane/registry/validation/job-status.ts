import { duplicate, type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { Job, JobStatus } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { quotedList } from '../../../shared/model/schemas/sent-empty.ts'
import { nonNegative } from './check.ts'
import { findOverlap, readIndexes } from './job-indexes.ts'

const CONDITIONS = 'status.conditions'

export const hasCondition = ({ status }: Job, type: string, value = 'True'): boolean => status?.conditions?.some((one) => one.type === type && one.status === value) ?? false
const isComplete = (job: Job): boolean => hasCondition(job, 'Complete')
const isFailed = (job: Job): boolean => hasCondition(job, 'Failed')
const isFinished = (job: Job): boolean => isComplete(job) || isFailed(job)
const meetsSuccess = (job: Job): boolean => hasCondition(job, 'SuccessCriteriaMet')

/** What a change of the status touches: rules apply to what changed, so that older statuses can still be written. */
interface Change {
  readonly job: Job
  readonly old: Job
  readonly status: JobStatus
  /** Whether the answer differs before and after. */
  differs(ask: (job: Job) => unknown): boolean
}

/** What a status may say and how it may change, whoever runs the job. */
export function validateJobStatusChange(job: Job, old: Job): readonly FieldError[] {
  const change: Change = { job, old, status: job.status ?? {}, differs: (ask) => !deepEqual(ask(job), ask(old)) }
  return [...validateNumbers(change.status), ...validateEnd(change), ...validateFinished(change), ...validateIndexes(change), ...validateRest(change), ...validateTransition(change)]
}

function validateNumbers(status: JobStatus): readonly FieldError[] {
  const names = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const
  return [...names.flatMap((name) => nonNegative(`status.${name}`, status[name])), ...validateUncounted(status)]
}

function validateUncounted({ uncountedTerminatedPods: pods }: JobStatus): readonly FieldError[] {
  const seen = new Set<string>()
  return (['succeeded', 'failed'] as const).flatMap((name) =>
    (pods?.[name] ?? []).flatMap((uid, index) => {
      const field = `status.uncountedTerminatedPods.${name}[${index}]`
      if (uid === '') return [invalid(field, uid, 'must not be empty')]
      if (seen.has(uid)) return [duplicate(field, uid)]
      seen.add(uid)
      return []
    }),
  )
}

/** Which ends go together, and with which times. */
function validateEnd({ job, status, differs }: Change): readonly FieldError[] {
  const errors: FieldError[] = []
  const { completionTime, startTime } = status
  const newlyComplete = differs(isComplete)
  const target = (one: Job): boolean => hasCondition(one, 'FailureTarget')
  const newTime = differs((one) => one.status?.completionTime)
  const refuse = (detail: string): unknown => errors.push(invalid(CONDITIONS, undefined, detail))
  if ((newlyComplete || differs(isFailed)) && isComplete(job) && isFailed(job)) refuse('cannot set Complete=True and Failed=true conditions')
  if ((newlyComplete || differs(target)) && isComplete(job) && target(job)) refuse('cannot set Complete=True and FailureTarget=true conditions')
  if ((newlyComplete || newTime) && completionTime !== undefined && !isComplete(job)) errors.push(invalid('status.completionTime', completionTime, 'cannot set completionTime when there is no Complete=True condition'))
  if ((newlyComplete || newTime) && completionTime === undefined && isComplete(job)) errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'))
  const reversed = startTime !== undefined && completionTime !== undefined && (parseTime(completionTime) ?? 0) < (parseTime(startTime) ?? 0)
  if (reversed && (newTime || differs((one) => one.status?.startTime))) errors.push(invalid('status.completionTime', completionTime, 'must be equal to or after `startTime`'))
  if ((differs(isFailed) || differs((one) => one.status?.failedIndexes)) && isFailed(job) && !target(job)) refuse('cannot set Failed=True condition without the FailureTarget=true condition')
  if ((newlyComplete || differs(meetsSuccess)) && isComplete(job) && !meetsSuccess(job)) refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition')
  return errors
}

/** Of a job that has ended nothing runs, and it began some time. */
function validateFinished({ job, status, differs }: Change): readonly FieldError[] {
  if (!isFinished(job)) return []
  const errors: FieldError[] = []
  const newly = differs(isFinished)
  const { uncountedTerminatedPods: uncounted } = status
  const hadNothingToDo = job.spec?.suspend === true && job.spec.completions === 0
  if ((newly || differs((one) => one.status?.active)) && (status.active ?? 0) > 0) errors.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'))
  if ((newly || differs((one) => one.status?.startTime)) && !hadNothingToDo && status.startTime === undefined) errors.push(required('status.startTime', 'startTime is required for finished job'))
  const waiting = (uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0)
  if ((newly || differs((one) => one.status?.uncountedTerminatedPods)) && waiting > 0) errors.push(invalid('status.uncountedTerminatedPods', { Succeeded: quotedList(uncounted, 'succeeded', uncounted?.succeeded), Failed: quotedList(uncounted, 'failed', uncounted?.failed) }, 'must be empty for finished job'))
  return errors
}

function validateIndexes({ job, status, differs }: Change): readonly FieldError[] {
  const errors: FieldError[] = []
  const { completions, backoffLimitPerIndex, completionMode } = job.spec ?? {}
  const { completedIndexes: completed = '', failedIndexes: failed } = status
  const [newlyDone, newlyLost] = [differs((one) => one.status?.completedIndexes ?? ''), differs((one) => one.status?.failedIndexes)]
  const unreadable = (name: string, text: string): readonly FieldError[] => {
    const read = readIndexes(text, completions ?? 0)
    return read.kind === 'problem' ? [invalid(`status.${name}`, text, `error parsing ${name}: ${read.problem}`)] : []
  }
  if (newlyDone && completions !== undefined) errors.push(...unreadable('completedIndexes', completed))
  if (newlyLost && completions !== undefined && backoffLimitPerIndex !== undefined && failed !== undefined) errors.push(...unreadable('failedIndexes', failed))
  if (newlyDone && completed !== '' && completionMode !== 'Indexed') errors.push(invalid('status.completedIndexes', completed, 'cannot set non-empty completedIndexes when non-indexed completion mode'))
  if (newlyLost && failed !== undefined && backoffLimitPerIndex === undefined) errors.push(invalid('status.failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'))
  const overlap = (newlyDone || newlyLost) && completions !== undefined && failed !== undefined ? findOverlap(completed, failed, completions) : undefined
  return overlap === undefined ? errors : [...errors, invalid('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${overlap}`)]
}

function validateRest({ job, status, differs }: Change): readonly FieldError[] {
  const errors: FieldError[] = []
  const { ready = 0, active = 0, terminating = 0 } = status
  const refuse = (detail: string): unknown => errors.push(invalid(CONDITIONS, undefined, detail))
  if ((differs(isFinished) || differs((one) => one.status?.terminating)) && terminating > 0 && isFinished(job)) errors.push(invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
  if ((differs((one) => one.status?.ready) || differs((one) => one.status?.active)) && status.ready !== undefined && ready > active) errors.push(invalid('status.ready', ready, 'cannot set more ready pods than active'))
  if (meetsSuccess(job) && isFailed(job)) refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions')
  if (meetsSuccess(job) && hasCondition(job, 'FailureTarget')) refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions')
  if (job.spec?.successPolicy && !meetsSuccess(job) && isComplete(job)) refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')
  return errors
}

/** What is once said stays: ends, counts, times. */
function validateTransition({ job, old, status, differs }: Change): readonly FieldError[] {
  const errors: FieldError[] = []
  const before = old.status ?? {}
  const { completionMode, completions, parallelism, suspend } = job.spec ?? {}
  const elastic = completionMode === 'Indexed' && completions === parallelism
  for (const type of ['Failed', 'Complete', 'FailureTarget']) if (hasCondition(old, type) && !hasCondition(job, type)) errors.push(invalid(CONDITIONS, undefined, `cannot disable the terminal ${type}=True condition`))
  if ((status.failed ?? 0) < (before.failed ?? 0)) errors.push(invalid('status.failed', status.failed ?? 0, 'cannot decrease the failed counter'))
  if (!elastic && (status.succeeded ?? 0) < (before.succeeded ?? 0)) errors.push(invalid('status.succeeded', status.succeeded ?? 0, 'cannot decrease the succeeded counter'))
  if (status.completionTime !== undefined && before.completionTime !== undefined && status.completionTime !== before.completionTime) errors.push(invalid('status.completionTime', status.completionTime, 'field is immutable'))
  const resumes = hasCondition(old, 'Suspended') && hasCondition(job, 'Suspended', 'False')
  if (!resumes && before.startTime !== undefined && differs((one) => one.status?.startTime) && suspend !== true) errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'))
  if (meetsSuccess(old) && !meetsSuccess(job)) errors.push(invalid(CONDITIONS, undefined, 'cannot disable the SuccessCriteriaMet=True condition'))
  if (isComplete(old) && !meetsSuccess(old) && meetsSuccess(job)) errors.push(invalid(CONDITIONS, undefined, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'))
  return errors
}
