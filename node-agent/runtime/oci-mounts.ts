/** One mount of the OCI configuration. */
export interface OciMount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

/** A volume (or file of the pod) at its place in the container. */
export interface VolumeMountSource {
  readonly mountPath: string
  /** On the host; a sub path is already resolved inside its volume. */
  readonly source: string
  /** `recursive`: the mounts inside it too. */
  readonly readOnly: 'no' | 'yes' | 'recursive'
  /** Kubernetes' `mountPropagation`; absent: `None`. */
  readonly propagation?: string | undefined
  /** Nothing in it can be run. */
  readonly noExec?: boolean
  /** It is shown with the owners that the pod's own users see: not to be mapped once more. */
  readonly hasOwners?: boolean
}

export interface MountOptions {
  readonly privileged: boolean
  readonly readOnlyRoot?: boolean
  readonly hostIpc: boolean
  /** Folder of the `/dev/shm` that the pod's containers share; absent: the container has its own. */
  readonly shmPath?: string | undefined
  readonly volumes: readonly VolumeMountSource[]
  /** Files the agent writes for the pod, by their path in the container: hosts, hostname, resolv.conf, termination log. */
  readonly files: Readonly<Record<string, string>>
  /** In a user namespace of the pod's own: this id of the node is root inside, to whom files belong that are root's on the node. */
  readonly hostFirst?: number | undefined
}

const SHM_OPTIONS = ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']

/** Files that are as writable as the root they stand for; kubelet's others (hosts, termination log) stay writable. */
const OF_THE_ROOT = new Set(['/etc/hostname', '/etc/resolv.conf'])

/** All mounts, the kernel's own first, then the pod's, an outer path before an inner one. */
export function ociMounts(options: MountOptions): readonly OciMount[] {
  const taken = new Set(options.volumes.map((volume) => volume.mountPath))
  const files = Object.entries(options.files)
    .filter(([path]) => !taken.has(path))
    .map(([destination, source]): OciMount => ({ destination, type: 'bind', source, options: ['rbind', 'rprivate', options.readOnlyRoot === true && OF_THE_ROOT.has(destination) ? 'ro' : 'rw'] }))
  const { hostFirst } = options
  const mapped = (mount: OciMount): OciMount => (hostFirst === undefined ? mount : { ...mount, options: [...mount.options, idMap(hostFirst)] })
  const own = [...files.map(mapped), ...options.volumes.map((volume) => (volume.hasOwners === true ? volumeMount(volume) : mapped(volumeMount(volume))))]
  const system = systemMounts(options).filter((mount) => !taken.has(mount.destination))
  return [...system, ...own.map((mount, index) => ({ mount, index })).sort((a, b) => depth(a.mount) - depth(b.mount) || a.index - b.index).map(({ mount }) => mount)]
}

/** Said in full: crun looks at the namespace of a process that may not have joined it yet. */
const idMap = (hostFirst: number): string => `idmap=uids=0-${hostFirst}-${IDS_PER_POD};gids=0-${hostFirst}-${IDS_PER_POD}`
const IDS_PER_POD = 65_536

const depth = (mount: OciMount): number => mount.destination.split('/').filter((part) => part !== '').length

const PROPAGATION: Readonly<Record<string, string>> = { None: 'rprivate', HostToContainer: 'rslave', Bidirectional: 'rshared' }

/** How the container's root is tied to the node's mounts: as closely as the closest of its volumes wants it, or the runtime cuts that tie. Undefined: not at all. */
export function rootPropagation(volumes: readonly VolumeMountSource[]): string | undefined {
  const wanted = ['Bidirectional', 'HostToContainer'].find((one) => volumes.some(({ propagation }) => propagation === one))
  return wanted === undefined ? undefined : PROPAGATION[wanted]
}

/** `rro` needs Linux 5.12. */
const ACCESS = { no: 'rw', yes: 'ro', recursive: 'rro' } as const

const volumeMount = (volume: VolumeMountSource): OciMount => ({
  destination: volume.mountPath,
  type: 'bind',
  source: volume.source,
  options: ['rbind', PROPAGATION[volume.propagation ?? 'None'] ?? 'rprivate', ACCESS[volume.readOnly], ...(volume.noExec === true ? ['noexec'] : [])],
})

function systemMounts({ privileged, hostIpc, shmPath }: MountOptions): readonly OciMount[] {
  const access = privileged ? 'rw' : 'ro'
  const bind = (path: string, source: string): OciMount => ({ destination: path, type: 'bind', source, options: ['rbind', 'rprivate', 'rw'] })
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
    // It shows the queues of the IPC namespace it is mounted in: with hostIPC the node's, whether the node has it mounted or not.
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    hostIpc ? bind('/dev/shm', '/dev/shm') : shmPath === undefined ? { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: SHM_OPTIONS } : bind('/dev/shm', shmPath),
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', 'relatime', access] },
  ]
}

/** Paths of `/proc` and `/sys` that tell too much: shown empty. */
export const MASKED_PATHS = ['/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap']

/** Paths of `/proc` that could change the node: read-only. */
export const READ_ONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
