import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { exists } from '../host/files.ts'
import { loadedProfiles, loadProfile } from '../host/app-armor.ts'
import { STANDARD_PROFILE, standardProfile, wantedProfile } from '../runtime/app-armor.ts'
import type { PodParts } from './parts.ts'

/** Loads the profile of containers that name none, in place of what an earlier Gantry had loaded. @throws Fault 'unsupported' in words for people. */
export async function loadStandardProfile(): Promise<void> {
  await loadProfile(standardProfile(await exists('/etc/apparmor.d/abi/3.0')))
}

/** Why no container can run under a profile of AppArmor; undefined: it can. The standard one may have been taken out of the kernel with those of the host, and is loaded again. */
export async function whyNotUnder(profile: string): Promise<string | undefined> {
  if ((await loadedProfiles()).has(profile)) return undefined
  // What containerd says of it, and documents on Kubernetes show.
  if (profile !== STANDARD_PROFILE) return `failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found ${profile}`
  return await loadStandardProfile().then(() => undefined, (error: unknown) => `cannot load the AppArmor profile ${STANDARD_PROFILE}: ${messageOf(error)}`)
}

/**
 * The profile a container is made under; undefined where there is none to be. One that nobody asked for is not insisted on: a host without the means to load it
 * runs its pods as one without AppArmor does. @throws Fault 'unsupported' in words for people.
 */
export async function appArmorProfileFor({ files, config }: Pick<PodParts, 'files' | 'config'>, pod: Pod, container: Pick<Container, 'securityContext'>): Promise<string | undefined> {
  const wanted = config.capacity.securityModules?.appArmor === true ? wantedProfile(pod, container) : undefined
  // A host may have AppArmor and not let its profiles be seen, as within another machine's container.
  const why = wanted && (await files.whyNotUnder(wanted.name).catch((error: unknown) => `cannot find the AppArmor profile ${wanted.name}: ${messageOf(error)}`))
  if (why === undefined) return wanted?.name
  if (wanted?.isAskedFor === true) throw new Fault('unsupported', why)
  return undefined
}
