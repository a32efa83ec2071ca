import { type FieldError, invalid, notSupported, required, tooLong } from '../../../shared/model/field-error.ts'
import type { Job, JobSpec } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import { dns1123LabelProblems } from '../../../shared/model/validation/names.ts'
import { generatedLabels, isGenerated } from '../updates/job-labels.ts'
import { printedLabels, printedSelector } from '../printed/maps.ts'
import { domainPrefixedPath, nonNegative, oneOf } from './check.ts'
import { validateFailurePolicy, validateReplacementPolicy, validateSuccessPolicy } from './job-policies.ts'
import { validateLabelSelector } from './label-selector.ts'
import { validatePodTemplate } from './pod-template.ts'

const MANAGER_MAX = 63
const INDEXED_PARALLELISM_MAX = 100_000
const FAILED_INDEXES_MAX = 100_000
/** With more completions than this, what is kept of each index is bounded further. */
const MANY_COMPLETIONS = 100_000
const MANY_COMPLETIONS_MAX = 10_000

export const isIndexed = ({ completionMode }: Pick<JobSpec, 'completionMode'>): boolean => completionMode === 'Indexed'

/** Every objection against a job as it stands. */
export function validateJob(job: Job): readonly FieldError[] {
  const spec = job.spec ?? { template: {} }
  return [...validateGenerated(job, spec), ...validateWholeSpec(spec, 'spec'), ...validateHostnames(job, spec)]
}

/** The labels by which a job finds its pods are its own and nobody else's. */
function validateGenerated(job: Job, spec: JobSpec): readonly FieldError[] {
  if (!isGenerated(spec) || !spec.selector) return []
  const labels = spec.template?.metadata?.labels
  const expected = generatedLabels(job)
  const path = 'spec.template.metadata'
  const errors = Object.entries(expected).flatMap(([key, value]): readonly FieldError[] => {
    const actual = labels?.[key]
    if (actual === undefined) return [required(`${path}.labels[${key}]`, `must be '${value}'`)]
    return actual === value ? [] : [invalid(`${path}.labels[${key}]`, printedLabels(labels), `must be '${value}'`)]
  })
  if (validateLabelSelector(spec.selector, '').length === 0 && !matchesSelector(spec.selector, expected)) errors.push(invalid('spec.selector', printedSelector(spec.selector ?? {}), '`selector` not auto-generated'))
  return errors
}

/** Of an indexed job every pod gets a host name that ends in its index. */
function validateHostnames({ metadata }: Job, spec: JobSpec): readonly FieldError[] {
  const { completions = 0 } = spec
  if (!isIndexed(spec) || completions <= 0) return []
  const longest = `${metadata.name ?? ''}-${completions - 1}`
  return dns1123LabelProblems(longest).length === 0 ? [] : [invalid('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${longest}`)]
}

/** The spec with the selector that it has by now. */
export function validateWholeSpec(spec: JobSpec, path: string): readonly FieldError[] {
  const { selector, template } = spec
  const errors = [...validateJobSpec(spec, path), ...(selector ? validateLabelSelector(selector, `${path}.selector`) : [required(`${path}.selector`)])]
  const readable = !selector || validateLabelSelector(selector, '').length === 0
  const labels = template?.metadata?.labels
  if (readable && !matchesSelector(selector, labels)) errors.push(invalid(`${path}.template.metadata.labels`, printedLabels(labels), '`selector` does not match template `labels`'))
  return errors
}

/** What a job and the template of one have in common. */
export function validateJobSpec(spec: JobSpec, path: string): readonly FieldError[] {
  const at = (name: keyof JobSpec): string => `${path}.${name}`
  const numbers = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const
  const { managedBy, maxFailedIndexes } = spec
  return [
    ...numbers.flatMap((name) => nonNegative(at(name), spec[name])),
    ...(maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined ? [required(at('backoffLimitPerIndex'), 'when maxFailedIndexes is specified')] : []),
    ...(managedBy === undefined ? [] : validateManager(managedBy, at('managedBy'))),
    ...validateMode(spec, path),
    ...(spec.podFailurePolicy ? validateFailurePolicy(spec, spec.podFailurePolicy, at('podFailurePolicy')) : []),
    ...(spec.successPolicy ? validateSuccessPolicy(spec, spec.successPolicy, at('successPolicy')) : []),
    ...validateReplacementPolicy(spec, at('podReplacementPolicy')),
    ...validatePodTemplate(spec.template ?? {}, at('template')),
    ...validateRestartPolicy(spec, `${at('template')}.spec.restartPolicy`),
  ]
}

const validateManager = (manager: string, field: string): readonly FieldError[] => [...domainPrefixedPath(field, manager), ...(byteLength(manager) > MANAGER_MAX ? [tooLong(field, MANAGER_MAX)] : [])]

function validateMode(spec: JobSpec, path: string): readonly FieldError[] {
  const { completionMode: mode } = spec
  const errors: FieldError[] = mode === undefined ? [] : [...oneOf(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed'])]
  if (isIndexed(spec)) errors.push(...validateIndexed(spec, path))
  if (mode !== undefined && mode !== 'NonIndexed') return errors
  for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) if (spec[name] !== undefined) errors.push(invalid(`${path}.${name}`, spec[name], 'requires indexed completion mode'))
  return errors
}

function validateIndexed({ completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex }: JobSpec, path: string): readonly FieldError[] {
  const errors: FieldError[] = completions === undefined ? [required(`${path}.completions`, 'when completion mode is Indexed')] : []
  const [side, failed] = [`${path}.parallelism`, `${path}.maxFailedIndexes`]
  if (parallelism > INDEXED_PARALLELISM_MAX) errors.push(invalid(side, parallelism, `must be less than or equal to ${INDEXED_PARALLELISM_MAX} when completion mode is Indexed`))
  if (completions !== undefined && (maxFailedIndexes ?? 0) > completions) errors.push(invalid(failed, maxFailedIndexes, 'must be less than or equal to completions'))
  if ((maxFailedIndexes ?? 0) > FAILED_INDEXES_MAX) errors.push(invalid(failed, maxFailedIndexes, `must be less than or equal to ${FAILED_INDEXES_MAX}`))
  if ((completions ?? 0) <= MANY_COMPLETIONS || backoffLimitPerIndex === undefined) return errors
  const bound = `must be less than or equal to ${MANY_COMPLETIONS_MAX} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`
  if (maxFailedIndexes === undefined) errors.push(required(failed, `must be specified when completions is above ${MANY_COMPLETIONS}`))
  if (parallelism > MANY_COMPLETIONS_MAX) errors.push(invalid(side, parallelism, bound))
  if ((maxFailedIndexes ?? 0) > MANY_COMPLETIONS_MAX) errors.push(invalid(failed, maxFailedIndexes, bound))
  return errors
}

/** A job ends: its pods may not be restarted whatever happens. */
function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, field: string): readonly FieldError[] {
  const policy = template?.spec?.restartPolicy ?? ''
  if (policy === '' || policy === 'Always') return [required(field, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(field, policy, ['OnFailure', 'Never'])]
  return podFailurePolicy && policy !== 'Never' ? [invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')] : []
}
