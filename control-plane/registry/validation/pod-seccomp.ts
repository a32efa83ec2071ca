/** Profiles of system calls as old annotations say them: they do nothing any more, and still have to be right. */
import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { Pod, SeccompProfile } from '../../../shared/model/gen/api.ts'
import { descendingPath, sortedEntries } from './check.ts'
import { containersWithPath } from './visit.ts'

const OF_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const OF_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const LOCALHOST = 'localhost/'

type Annotations = Readonly<Record<string, string>>

/** @param path of the annotations. Kubernetes names these as fields of theirs. */
export function validateSeccompAnnotations(annotations: Annotations, path: string): readonly FieldError[] {
  const ofPod = annotations[OF_POD] === undefined ? [] : validateProfile(annotations[OF_POD], `${path}.${OF_POD}`)
  return [...ofPod, ...sortedEntries(annotations).flatMap(([key, value]) => (key.startsWith(OF_CONTAINER) ? validateProfile(value, `${path}.${key}`) : []))]
}

function validateProfile(value: string, field: string): readonly FieldError[] {
  if (value.startsWith(LOCALHOST)) return descendingPath(field, value.slice(LOCALHOST.length))
  return ['runtime/default', 'docker/default', 'unconfined'].includes(value) ? [] : [invalid(field, value, 'must be a valid seccomp profile')]
}

/** A profile said in an annotation and in the field beside it must be one and the same. */
export function validateSeccompAgreement({ metadata, spec }: Pod, path: string): readonly FieldError[] {
  const annotations = metadata.annotations
  if (!annotations || !spec) return []
  const ofPod = disagreement(annotations[OF_POD], spec.securityContext?.seccompProfile, `${path}.securityContext.seccompProfile`)
  return [...ofPod, ...containersWithPath(spec, path).flatMap(({ container, path: at }) => disagreement(annotations[`${OF_CONTAINER}${container.name}`], container.securityContext?.seccompProfile, `${at}.securityContext.seccompProfile`))]
}

function disagreement(annotated: string | undefined, profile: SeccompProfile | undefined, field: string): readonly FieldError[] {
  if (annotated === undefined || !profile || isSameType(annotated, profile.type)) {
    const differs = annotated !== undefined && profile?.type === 'Localhost' && annotated.slice(LOCALHOST.length) !== profile.localhostProfile
    return differs ? [forbidden(`${field}.localhostProfile`, 'seccomp profile in annotation and field must match')] : []
  }
  return [forbidden(`${field}.type`, 'seccomp type in annotation and field must match')]
}

function isSameType(annotated: string, type: string): boolean {
  switch (type) {
    case 'Unconfined':
      return annotated === 'unconfined'
    case 'RuntimeDefault':
      return annotated === 'runtime/default' || annotated === 'docker/default'
    default:
      return type !== 'Localhost' || annotated.startsWith(LOCALHOST)
  }
}
