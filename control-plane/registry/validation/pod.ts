import { allOf, type FieldError, forbidden } from '../../../shared/model/field-error.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import type { StrategyContext } from '../kind.ts'
import { knownSpecs } from '../known-specs.ts'
import { each } from './check.ts'
import { validateTrimmedImage } from './containers.ts'
import { validateAnnotationChange, validateAppArmorAgreement, validatePodAnnotations } from './pod-annotations.ts'
import { validateResize } from './pod-resize.ts'
import { validateSeccompAgreement } from './pod-seccomp.ts'
import { validatePodSpec } from './pod-spec.ts'
import { validatePodStatus } from './pod-status.ts'
import { validateEphemeralChange } from './pod-subresources.ts'
import { validateSpecChange } from './pod-update.ts'

const NONE: readonly FieldError[] = []
const MIRROR = 'kubernetes.io/config.mirror'
const ANNOTATIONS = 'metadata.annotations'

/** What holds for a pod at create and at every change. */
export function validatePodItself(pod: Pod): readonly FieldError[] {
  return allOf(validatePodAnnotations(pod, ANNOTATIONS), validateOwnSpec(pod))
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
  return [...errors, ...validateSeccompAgreement(pod, 'spec'), ...validateAppArmorAgreement(pod, 'spec')]
}

/**
 * Whether the annotations are those that were looked at when they were written. Kubernetes looks at them again, and finds nothing; here pods may
 * stand from before there was a rule, and their nodes must be able to tell of them.
 */
const keepsAnnotations = (pod: Pod, old: Pod): boolean => deepEqual(pod.metadata.annotations, old.metadata.annotations)

/** Annotations are looked at by themselves once more after what changed in them. */
const validateAnnotations = (pod: Pod, old: Pod): readonly FieldError[] =>
  keepsAnnotations(pod, old) ? NONE : allOf(validateAnnotationChange(pod, old, ANNOTATIONS), validatePodAnnotations(pod, ANNOTATIONS))

const validateChangedItself = (pod: Pod, old: Pod): readonly FieldError[] => (keepsAnnotations(pod, old) ? validateOwnSpec(pod) : validatePodItself(pod))

/** What a change through each (sub)resource must heed. */
export function validatePodChange(pod: Pod, old: Pod, { subresource }: StrategyContext): readonly FieldError[] {
  const isStatic = old.metadata.annotations?.[MIRROR] !== undefined
  switch (subresource) {
    case 'status':
      return [...validateAnnotations(pod, old), ...validatePodStatus(pod, old)]
    case 'ephemeralcontainers':
      if (isStatic) return [forbidden('[]', 'static pods do not support ephemeral containers')]
      return [...validateChangedItself(pod, old), ...validateAnnotations(pod, old), ...validateEphemeralChange(pod, old)]
    case 'resize':
      if (isStatic) return [forbidden('[]', 'static pods cannot be resized')]
      if (old.spec?.os?.name === 'windows') return [forbidden('[]', 'windows pods cannot be resized')]
      return [...validateChangedItself(pod, old), ...validateResize(pod, old)]
    default:
      // The very spec that stands there was looked at when it was written.
      if (pod.spec !== undefined && pod.spec === old.spec) return keepsAnnotations(pod, old) ? NONE : [...validatePodAnnotations(pod, ANNOTATIONS), ...validateAnnotations(pod, old)]
      return [...validateChangedItself(pod, old), ...validateAnnotations(pod, old), ...validateSpecChange(pod, old)]
  }
}
