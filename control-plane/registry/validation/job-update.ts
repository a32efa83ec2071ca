import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { Affinity, Container, Job, JobSpec, PodSpec, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual, isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import type { StrategyContext } from '../kind.ts'
import { printInternal, printPodSpec } from '../printed/internal.ts'
import { printedSelector } from '../printed/maps.ts'
import { isIndexed, validateJob, validateWholeSpec } from './job.ts'
import { hasCondition, validateJobStatusChange } from './job-status.ts'
import { restored } from './restored.ts'

/** Kubernetes looks at the whole job first, then at its spec again and at what changed in it. */
export function validateJobChange(job: Job, old: Job, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateJobStatusChange(job, old)
  const [spec, before] = [job.spec ?? { template: {} }, old.spec ?? { template: {} }]
  return [...validateJob(job), ...validateWholeSpec(spec, 'spec'), ...validateCompletions(spec, before), ...unchanged(spec, before, ['selector']), ...validateTemplateChange(job, old), ...unchanged(spec, before, fixed)]
}

const fixed = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

function unchanged(spec: JobSpec, old: JobSpec, names: ReadonlyArray<keyof JobSpec>): readonly FieldError[] {
  return names.filter((name) => !deepEqual(spec[name], old[name])).map((name) => invalid(`spec.${name}`, printed(spec, name), 'field is immutable'))
}

const policies: Readonly<Record<string, string>> = { podFailurePolicy: 'PodFailurePolicy', successPolicy: 'SuccessPolicy' }

function printed(spec: JobSpec, name: keyof JobSpec): unknown {
  const [value, type] = [spec[name], policies[name]]
  if (name === 'selector') return spec.selector ? printedSelector(spec.selector) : null
  return type !== undefined && value !== undefined ? printInternal(type, value as JsonObject) : (value ?? null)
}

/** An indexed job may grow and shrink together with its parallelism. */
function validateCompletions(spec: JobSpec, old: JobSpec): readonly FieldError[] {
  if (!isIndexed(spec)) return unchanged(spec, old, ['completions'])
  if (spec.completions === old.completions || spec.completions === undefined || spec.completions === spec.parallelism) return []
  return [invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism')]
}

/** Where a suspended job's pods may run, and what they ask for, may change while none of them exists. */
function validateTemplateChange(job: Job, old: Job): readonly FieldError[] {
  const suspended = old.spec?.suspend === true
  const neverBegan = old.status?.startTime === undefined
  const resting = suspended && (old.status?.active ?? 0) === 0 && (neverBegan || hasCondition(old, 'Suspended'))
  const template = job.spec?.template ?? {}
  let before = old.spec?.template ?? {}
  if (suspended && (neverBegan || resting)) before = withScheduling(before, template)
  const printed = printPodSpec((template.spec ?? {}) as unknown as JsonObject)
  if (resting) return deepEqual(template.spec, withResources(before, template).spec) ? [] : [invalid('spec.template.spec', printed, 'field is immutable')]
  return deepEqual(template.spec, before.spec) && deepEqual(template.metadata ?? {}, before.metadata ?? {}) ? [] : [invalid('spec.template', { ...sortedMaps(template.metadata), Spec: printed }, 'field is immutable')]
}

/** Metadata as Kubernetes prints it: labels and annotations by name. */
const sortedMaps = (metadata: PodTemplateSpec['metadata'] = {}): object =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, isJsonObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value]))

const scheduling = ['nodeSelector', 'tolerations', 'schedulingGates'] as const

/** The template with the directives for the scheduler of another one. */
function withScheduling(template: PodTemplateSpec, other: PodTemplateSpec): PodTemplateSpec {
  const { spec } = template
  if (!spec) return template
  const affinity = withNodeAffinity(spec.affinity, other.spec?.affinity)
  const directed = restored<PodSpec>(spec, other.spec, scheduling)
  const { affinity: _, ...rest } = directed
  return { ...template, metadata: restored(template.metadata ?? {}, other.metadata, ['labels', 'annotations']), spec: affinity ? { ...rest, affinity } : rest }
}

function withNodeAffinity(affinity: Affinity | undefined, other: Affinity | undefined): Affinity | undefined {
  const merged = restored<Affinity>(affinity ?? {}, other, ['nodeAffinity'])
  return Object.keys(merged).length === 0 && !other ? undefined : merged
}

function withResources(template: PodTemplateSpec, other: PodTemplateSpec): PodTemplateSpec {
  const { spec } = template
  if (!spec) return template
  const taken = (containers: readonly Container[] | undefined, others: readonly Container[] | undefined): readonly Container[] | undefined =>
    containers?.map((container, index) => (others?.[index]?.name === container.name ? restored<Container>(container, others[index], ['resources']) : container))
  const initContainers = taken(spec.initContainers, other.spec?.initContainers)
  return { ...template, spec: { ...restored<PodSpec>(spec, other.spec, ['resources']), containers: taken(spec.containers, other.spec?.containers) ?? [], ...(initContainers && { initContainers }) } }
}
