import type { CronJob, Job, JobSpec, PodFailurePolicy } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapItems, mapMember } from './fill.ts'
import { defaultPodTemplate } from './pod-spec.ts'

const RETRIES = 6
const INT32_MAX = 2_147_483_647
const SUCCESSES_KEPT = 3
const FAILURES_KEPT = 1

const defaultFailurePolicy = (policy: PodFailurePolicy): PodFailurePolicy => mapItems(policy, 'rules', (rule: PodFailurePolicy['rules'][number]) => mapItems(rule, 'onPodConditions', (pattern: object) => fillZero(pattern, { status: 'True' })))

/** A job that says nothing of how much runs once. */
function defaultAmounts(spec: JobSpec): JobSpec {
  const once = spec.completions === undefined && spec.parallelism === undefined ? { completions: 1, parallelism: 1 } : { parallelism: 1 }
  return fillAbsent(spec, { ...once, backoffLimit: spec.backoffLimitPerIndex === undefined ? RETRIES : INT32_MAX })
}

export function defaultJob(job: Job): Job {
  const given = job.spec ?? ({ template: {} } as JobSpec)
  const filled = fillAbsent(defaultAmounts(given), {
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: given.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed',
    template: {},
  })
  const spec = mapMember(mapMember(filled, 'podFailurePolicy', defaultFailurePolicy), 'template', defaultPodTemplate)
  const labels = spec.template?.metadata?.labels
  const { labels: own } = job.metadata
  const borrows = labels !== undefined && (own === undefined || Object.keys(own).length === 0)
  return { ...job, ...(borrows && { metadata: { ...job.metadata, labels } }), spec }
}

/** What a job is defaulted to waits until there is one; its pods are what they are. */
export function defaultCronJob(cronJob: CronJob): CronJob {
  const given = cronJob.spec ?? { schedule: '', jobTemplate: {} }
  const filled = fillAbsent(fillZero(given, { concurrencyPolicy: 'Allow' }), { suspend: false, successfulJobsHistoryLimit: SUCCESSES_KEPT, failedJobsHistoryLimit: FAILURES_KEPT, jobTemplate: {} })
  const spec = mapMember(filled, 'jobTemplate', (template) => mapMember(fillAbsent(template, { metadata: {}, spec: { template: {} } }), 'spec', (job) => mapMember(mapMember(fillAbsent(job, { template: {} }), 'podFailurePolicy', defaultFailurePolicy), 'template', defaultPodTemplate)))
  return { ...cronJob, spec }
}
