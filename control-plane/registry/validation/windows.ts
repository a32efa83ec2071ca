import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { PodSecurityContext, PodSpec, SecurityContext, WindowsSecurityContextOptions } from '../../../shared/model/gen/api.ts'
import { dnsSubdomain } from './check.ts'
import { containersWithPath } from './visit.ts'

const SPEC_MAX_KIB = 64
const DOMAIN_MAX = 256
const USER_MAX = 104
const USER_FORBIDDEN = '"/\\:;|=,+*?<>@[]'
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const DOMAIN_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/

/** Options that only Windows knows: a node never runs them here, but clients may store them. */
export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): readonly FieldError[] {
  if (!options) return []
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName } = options
  const errors: FieldError[] = specName === undefined ? [] : [...dnsSubdomain(`${path}.gmsaCredentialSpecName`, specName)]
  if (spec === '') errors.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'))
  else if (spec !== undefined && spec.length > SPEC_MAX_KIB * 1024) errors.push(invalid(`${path}.gmsaCredentialSpec`, spec, `gmsaCredentialSpec size must be under ${SPEC_MAX_KIB} KiB`))
  if (runAsUserName !== undefined) errors.push(...userProblems(runAsUserName).map((problem) => invalid(`${path}.runAsUserName`, runAsUserName, problem)))
  return errors
}

/** `user` or `DOMAIN\user`. */
function userProblems(name: string): readonly string[] {
  if (name === '') return ['runAsUserName cannot be an empty string']
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const user = parts.at(-1) ?? ''
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined
  const problems: string[] = []
  if (domain !== undefined && domain.length >= DOMAIN_MAX) problems.push(`runAsUserName's Domain length must be under ${DOMAIN_MAX} characters`)
  if (domain !== undefined && !NETBIOS.test(domain) && !DOMAIN_NAME.test(domain)) problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  if (user === '') problems.push("runAsUserName's User cannot be empty")
  else if (user.length > USER_MAX) problems.push(`runAsUserName's User length must not be longer than ${USER_MAX} characters`)
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces")
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) problems.push(`runAsUserName's User cannot contain the following characters: ${USER_FORBIDDEN}`)
  return problems
}

/** Host process containers need all of their pod to be of their kind, and the host's network. */
export function validateHostProcess(spec: PodSpec, path: string): readonly FieldError[] {
  const podValue = spec.securityContext?.windowsOptions?.hostProcess
  const containers = containersWithPath(spec, path)
  const errors: FieldError[] = []
  const own = containers.map(({ container, path: at }) => {
    const value = container.securityContext?.windowsOptions?.hostProcess
    if (podValue !== undefined && value !== undefined && value !== podValue)
      errors.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, value, `pod hostProcess value must be identical if both are specified, was ${podValue}`))
    return value ?? podValue ?? false
  })
  if (!own.includes(true)) return errors
  if (own.includes(false)) errors.push(invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'))
  if (!spec.hostNetwork) errors.push(invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'))
  return errors
}

const NOT_FOR_WINDOWS = 'cannot be set for a windows pod'
const podFields = ['appArmorProfile', 'seLinuxOptions', 'hostUsers', 'hostPID', 'hostIPC', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'shareProcessNamespace', 'runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'] as const
const containerFields = ['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'] as const
const ofSpec: ReadonlySet<string> = new Set(['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'])

/** Of what is there nothing is too little but a list of no sysctls. */
const isSet = (context: SecurityContext | PodSecurityContext | undefined, name: string): boolean => {
  const value = (context as Readonly<Record<string, unknown>> | undefined)?.[name]
  return value !== undefined && !(name === 'sysctls' && Array.isArray(value) && value.length === 0)
}

/** What Linux alone knows. */
export function forbidLinuxFields(spec: PodSpec, path: string): readonly FieldError[] {
  const onPod = podFields.flatMap((name) => {
    if (!ofSpec.has(name)) return isSet(spec.securityContext, name) ? [forbidden(`${path}.securityContext.${name}`, NOT_FOR_WINDOWS)] : []
    const value = spec[name as keyof PodSpec]
    return value === undefined || (value === false && (name === 'hostPID' || name === 'hostIPC')) ? [] : [forbidden(`${path}.${name}`, NOT_FOR_WINDOWS)]
  })
  const onContainers = containersWithPath(spec, path).flatMap(({ container, path: at }) =>
    containerFields.filter((name) => isSet(container.securityContext, name)).map((name) => forbidden(`${at}.securityContext.${name}`, NOT_FOR_WINDOWS)),
  )
  return [...onPod, ...onContainers]
}

/** What Windows alone knows. */
export function forbidWindowsFields(spec: PodSpec, path: string): readonly FieldError[] {
  const message = 'windows options cannot be set for a linux pod'
  const onPod = spec.securityContext?.windowsOptions ? [forbidden(`${path}.securityContext.windowsOptions`, message)] : []
  const onContainers = containersWithPath(spec, path)
    .filter(({ container }) => container.securityContext?.windowsOptions)
    .map(({ path: at }) => forbidden(`${at}.securityContext.windowsOptions`, message))
  return [...onPod, ...onContainers]
}
