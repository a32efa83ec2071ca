/** The labels and the selector by which a job finds its pods, unless its maker chose them. */
import type { Job, JobSpec } from '../../../shared/model/gen/api.ts'

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'

/** Whether the server makes the selector. */
export const isGenerated = ({ manualSelector }: Pick<JobSpec, 'manualSelector'>): boolean => manualSelector !== true

/** What the pods of the job are labelled with; the names without a prefix are the older ones. */
export function generatedLabels({ metadata }: Job): Readonly<Record<string, string>> {
  const { uid = '', name = '' } = metadata
  return { 'controller-uid': uid, 'job-name': name, [CONTROLLER_UID]: uid, 'batch.kubernetes.io/job-name': name }
}

/** With its generated selector and labels; those that the client said itself stay, for validation to judge. */
export function withGeneratedSelector(job: Job): Job {
  const { spec } = job
  if (!spec || !isGenerated(spec)) return job
  const { template, selector } = spec
  const labels = { ...generatedLabels(job), ...template?.metadata?.labels }
  return {
    ...job,
    metadata: { ...job.metadata, ...ownLabels(job, labels) },
    spec: {
      ...spec,
      selector: { ...selector, matchLabels: { [CONTROLLER_UID]: job.metadata.uid ?? '', ...selector?.matchLabels } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  }
}

/** A job without labels has those of its template; also when it was defaulted to them before they were complete. */
function ownLabels({ metadata, spec }: Job, labels: Readonly<Record<string, string>>): Pick<Job['metadata'], 'labels'> {
  const { labels: own } = metadata
  const borrowed = own === undefined || Object.keys(own).length === 0 || own === spec?.template?.metadata?.labels
  return borrowed ? { labels } : {}
}
