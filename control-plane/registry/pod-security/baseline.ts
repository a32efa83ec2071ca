/** What keeps a pod from taking over its node. In the order in which Kubernetes tells of them. */
import type { Container, PodSpec, SELinuxOptions } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { sortedEntries } from '../validation/check.ts'
import { containersNamed, containersOf, plural, quoted, type Rule, setters, sortedUnique, those, type Violation } from './check.ts'

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const kept: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost'])
const isBadProfile = (profile: { readonly type: string } | undefined): boolean => profile !== undefined && !kept.has(profile.type)
const isBadAnnotation = (key: string, value: string): boolean => key.startsWith(APP_ARMOR) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/')

const appArmor: Rule = {
  id: 'appArmorProfile',
  since: 0,
  check({ spec, meta }) {
    const bad = containersOf(spec).filter((one) => isBadProfile(one.securityContext?.appArmorProfile))
    const pod = spec.securityContext?.appArmorProfile
    const annotations = sortedEntries(meta.annotations).flatMap(([key, value]) => (isBadAnnotation(key, value) ? [`${key}=${goQuote(value)}`] : []))
    const types = sortedUnique([...(pod && isBadProfile(pod) ? [pod.type] : []), ...bad.map((one) => one.securityContext?.appArmorProfile?.type ?? '')])
    const who = [setters(isBadProfile(pod), bad.map((one) => one.name ?? '')), annotations.length > 0 ? plural('annotation', 'annotations', annotations.length) : ''].filter((one) => one !== '')
    const values = [...types, ...annotations]
    return who.length === 0 ? undefined : { reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length), detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}` }
  },
}

const usual: ReadonlySet<string> = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'])
const unusual = (container: Container): readonly string[] => (container.securityContext?.capabilities?.add ?? []).filter((one) => !usual.has(one))

const capabilities: Rule = {
  id: 'capabilities_baseline',
  since: 0,
  check({ spec }) {
    const names = those(spec, (one) => unusual(one).length > 0)
    if (names.length === 0) return undefined
    return { reason: 'non-default capabilities', detail: `${containersNamed(names)} must not include ${quoted(sortedUnique(containersOf(spec).flatMap(unusual)))} in securityContext.capabilities.add` }
  },
}

const hostNamespaces: Rule = {
  id: 'hostNamespaces',
  since: 0,
  check({ spec }) {
    const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true)
    return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.map((name) => `${name}=true`).join(', ') }
  },
}

const hostPaths: Rule = {
  id: 'hostPathVolumes',
  since: 0,
  check({ spec }) {
    const names = (spec.volumes ?? []).filter((one) => one.hostPath).map((one) => one.name)
    return names.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)}` }
  },
}

const hostPortsOf = (container: Container): readonly string[] => (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))

const hostPorts: Rule = {
  id: 'hostPorts',
  since: 0,
  check({ spec }) {
    const names = those(spec, (one) => hostPortsOf(one).length > 0)
    const ports = sortedUnique(containersOf(spec).flatMap(hostPortsOf))
    if (names.length === 0) return undefined
    return { reason: 'hostPort', detail: `${containersNamed(names)} ${plural('uses', 'use', names.length)} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}` }
  },
}

/** Whom a node would call for the container, where that is not the container itself. */
function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): readonly string[] {
  return [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((one) => [one?.httpGet?.host, one?.tcpSocket?.host]).filter((host): host is string => host !== undefined && host !== '')
}

const probeHosts: Rule = {
  id: 'hostProbesAndhostLifecycle',
  since: 34,
  check({ spec }) {
    const names = sortedUnique(those(spec, (one) => hostsOf(one).length > 0))
    const hosts = sortedUnique(containersOf(spec).flatMap(hostsOf))
    if (names.length === 0) return undefined
    return { reason: 'probe or lifecycle host', detail: `${containersNamed(names)} ${plural('uses', 'use', names.length)} probe or lifecycle ${plural('host', 'hosts', hosts.length)} ${quoted(hosts)}` }
  },
}

const privileged: Rule = {
  id: 'privileged',
  since: 0,
  check({ spec }) {
    const names = those(spec, (one) => one.securityContext?.privileged === true)
    return names.length === 0 ? undefined : { reason: 'privileged', detail: `${containersNamed(names)} must not set securityContext.privileged=true` }
  },
}

const procMountOf = (container: Container): string => container.securityContext?.procMount ?? 'Default'

/** What a container sees of /proc. */
export function unusualProcMounts(spec: PodSpec): Violation | undefined {
  const names = those(spec, (one) => procMountOf(one) !== 'Default')
  const types = sortedUnique(containersOf(spec).map(procMountOf).filter((one) => one !== 'Default'))
  return names.length === 0 ? undefined : { reason: 'procMount', detail: `${containersNamed(names)} must not set securityContext.procMount to ${quoted(types)}` }
}

/** With users of its own a pod may see all of it, since 1.35. */
const procMount: Rule = { id: 'procMount', since: 0, check: ({ spec, minor }) => (minor >= 35 && spec.hostUsers === false ? undefined : unusualProcMounts(spec)) }

const seLinuxTypes: ReadonlyArray<readonly [since: number, type: string]> = [[0, ''], [0, 'container_t'], [0, 'container_init_t'], [0, 'container_kvm_t'], [31, 'container_engine_t']]

const seLinux: Rule = {
  id: 'seLinuxOptions',
  since: 0,
  check({ spec, minor }) {
    const isBadType = (type = ''): boolean => !seLinuxTypes.some(([since, known]) => known === type && minor >= since)
    const isBad = (options: SELinuxOptions | undefined): boolean => options !== undefined && (isBadType(options.type) || Boolean(options.user) || Boolean(options.role))
    const pod = spec.securityContext?.seLinuxOptions
    const bad = containersOf(spec).filter((one) => isBad(one.securityContext?.seLinuxOptions))
    if (!isBad(pod) && bad.length === 0) return undefined
    const all = [pod, ...bad.map((one) => one.securityContext?.seLinuxOptions)].filter((one) => one !== undefined)
    const types = sortedUnique(all.flatMap((one) => (isBadType(one.type) ? [one.type ?? ''] : [])))
    const said = [
      ...(types.length > 0 ? [`${plural('type', 'types', types.length)} ${quoted(types)}`] : []),
      ...(all.some((one) => one.user) ? ['user may not be set'] : []),
      ...(all.some((one) => one.role) ? ['role may not be set'] : []),
    ]
    return { reason: 'seLinuxOptions', detail: `${setters(isBad(pod), bad.map((one) => one.name ?? ''))} set forbidden securityContext.seLinuxOptions: ${said.join('; ')}` }
  },
}

const seccomp: Rule = {
  id: 'seccompProfile_baseline',
  since: 19,
  check({ spec }) {
    const pod = spec.securityContext?.seccompProfile
    const bad = containersOf(spec).filter((one) => isBadProfile(one.securityContext?.seccompProfile))
    const who = setters(isBadProfile(pod), bad.map((one) => one.name ?? ''))
    const types = sortedUnique([...(pod && isBadProfile(pod) ? [pod.type] : []), ...bad.map((one) => one.securityContext?.seccompProfile?.type ?? '')])
    return who === '' ? undefined : { reason: 'seccompProfile', detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}` }
  },
}

const safeSysctls: ReadonlyArray<readonly [since: number, names: readonly string[]]> = [
  [0, ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start']],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [29, ['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes']],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
]

const sysctls: Rule = {
  id: 'sysctls',
  since: 0,
  check({ spec, minor }) {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.some(([since, names]) => minor >= since && names.includes(name)))
    return bad.length === 0 ? undefined : { reason: plural('forbidden sysctl', 'forbidden sysctls', bad.length), detail: bad.join(', ') }
  },
}

const windowsHostProcess: Rule = {
  id: 'windowsHostProcess',
  since: 0,
  check({ spec }) {
    const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, those(spec, (one) => one.securityContext?.windowsOptions?.hostProcess === true))
    return who === '' ? undefined : { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
  },
}

export const baselineRules: readonly Rule[] = [appArmor, capabilities, hostNamespaces, hostPaths, hostPorts, probeHosts, privileged, procMount, seLinux, seccomp, sysctls, windowsHostProcess]
