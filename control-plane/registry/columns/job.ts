import type { CronJob, Job } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince, formatAge } from './age.ts'
import { ageColumn, column, containerCells, containersColumn, formatLabelSelector, imagesColumn, integerColumn, nameColumn, wideColumn } from './columns.ts'

const selectorColumn = wideColumn(
  'Selector',
  'A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
)

export const jobColumns: readonly TableColumn[] = [
  nameColumn,
  column('Status', 'Status of the job.'),
  column('Completions', 'The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.'),
  column('Duration', 'Time required to complete the job.'),
  ageColumn,
  containersColumn,
  imagesColumn,
  selectorColumn,
]

export function jobRow(job: Job, nowMs: number): readonly string[] {
  const { metadata, spec } = job
  return [
    metadata.name ?? '',
    formatStatus(job),
    formatCompletions(job),
    formatDuration(job, nowMs),
    ageSince(metadata.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    formatLabelSelector(spec?.selector),
  ]
}

/** The first of what holds. */
function formatStatus({ metadata, status }: Job): string {
  const holds = (type: string): boolean => status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
  for (const type of ['Complete', 'Failed']) if (holds(type)) return type
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running'
}

function formatCompletions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function formatDuration({ status }: Job, nowMs: number): string {
  const startMs = parseTime(status?.startTime)
  return startMs === undefined ? '' : formatAge((parseTime(status?.completionTime) ?? nowMs) - startMs)
}

export const cronJobColumns: readonly TableColumn[] = [
  nameColumn,
  column('Schedule', 'The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron.'),
  column(
    'Timezone',
    'The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones',
  ),
  { name: 'Suspend', type: 'boolean', description: 'This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.', priority: 0 },
  integerColumn('Active', 'A list of pointers to currently running jobs.'),
  column('Last Schedule', 'Information when was the last time the job was successfully scheduled.'),
  ageColumn,
  containersColumn,
  imagesColumn,
  selectorColumn,
]

export function cronJobRow({ metadata, spec, status }: CronJob, nowMs: number): ReadonlyArray<string | number> {
  const job = spec?.jobTemplate?.spec
  return [
    metadata.name ?? '',
    spec?.schedule ?? '',
    spec?.timeZone ?? '<none>',
    spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    status?.active?.length ?? 0,
    status?.lastScheduleTime === undefined ? '<none>' : ageSince(status.lastScheduleTime, nowMs),
    ageSince(metadata.creationTimestamp, nowMs),
    ...containerCells(job?.template?.spec?.containers),
    formatLabelSelector(job?.selector),
  ]
}
