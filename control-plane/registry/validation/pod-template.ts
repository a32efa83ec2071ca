import { type FieldError, forbidden, invalid, notSupported } from '../../../shared/model/field-error.ts'
import type { LabelSelector, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import { isEmptySelector, matchesSelector } from '../../../shared/model/label-selector.ts'
import { validateAnnotations, validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { printedLabels } from '../printed/maps.ts'
import { validateAppArmorAgreement, validatePodAnnotations } from './pod-annotations.ts'
import { validateSeccompAgreement } from './pod-seccomp.ts'
import { validatePodSpec } from './pod-spec.ts'

/** Every objection against a template of pods. */
export function validatePodTemplate(template: PodTemplateSpec, path: string): readonly FieldError[] {
  const { metadata = {}, spec = { containers: [] } } = template
  return [
    ...validateLabels(metadata.labels, `${path}.labels`),
    ...validateAnnotations(metadata.annotations, `${path}.annotations`),
    ...validatePodAnnotations({ metadata, spec }, `${path}.annotations`),
    ...validatePodSpec(spec, { path: `${path}.spec`, meta: undefined, isPod: false }),
    ...validateSeccompAgreement({ metadata, spec }, `${path}.spec`),
    ...validateAppArmorAgreement({ metadata, spec }, `${path}.spec`),
    ...(spec.ephemeralContainers?.length ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')] : []),
  ]
}

/** How refusals name the kind that has the template. */
export interface TemplateWords {
  readonly owner: string
}

/** The template of a workload whose pods run for ever, and which finds them again by its selector. */
export function validateRunningTemplate(template: PodTemplateSpec | undefined, path: string, { selector, words }: { readonly selector: LabelSelector | undefined; readonly words: TemplateWords }): readonly FieldError[] {
  const labels = template?.metadata?.labels
  const errors: FieldError[] = []
  if (!isEmptySelector(selector) && !matchesSelector(selector, labels)) errors.push(invalid(`${path}.metadata.labels`, printedLabels(labels), '`selector` does not match template `labels`'))
  return [...errors, ...validatePodTemplate(template ?? {}, path), ...validateEndlessness(template, path, words)]
}

/** A workload's pods run until somebody deletes them. */
export function validateEndlessness(template: PodTemplateSpec | undefined, path: string, { owner }: TemplateWords): readonly FieldError[] {
  const { restartPolicy = '', activeDeadlineSeconds } = template?.spec ?? {}
  const errors: FieldError[] = restartPolicy === 'Always' ? [] : [notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always'])]
  if (activeDeadlineSeconds !== undefined) errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`))
  return errors
}
