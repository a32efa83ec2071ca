import type { CronJob, Job, JobSpec } from '../../../shared/model/gen/api.ts'
import { isUnchanged, nameWarnings, templateWarnings } from './workload.ts'

const MANY_COMPLETIONS = 100_000
const MUCH_PARALLELISM = 10_000

function specWarnings(spec: JobSpec | undefined, path: string): readonly string[] {
  const vast = spec?.completionMode === 'Indexed' && (spec.completions ?? 0) > MANY_COMPLETIONS && (spec.parallelism ?? 0) > MUCH_PARALLELISM
  return [
    ...(vast ? [`${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`] : []),
    ...templateWarnings(spec?.template, `${path}.template.`),
  ]
}

export const jobWarnings = (job: Job, old: Job | undefined): readonly string[] => (isUnchanged(job, old) ? [] : [...(old ? [] : nameWarnings(job.metadata.name)), ...specWarnings(job.spec, 'spec')])

export function cronJobWarnings(cronJob: CronJob, old: CronJob | undefined): readonly string[] {
  const { spec } = cronJob
  return [
    ...(old ? [] : nameWarnings(cronJob.metadata.name)),
    ...(isUnchanged(cronJob, old) ? [] : specWarnings(spec?.jobTemplate?.spec, 'spec.jobTemplate.spec')),
    ...(spec?.schedule?.includes('TZ') ? ['CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'] : []),
  ]
}

/** Deleting a job leaves its pods behind unless the client says what shall become of them. */
export const JOB_ORPHANS = 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'
