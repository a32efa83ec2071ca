import type { AppArmorProfile, Container, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { mapItems, mapMember } from '../defaults/fill.ts'
import { containersWithPath } from '../validation/visit.ts'

const PREFIX = 'container.apparmor.security.beta.kubernetes.io/'
const LOCALHOST = 'localhost/'

/** The profile an annotation means, or `undefined` if it means none. */
function profileOf(value: string): AppArmorProfile | undefined {
  if (value === '' || value === 'runtime/default') return { type: 'RuntimeDefault' }
  if (value === 'unconfined') return { type: 'Unconfined' }
  return value.startsWith(LOCALHOST) && value.length > LOCALHOST.length ? { type: 'Localhost', localhostProfile: value.slice(LOCALHOST.length) } : undefined
}

/** The annotations of a pod that stand for a profile the container does not say in its field. */
export function annotatedProfiles(pod: Pod): readonly string[] {
  const annotations = pod.metadata.annotations ?? {}
  return containersWithPath(pod.spec ?? { containers: [] }, '')
    .map(({ container }) => `${PREFIX}${container.name}`)
    .filter((key) => annotations[key] !== undefined)
}

/** What an old annotation says becomes the field that is read. */
export function profilesFromAnnotations(pod: Pod): Pod {
  const annotations = pod.metadata.annotations
  if (!annotations || annotatedProfiles(pod).length === 0) return pod
  const fill = (spec: PodSpec) => (container: Container): Container => {
    const value = annotations[`${PREFIX}${container.name}`]
    const profile = value === undefined || container.securityContext?.appArmorProfile ? undefined : profileOf(value)
    return !profile || deepEqual(profile, spec.securityContext?.appArmorProfile) ? container : { ...container, securityContext: { ...container.securityContext, appArmorProfile: profile } }
  }
  return mapMember(pod, 'spec', (spec) => mapItems<PodSpec, Container>(mapItems<PodSpec, Container>(spec, 'containers', fill(spec)), 'initContainers', fill(spec)))
}
