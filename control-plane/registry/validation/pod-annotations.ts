import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { Container, Pod } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { sortedEntries } from './check.ts'
import { validateAnnotatedTolerations } from './pod-annotated-tolerations.ts'
import { validateSeccompAnnotations } from './pod-seccomp.ts'
import { containersWithPath } from './visit.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const LOCALHOST = 'localhost/'

const isAppArmorValue = (value: string): boolean => ['', 'runtime/default', 'unconfined'].includes(value) || value.startsWith(LOCALHOST)

/** A sign before a positive number is none of Kubernetes', zeros behind a minus are. */
const isInt32 = (text: string): boolean => /^(0|-[0-9]+|[1-9][0-9]*)$/.test(text) && Number(text) >= -2_147_483_648 && Number(text) < 2_147_483_648

/** Annotations that mean something for pods. @param path of the annotations. */
export function validatePodAnnotations(pod: Pod, path: string): readonly FieldError[] {
  const annotations = pod.metadata.annotations ?? {}
  const errors: FieldError[] = []
  const mirror = annotations[MIRROR]
  if (mirror !== undefined && !pod.spec?.nodeName) errors.push(invalid(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'))
  errors.push(...validateAnnotatedTolerations(annotations, path))
  const cost = annotations[DELETION_COST]
  if (cost !== undefined && !isInt32(cost)) errors.push(invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer'))
  return [...errors, ...validateSeccompAnnotations(annotations, path), ...validateAppArmor(pod, path)]
}

function validateAppArmor(pod: Pod, path: string): readonly FieldError[] {
  if (!hasAppArmor(pod)) return []
  const names = new Set(containersWithPath(pod.spec ?? { containers: [] }, '').map(({ container }) => container.name))
  return sortedEntries(pod.metadata.annotations).flatMap(([key, value]) => {
    if (!key.startsWith(APP_ARMOR)) return []
    const container = key.slice(APP_ARMOR.length)
    const field = `${path}[${key}]`
    return [
      ...(names.has(container) ? [] : [invalid(field, container, 'container not found')]),
      ...(isAppArmorValue(value) ? [] : [invalid(field, value, `invalid AppArmor profile name: ${goQuote(value)}`)]),
    ]
  })
}

/** The annotations that say what a profile's type says. */
const means = (type: string, value: string): boolean => (type === 'Unconfined' ? value === 'unconfined' : type === 'RuntimeDefault' ? value === 'runtime/default' : type !== 'Localhost' || value.startsWith(LOCALHOST))

const hasAppArmor = ({ metadata }: Pod): boolean => Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith(APP_ARMOR))

/** A profile said in an annotation and in the field, be it the pod's, must be one and the same. */
export function validateAppArmorAgreement(pod: Pod, path: string): readonly FieldError[] {
  if (!hasAppArmor(pod) || pod.spec?.os?.name === 'windows') return []
  return containersWithPath(pod.spec ?? { containers: [] }, path).flatMap(({ container, path: at }) => {
    const annotated = pod.metadata.annotations?.[`${APP_ARMOR}${container.name}`]
    const profile = (container as Container).securityContext?.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile
    if (annotated === undefined || !profile) return []
    const field = `${at}.securityContext.appArmorProfile`
    if (!means(profile.type, annotated)) return [forbidden(`${field}.type`, 'apparmor type in annotation and field must match')]
    const differs = profile.type === 'Localhost' && annotated.slice(LOCALHOST.length) !== profile.localhostProfile
    return differs ? [forbidden(`${field}.localhostProfile`, 'apparmor profile in annotation and field must match')] : []
  })
}

/** Annotations that say how containers were started cannot be changed afterwards. */
export function validateAnnotationChange(pod: Pod, old: Pod, path: string): readonly FieldError[] {
  const after = pod.metadata.annotations ?? {}
  const before = old.metadata.annotations ?? {}
  const guarded = (key: string): string | undefined => (key.startsWith(APP_ARMOR) ? 'AppArmor annotations' : key === MIRROR ? 'mirror pod annotation' : undefined)
  const changed = sortedEntries(before).flatMap(([key, value]) => (guarded(key) !== undefined && after[key] !== value ? [forbidden(`${path}[${key}]`, `may not remove or update ${guarded(key)}`)] : []))
  const added = sortedEntries(after).flatMap(([key]) => (guarded(key) !== undefined && before[key] === undefined ? [forbidden(`${path}[${key}]`, `may not add ${guarded(key)}`)] : []))
  return [...changed, ...added]
}
