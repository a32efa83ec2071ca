import type { Container, Pod, SELinuxOptions } from '../../shared/model/gen/api.ts'
import { appArmorOf } from './app-armor.ts'

/** Which of the kernel's security modules this host has at work. */
export interface SecurityModules {
  readonly appArmor: boolean
  readonly seLinux: boolean
}

export const noSecurityModules: SecurityModules = { appArmor: false, seLinux: false }

type Confined = Pick<Container, 'name' | 'securityContext'>

const containersOf = ({ spec }: Pod): readonly Confined[] => [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]

/** The pod's words, and over them the container's. */
function seLinuxOf(pod: Pod, { securityContext }: Confined): SELinuxOptions | undefined {
  const options = { ...pod.spec?.securityContext?.seLinuxOptions, ...securityContext?.seLinuxOptions }
  return Object.values(options).some((value) => value !== undefined && value !== '') ? options : undefined
}

/**
 * What a pod asks of modules that this host does not have: it would run without the walls it was promised. The first is kubelet's refusal and in its
 * words; of labels kubelet says nothing and runs the pod without them. Pure.
 */
export const missingModule = (pod: Pod, modules: SecurityModules): MissingModule | undefined => missingFor(pod, containersOf(pod), modules)

export interface MissingModule {
  readonly reason: string
  readonly message: string
}

function missingFor(pod: Pod, containers: readonly Confined[], modules: SecurityModules): MissingModule | undefined {
  const wantsAppArmor = containers.some((one) => (appArmorOf(pod, one)?.type ?? 'Unconfined') !== 'Unconfined')
  if (wantsAppArmor && !modules.appArmor) return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' }
  const labelled = containers.some((one) => seLinuxOf(pod, one) !== undefined)
  return labelled && !modules.seLinux ? { reason: 'SELinux', message: 'Cannot enforce SELinux: SELinux is not enabled on the host' } : undefined
}

export type Confinement =
  /** For `process` and for `linux` of the OCI configuration. */
  | { readonly kind: 'confined'; readonly process: Readonly<Record<string, string>>; readonly linux: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly message: string }

const none: Confinement = { kind: 'confined', process: {}, linux: {} }

/**
 * The labels of SELinux of one container. A privileged one has none of them, as with kubelet. Of an ephemeral one nobody knew when its pod was let in: what
 * this host lacks for it, of AppArmor too, is found here.
 */
export function confinementOf(pod: Pod, container: Confined, modules: SecurityModules): Confinement {
  if (container.securityContext?.privileged === true) return none
  const missing = missingFor(pod, [container], modules)
  if (missing) return { kind: 'refused', message: missing.message }
  const labels = seLinuxLabels(pod, container)
  return labels === undefined ? none : { kind: 'confined', process: { selinuxLabel: labels.process }, linux: { mountLabel: labels.mounts } }
}

/** Undefined where it asks for none, or is privileged. What is not said is as the policies of distributions have it for containers. */
export function seLinuxLabels(pod: Pod, container: Confined): { readonly process: string; readonly mounts: string } | undefined {
  const options = container.securityContext?.privileged === true ? undefined : seLinuxOf(pod, container)
  if (options === undefined) return undefined
  const of = (type: string): string => [options.user || 'system_u', options.role || 'system_r', type, options.level || 's0'].join(':')
  return { process: of(options.type || 'container_t'), mounts: [options.user || 'system_u', 'object_r', 'container_file_t', options.level || 's0'].join(':') }
}
