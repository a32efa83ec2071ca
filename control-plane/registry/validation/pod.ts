import { allOf, type FieldError, forbidden } from '../../../shared/model/field-error.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { knownSpecs } from '../known-specs.ts'
import { each } from './check.ts'
import { validateTrimmedImage } from './containers.ts'
import { validateAnnotationChange, validateAppArmorAgreement, validatePodAnnotations } from './pod-annotations.ts'
import { validatePodSpec } from './pod-spec.ts'
import { validatePodStatus } from './pod-status.ts'
import { validateEphemeralChange, validateResize } from './pod-subresources.ts'
import { validateSpecChange } from './pod-update.ts'

const NONE: readonly FieldError[] = []

/** What holds for a pod at create and at every change. */
export function validatePodItself(pod: Pod): readonly FieldError[] {
  return allOf(validatePodAnnotations(pod, 'metadata.annotations'), validateOwnSpec(pod))
}

/** Specs of pods that nothing is to be said against. */
const sound = knownSpecs()

function validateOwnSpec(pod: Pod): readonly FieldError[] {
  const spec = pod.spec ?? { containers: [] }
  if (sound.has(spec)) return NONE
  const errors = allOf(
    validatePodSpec(spec, { path: 'spec', meta: pod.metadata, isPod: true }),
    validateTokens(pod),
    each(spec.containers, 'spec.containers', validateTrimmedImage),
    each(spec.initContainers, 'spec.initContainers', validateTrimmedImage),
  )
  if (errors.length === 0) sound.add(spec)
  return errors
}

/** A token without an account would be nobody's. */
function validateTokens({ spec }: Pod): readonly FieldError[] {
  if (spec?.serviceAccountName) return []
  return each(spec?.volumes, 'spec.volumes', (volume, at) =>
    each(volume.projected?.sources, `${at}.projected.sources`, (source, sourceAt) => (source.serviceAccountToken ? [forbidden(`${sourceAt}.serviceAccountToken`, 'must not be specified when serviceAccountName is not set')] : [])),
  )
}

export function validateNewPod(pod: Pod): readonly FieldError[] {
  const errors = [...validatePodItself(pod)]
  if (pod.spec?.ephemeralContainers?.length) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
  if (pod.spec?.schedulingGates?.length && pod.spec.nodeName) errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'))
  return [...errors, ...validateAppArmorAgreement(pod, 'spec')]
}

/** What a change through each (sub)resource must heed. */
export function validatePodChange(pod: Pod, old: Pod, { subresource }: StrategyContext): readonly FieldError[] {
  const annotations = validateAnnotationChange(pod, old, 'metadata.annotations')
  switch (subresource) {
    case 'status':
      return [...annotations, ...validatePodStatus(pod, old)]
    case 'ephemeralcontainers':
      return [...validatePodItself(pod), ...annotations, ...validateEphemeralChange(pod, old)]
    case 'resize':
      return [...validatePodItself(pod), ...annotations, ...validateResize(pod, old)]
    default:
      // The very spec that stands there was looked at when it was written.
      if (pod.spec !== undefined && pod.spec === old.spec) return [...validatePodAnnotations(pod, 'metadata.annotations'), ...annotations]
      return [...validatePodItself(pod), ...annotations, ...validateSpecChange(pod, old)]
  }
}
