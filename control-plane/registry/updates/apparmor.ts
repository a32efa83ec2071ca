import type { AppArmorProfile, Container, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { mapItems, mapMember } from '../defaults/fill.ts'
import { validateAppArmorProfile } from '../validation/security-profiles.ts'
import { containersWithPath } from '../validation/visit.ts'

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/'
const LOCALHOST = 'localhost/'

/** The profile an annotation means, or `undefined` if it means none. */
function profileOf(value: string): AppArmorProfile | undefined {
  if (value === 'runtime/default') return { type: 'RuntimeDefault' }
  if (value === 'unconfined') return { type: 'Unconfined' }
  const localhost: AppArmorProfile | undefined = value.startsWith(LOCALHOST) && value.length > LOCALHOST.length ? { type: 'Localhost', localhostProfile: value.slice(LOCALHOST.length) } : undefined
  return localhost && validateAppArmorProfile(localhost, '').length === 0 ? localhost : undefined
}

type Meaning = { readonly kind: 'profile'; readonly profile: AppArmorProfile } | { readonly kind: 'as the pod' } | { readonly kind: 'nothing' }

/** What a container's annotation says that its field does not, or `undefined` where there is no annotation, or no need of it. */
function meaningFor({ metadata, spec }: Pod, container: Container): Meaning | undefined {
  const value = metadata.annotations?.[`${PREFIX}${container.name}`]
  if (value === undefined || container.securityContext?.appArmorProfile || spec?.os?.name === 'windows') return undefined
  const profile = profileOf(value)
  if (!profile) return { kind: 'nothing' }
  return deepEqual(profile, spec?.securityContext?.appArmorProfile) ? { kind: 'as the pod' } : { kind: 'profile', profile }
}

/** The annotations of a pod that are used, or are wrong, where a field should be. */
export function annotatedProfiles(pod: Pod): readonly string[] {
  return containersWithPath(pod.spec ?? { containers: [] }, '').flatMap(({ container }) => {
    const meaning = meaningFor(pod, container)
    return meaning === undefined || meaning.kind === 'as the pod' ? [] : [`${PREFIX}${container.name}`]
  })
}

/** What an old annotation says becomes the field that is read. */
export function profilesFromAnnotations(pod: Pod): Pod {
  if (annotatedProfiles(pod).length === 0) return pod
  const fill = (container: Container): Container => {
    const meaning = meaningFor(pod, container)
    return meaning?.kind === 'profile' ? { ...container, securityContext: { ...container.securityContext, appArmorProfile: meaning.profile } } : container
  }
  return mapMember(pod, 'spec', (spec) => mapItems<PodSpec, Container>(mapItems<PodSpec, Container>(spec, 'containers', fill), 'initContainers', fill))
}
