import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { sysctlName } from '../../shared/model/sysctl.ts'
import { expandVariables } from '../../shared/model/expansion.ts'
import { containerProtection } from '../cgroups/memory-qos.ts'
import type { NodeBounds } from '../cgroups/pod-limits.ts'
import type { HostDevice } from '../host/device.ts'
import { confinementOf, noSecurityModules, type SecurityModules } from './confinement.ts'
import { ociCapabilities, type OciCapabilities } from './oci-capabilities.ts'
import { MASKED_PATHS, READ_ONLY_PATHS, ociMounts, rootPropagation, type VolumeMountSource } from './oci-mounts.ts'
import { limitsWithin, memoryRequestFor, ociResources, oomScoreAdjust, pageSizeName } from './oci-resources.ts'
import { defaultSeccomp, profileOf, type OciSeccomp } from './seccomp.ts'
import { resolveUser, type ContainerIdentity, type OwnUsers, type UserDatabase } from './oci-user.ts'

/** The part of an image's configuration that shapes a container. */
export interface ImageDefaults {
  readonly env: readonly string[]
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly workingDir: string
  readonly user: string
}

/** The namespaces a container finds rather than makes. */
export interface SandboxNamespaces {
  /** Pinned network namespace; absent with `hostNetwork`. */
  readonly netnsPath?: string | undefined
  /** What the pod's containers share; absent: this container makes its own. */
  readonly ipcPath?: string | undefined
  readonly utsPath?: string | undefined
  /** With `shareProcessNamespace`, and for a debug container that has a target. */
  readonly pidPath?: string | undefined
  /** The user namespace of a pod with `hostUsers: false`, which owns all the others. */
  readonly users?: { readonly path: string; /** The id of the node that is root inside. */ readonly hostFirst: number } | undefined
  readonly hostname: string
}

export interface OciSpecInput {
  readonly pod: Pod
  readonly container: Container
  readonly image: ImageDefaults
  readonly users: UserDatabase
  /** The container's variables, resolved; those of the image come before. */
  readonly env: Readonly<Record<string, string>>
  readonly rootfs: string
  readonly sandbox: SandboxNamespaces
  readonly volumes: readonly VolumeMountSource[]
  /** By path in the container: what the agent mounts there (`/etc/hosts`, `/dev/termination-log`, …). */
  readonly files: Readonly<Record<string, string>>
  readonly shmPath?: string | undefined
  readonly cgroupsPath: string
  readonly node: NodeBounds & {
    /** Capabilities the agent holds itself: `CAP_…`. */
    readonly capabilities: readonly string[]
    readonly memoryBytes: number
    /** `amd64`, `arm64`, …: for whose programs the default seccomp profile holds. */
    readonly architecture?: string | undefined
    /** Of the control groups; 1 unless given. */
    readonly cgroupVersion?: 1 | 2 | undefined
    readonly securityModules?: SecurityModules | undefined
  }
  /** Those of the host, where the container is privileged. */
  readonly devices?: readonly HostDevice[] | undefined
  /** The profile of the node that the container names (seccomp's type `Localhost`); absent where there is none of that name. */
  readonly localSeccomp?: OciSeccomp | undefined
  /** The profile of AppArmor that it runs under, which is loaded. */
  readonly appArmorProfile?: string | undefined
  readonly qosClass: string
}

export type OciSpecResult =
  | { readonly kind: 'spec'; readonly config: Readonly<Record<string, unknown>>; readonly user: ContainerIdentity; readonly ownUsers?: OwnUsers | undefined }
  /** A container that cannot be made as it says; reasons as kubelet's waiting states. */
  | { readonly kind: 'refused'; readonly reason: 'CreateContainerConfigError' | 'CreateContainerError'; readonly message: string }

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Without the right to lower its own score, a process may only raise it. */
const LOWERS_OOM_SCORE = 'CAP_SYS_RESOURCE'

/** The OCI runtime configuration (config.json, runtime-spec 1.0) of one container. */
export function ociSpec(input: OciSpecInput): OciSpecResult {
  const { pod, container, image } = input
  const resolved = resolveUser({ pod, container, imageUser: image.user, database: input.users })
  if (resolved.kind === 'refused') return { kind: 'refused', reason: 'CreateContainerConfigError', message: resolved.message }
  const args = commandOf(input)
  if (args.length === 0) return { kind: 'refused', reason: 'CreateContainerError', message: `no command specified: neither container ${container.name} nor its image says what to run` }
  const privileged = container.securityContext?.privileged === true
  const readOnlyRoot = container.securityContext?.readOnlyRootFilesystem === true
  const profile = profileOf(pod, container)
  if (profile?.type === 'Localhost' && input.localSeccomp === undefined) return { kind: 'refused', reason: 'CreateContainerError', message: `cannot load seccomp profile ${JSON.stringify(profile.localhostProfile ?? '')}: no such file among the profiles of this node` }
  const confinement = confinementOf(pod, container, input.node.securityModules ?? noSecurityModules)
  if (confinement.kind === 'refused') return { kind: 'refused', reason: 'CreateContainerError', message: confinement.message }
  const capabilities = ociCapabilities({ wanted: container.securityContext?.capabilities, privileged, available: input.node.capabilities })
  const score = scoreOf(input)
  const ownUsers = input.sandbox.users !== undefined
  const config = {
    ociVersion: '1.0.2',
    process: { ...processOf(input, { args, user: resolved.user, capabilities, score: ownUsers ? undefined : score }), ...(input.appArmorProfile !== undefined && { apparmorProfile: input.appArmorProfile }), ...confinement.process },
    root: { path: input.rootfs, readonly: readOnlyRoot },
    // On the host's network it is the host's name as well.
    ...(pod.spec?.hostNetwork === true ? {} : { hostname: input.sandbox.hostname }),
    mounts: ociMounts({ privileged, readOnlyRoot, hostIpc: pod.spec?.hostIPC === true, shmPath: input.shmPath, volumes: input.volumes, files: input.files, hostFirst: input.sandbox.users?.hostFirst }),
    annotations: { 'io.kubernetes.pod.namespace': pod.metadata.namespace ?? '', 'io.kubernetes.pod.name': pod.metadata.name ?? '', 'io.kubernetes.pod.uid': pod.metadata.uid ?? '', 'io.kubernetes.container.name': container.name },
    linux: { ...linuxOf(input, privileged), ...confinement.linux, ...(profile === undefined ? {} : { seccomp: profile.type === 'Localhost' ? input.localSeccomp : defaultSeccomp(capabilities.bounding, input.node.architecture ?? '') }) },
  }
  return { kind: 'spec', config, user: resolved.user, ownUsers: ownUsers ? { oomScoreAdjust: score, uid: resolved.user.uid, gid: resolved.user.gid } : undefined }
}

/** `command` replaces the image's entrypoint and, alone, drops its `CMD`; `args` replace the `CMD`. */
function commandOf({ container, image, env }: OciSpecInput): readonly string[] {
  const expand = (words: readonly string[]): readonly string[] => words.map((word) => expandVariables(word, env))
  const command = container.command ?? []
  const args = container.args ?? []
  if (command.length > 0) return [...expand(command), ...expand(args)]
  return [...image.entrypoint, ...(args.length > 0 ? expand(args) : image.cmd)]
}

interface ProcessParts {
  readonly args: readonly string[]
  readonly user: ContainerIdentity
  readonly capabilities: OciCapabilities
  readonly score: number | undefined
}

/** Undefined: what the agent has itself, for it may not lower it. */
function scoreOf({ pod, container, node, qosClass }: OciSpecInput): number | undefined {
  const score = oomScoreAdjust({ qosClass, priority: pod.spec?.priority ?? 0, memoryRequestBytes: memoryRequestFor(pod, container), nodeMemoryBytes: node.memoryBytes })
  return score >= 0 || node.capabilities.includes(LOWERS_OOM_SCORE) ? score : undefined
}

function processOf(input: OciSpecInput, { args, user, capabilities, score }: ProcessParts): Readonly<Record<string, unknown>> {
  const { container, image } = input
  return {
    terminal: container.tty === true,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.groups },
    args,
    env: environmentOf(input, user),
    cwd: container.workingDir || image.workingDir || '/',
    capabilities,
    noNewPrivileges: container.securityContext?.allowPrivilegeEscalation === false,
    ...(score === undefined ? {} : { oomScoreAdj: score }),
  }
}

/** The image's variables, then the container's; `PATH`, `HOME` and `HOSTNAME` where nobody gave them. */
function environmentOf({ container, image, env, sandbox }: OciSpecInput, user: ContainerIdentity): readonly string[] {
  const fromImage = image.env.map((pair): readonly [string, string] => {
    const at = pair.indexOf('=')
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
  })
  const terminal: Readonly<Record<string, string>> = container.tty === true ? { TERM: 'xterm' } : {}
  const merged: Readonly<Record<string, string>> = { PATH: DEFAULT_PATH, HOSTNAME: sandbox.hostname, ...terminal, HOME: user.home, ...Object.fromEntries(fromImage), ...env }
  return Object.entries(merged).map(([name, value]) => `${name}=${value}`)
}

function linuxOf(input: OciSpecInput, privileged: boolean): Readonly<Record<string, unknown>> {
  const { pod, container, node } = input
  const own = limitsWithin(pod, container)
  // A size of which nothing is said is none of the container's, as kubelet bounds it; where groups do not count them, the runtime is asked for nothing.
  const hugePageBytes = node.hugePageSizes === undefined ? undefined : Object.fromEntries(node.hugePageSizes.map((size) => [size, own.hugePageBytes?.[size] ?? 0]))
  const limits = { ...own, hugePageBytes, ...(node.podPidsLimit === undefined ? {} : { pids: node.podPidsLimit }) }
  const propagation = rootPropagation(input.volumes)
  const masked = !privileged && container.securityContext?.procMount !== 'Unmasked'
  return {
    cgroupsPath: input.cgroupsPath,
    namespaces: namespacesOf(input),
    // Want of memory ends the container as a whole, not one of its processes that the others would miss: kubelet's way where the kernel can.
    resources: { ...ociResources(limits, privileged), ...(node.cgroupVersion === 2 ? { unified: { 'memory.oom.group': '1', ...(node.boundsSwap === true && { 'memory.swap.max': '0' }), ...protectionOf(input), ...promisedPages(hugePageBytes) } } : {}) },
    sysctl: sysctlsOf(pod),
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
    ...(privileged ? { devices: devicesOf(input) } : {}),
    ...(masked ? { maskedPaths: MASKED_PATHS, readonlyPaths: READ_ONLY_PATHS } : {}),
  }
}

/** Pages promised to a mapping count as those in use do, so that who maps more than it may is told then, not killed later. Not every runtime bounds them by itself. */
const promisedPages = (bytes: Readonly<Record<number, number>> = {}): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(bytes).map(([size, limit]) => [`hugetlb.${pageSizeName(Number(size))}.rsvd.max`, String(limit)]))

/** As the files of version 2 are named. */
function protectionOf({ pod, container, node }: OciSpecInput): Readonly<Record<string, string>> {
  const { memoryMinBytes, memoryLowBytes, memoryHighBytes } = node.memoryQos === undefined ? {} : containerProtection(pod, container, node.memoryQos)
  return { ...(memoryMinBytes !== undefined && { 'memory.min': String(memoryMinBytes) }), ...(memoryLowBytes !== undefined && { 'memory.low': String(memoryLowBytes) }), ...(memoryHighBytes !== undefined && { 'memory.high': String(memoryHighBytes) }) }
}

/** Where the host's own /dev is mounted they are there already. */
const devicesOf = ({ devices = [], volumes }: OciSpecInput): readonly object[] =>
  volumes.some(({ mountPath }) => mountPath === '/dev') ? [] : devices.map(({ path, kind, major, minor, mode, uid, gid }) => ({ path, type: kind === 'block' ? 'b' : 'c', major, minor, fileMode: mode, uid, gid }))

interface Namespace {
  readonly type: 'pid' | 'network' | 'ipc' | 'uts' | 'mount' | 'cgroup' | 'user'
  readonly path?: string
}

function namespacesOf({ pod, sandbox }: OciSpecInput): readonly Namespace[] {
  const of = (type: Namespace['type'], path: string | undefined): Namespace => (path === undefined ? { type } : { type, path })
  return [
    ...(sandbox.users === undefined ? [] : [{ type: 'user' as const, path: sandbox.users.path }]),
    { type: 'mount' },
    { type: 'cgroup' },
    ...(pod.spec?.hostPID === true ? [] : [of('pid', sandbox.pidPath)]),
    ...(pod.spec?.hostIPC === true ? [] : [of('ipc', sandbox.ipcPath)]),
    ...(pod.spec?.hostNetwork === true ? [] : [of('uts', sandbox.utsPath)]),
    ...(pod.spec?.hostNetwork === true || sandbox.netnsPath === undefined ? [] : [{ type: 'network' as const, path: sandbox.netnsPath }]),
  ]
}

/** What the pod asks for; ping and low ports for everybody are set by whoever made the pod's network. */
export const sysctlsOf = (pod: Pod): Readonly<Record<string, string>> => Object.fromEntries((pod.spec?.securityContext?.sysctls ?? []).map((one) => [sysctlName(one.name), one.value]))
