import { type FieldError, forbidden, invalid, notSupported } from '../../../shared/model/field-error.ts'
import type { LabelSelector, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import { isEmptySelector, matchesSelector } from '../../../shared/model/label-selector.ts'
import { validateAnnotations, validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { validatePodAnnotations } from './pod-annotations.ts'
import { validatePodSpec } from './pod-spec.ts'

/** Every objection against a template of pods. */
export function validatePodTemplate(template: PodTemplateSpec, path: string): readonly FieldError[] {
  const { metadata = {}, spec = { containers: [] } } = template
  return [
    ...validateLabels(metadata.labels, `${path}.labels`),
    ...validateAnnotations(metadata.annotations, `${path}.annotations`),
    ...validatePodAnnotations({ metadata, spec }, `${path}.annotations`),
    ...validatePodSpec(spec, { path: `${path}.spec`, meta: undefined, isPod: false }),
    ...(spec.ephemeralContainers?.length ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')] : []),
  ]
}

/** The template of a workload whose pods run for ever, and which finds them again by its selector. */
export function validateRunningTemplate(template: PodTemplateSpec | undefined, selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  const { metadata, spec } = template ?? {}
  const labels = metadata?.labels
  const errors: FieldError[] = []
  if (!isEmptySelector(selector) && !matchesSelector(selector, labels)) errors.push(invalid(`${path}.metadata.labels`, labels ?? null, '`selector` does not match template `labels`'))
  errors.push(...validatePodTemplate(template ?? {}, path))
  if (spec?.restartPolicy !== 'Always') errors.push(notSupported(`${path}.spec.restartPolicy`, spec?.restartPolicy ?? '', ['Always']))
  if (spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'))
  return errors
}
