import type { AppArmorProfile, Container, Pod } from '../../shared/model/gen/api.ts'

/** The profile of containers that name no other (`RuntimeDefault`, or nothing at all). */
export const STANDARD_PROFILE = 'gantry-default'

/**
 * What that profile says: a container may do what its user and capabilities allow, except to mount, to trace or signal what is not under this profile, and to
 * change the kernel through `/proc` and `/sys` (its control groups and shared memory aside). In effect the profile that Docker and containerd bring along.
 * @param abi whether the host has the description of AppArmor 3.0: what newer kernels mediate beyond it is left as it is without a profile.
 */
export const standardProfile = (abi: boolean): string => `${abi ? 'abi <abi/3.0>,\n' : ''}
profile ${STANDARD_PROFILE} flags=(attach_disconnected,mediate_deleted) {
  capability,
  file,
  network,
  unix,
  umount,

  # The node stops and looks after its containers; these reach no further than to each other.
  signal (receive),
  signal (send) peer=${STANDARD_PROFILE},
  ptrace peer=${STANDARD_PROFILE},
  ptrace (readby),

  deny mount,

  # Of /proc: only what belongs to a process, and of the kernel's settings those of shared memory.
  deny /proc/* w,
  deny /proc/{[^0-9s]*,s[^y]*,sy[^s]*,sys?*}/** w,
  deny /proc/sys/{[^k]*,k[^e]*}/** w,
  deny /proc/sys/kernel/{[^s]*,s[^h]*,sh[^m]*}{,/**} w,
  deny /proc/{kcore,sysrq-trigger} rwklx,

  # Of /sys: only control groups.
  deny /sys/{[^f]*,f[^s]*}/** wklx,
  deny /sys/fs/{[^c]*,c[^g]*}/** wklx,
  deny /sys/{firmware,kernel/security,devices/virtual/powercap}/** rwklx,
}
`

type Confined = Pick<Container, 'securityContext'>

/** What the container says, or else its pod. */
export const appArmorOf = (pod: Pod, { securityContext }: Confined): AppArmorProfile | undefined => securityContext?.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile

export interface WantedProfile {
  readonly name: string
  /** The container does not run without it. */
  readonly isAskedFor: boolean
}

/** Under which profile a container is to run where the host has AppArmor, as containerd decides it: who is privileged is under none but one of the node that it names. Pure. */
export function wantedProfile(pod: Pod, container: Confined): WantedProfile | undefined {
  const profile = appArmorOf(pod, container)
  if (profile?.type === 'Localhost') return { name: profile.localhostProfile ?? '', isAskedFor: true }
  if (profile?.type === 'Unconfined' || container.securityContext?.privileged === true) return undefined
  return { name: STANDARD_PROFILE, isAskedFor: profile !== undefined }
}
