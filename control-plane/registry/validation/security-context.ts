import { allOf, duplicate, type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { PodSpec, SecurityContext, Sysctl } from '../../../shared/model/gen/api.ts'
import { groupIdProblems, userIdProblems } from '../../../shared/model/validation/numbers.ts'
import { each, objections, oneOf } from './check.ts'
import { validateAppArmorProfile, validateSeccompProfile } from './security-profiles.ts'
import { validateWindowsOptions } from './windows.ts'

const numbered = (field: string, value: number | undefined, problems: (value: number) => readonly string[]): readonly FieldError[] => (value === undefined ? [] : objections(field, value, problems(value)))

/** @param hostUsers whether users of the container are users of the host. */
export function validateSecurityContext(context: SecurityContext | undefined, path: string, hostUsers: boolean): readonly FieldError[] {
  if (!context) return []
  return allOf(
    numbered(`${path}.runAsUser`, context.runAsUser, userIdProblems),
    numbered(`${path}.runAsGroup`, context.runAsGroup, groupIdProblems),
    validateProcMount(context.procMount, `${path}.procMount`, hostUsers),
    validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`),
    validateEscalation(context, path),
    validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`),
  )
}

function validateProcMount(procMount: string | undefined, field: string, hostUsers: boolean): readonly FieldError[] {
  if (procMount === undefined) return []
  const unmasked = procMount === 'Unmasked' && hostUsers ? [invalid(field, procMount, '`hostUsers` must be false to use `Unmasked`')] : []
  return [...oneOf(field, procMount, ['Default', 'Unmasked']), ...unmasked]
}

function validateEscalation(context: SecurityContext, path: string): readonly FieldError[] {
  if (context.allowPrivilegeEscalation !== false) return []
  const errors: FieldError[] = []
  if (context.privileged) errors.push(invalid(path, printed(context), 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
  for (const name of context.capabilities?.add ?? [])
    if (name === 'CAP_SYS_ADMIN') errors.push(invalid(path, printed(context), 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'))
  return errors
}

/** A security context as Kubernetes' internal type prints it. */
function printed(context: SecurityContext): unknown {
  const { capabilities, seLinuxOptions: selinux, windowsOptions: windows, seccompProfile: seccomp, appArmorProfile: appArmor } = context
  return {
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: selinux ? { User: selinux.user ?? '', Role: selinux.role ?? '', Type: selinux.type ?? '', Level: selinux.level ?? '' } : null,
    WindowsOptions: windows
      ? { GMSACredentialSpecName: windows.gmsaCredentialSpecName ?? null, GMSACredentialSpec: windows.gmsaCredentialSpec ?? null, RunAsUserName: windows.runAsUserName ?? null, HostProcess: windows.hostProcess ?? null }
      : null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: seccomp ? { Type: seccomp.type, LocalhostProfile: seccomp.localhostProfile ?? null } : null,
    AppArmorProfile: appArmor ? { Type: appArmor.type, LocalhostProfile: appArmor.localhostProfile ?? null } : null,
  }
}

export function validatePodSecurityContext(spec: PodSpec, path: string): readonly FieldError[] {
  const context = spec.securityContext
  if (!context) return []
  const shared = spec.shareProcessNamespace && spec.hostPID ? [invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')] : []
  return allOf(
    numbered(`${path}.fsGroup`, context.fsGroup, groupIdProblems),
    numbered(`${path}.runAsUser`, context.runAsUser, userIdProblems),
    numbered(`${path}.runAsGroup`, context.runAsGroup, groupIdProblems),
    each(context.supplementalGroups, `${path}.supplementalGroups`, (group, at) => objections(at, group, groupIdProblems(group))),
    shared,
    validateSysctls(context.sysctls, `${path}.sysctls`, spec),
    (context.fsGroupChangePolicy === undefined ? [] : oneOf(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'])),
    validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`),
    validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`),
    (context.supplementalGroupsPolicy === undefined ? [] : oneOf(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict'])),
    (context.seLinuxChangePolicy === undefined ? [] : oneOf(`${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['Recursive'])),
  )
}

const SYSCTL_PATTERN = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
const SYSCTL = new RegExp(SYSCTL_PATTERN)
const SYSCTL_MAX = 253
const IPC_SYSCTL = /^(kernel\.sem$|kernel\.shm|kernel\.msg|fs\.mqueue\.)/

/** Sysctls may be written with dots or slashes; only those of a namespace that is the pod's own can be set. */
function validateSysctls(sysctls: readonly Sysctl[] | undefined, path: string, spec: PodSpec): readonly FieldError[] {
  const names = new Set<string>()
  return each(sysctls, path, ({ name }, at) => {
    const field = `${at}.name`
    const errors: FieldError[] = []
    if (name === '') errors.push(required(field))
    else if (name.length > SYSCTL_MAX || !SYSCTL.test(name)) errors.push(invalid(field, name, `must have at most ${SYSCTL_MAX} characters and match regex ${SYSCTL_PATTERN}`))
    else if (names.has(name)) errors.push(duplicate(field, name))
    const dotted = name.replaceAll('/', '.')
    if (spec.hostNetwork && dotted.startsWith('net.')) errors.push(invalid(field, name, "may not be specified when 'hostNetwork' is true"))
    if (spec.hostIPC && IPC_SYSCTL.test(dotted)) errors.push(invalid(field, name, "may not be specified when 'hostIPC' is true"))
    names.add(name)
    return errors
  })
}
