import { readFile } from 'node:fs/promises'
import { ownGroup } from '../cgroups/own-share.ts'
import type { CgroupDetail, Cgroups, CgroupUsage } from '../cgroups/port.ts'
import { trafficOf, type DeviceTraffic } from '../host/net-dev.ts'
import { machinePressures } from '../host/pressure.ts'
import { diskRoom, memoryRoom, processRoom, type Room } from '../host/room.ts'
import { bootedMs, machineMemory, machineUsage } from '../host/usage.ts'
import type { HostShare } from './measures.ts'

export interface DiskSpace {
  readonly bytes: Room
  readonly inodes: Room | undefined
}

/** What the whole node uses now. */
export interface NodeUsage extends Pick<CgroupUsage, 'cpuNanos' | 'memoryBytes' | 'rssBytes' | 'pageFaults' | 'majorPageFaults'> {
  /** When the machine was booted. */
  readonly startedMs?: number | undefined
  readonly memoryTotalBytes: number
  readonly detail?: CgroupDetail | undefined
  readonly fs?: DiskSpace | undefined
  readonly imageFs?: DiskSpace | undefined
  readonly processes?: Room | undefined
  readonly network?: readonly DeviceTraffic[] | undefined
  /** What the node itself is made of, as far as it has groups of its own. */
  readonly system?: readonly SystemUsage[] | undefined
}

/** As kubelet names them; the agent runs containers itself, and so is both the first and the second. */
export interface SystemUsage extends CgroupUsage {
  readonly name: 'kubelet' | 'runtime' | 'pods'
  readonly startedMs?: number | undefined
  readonly memoryLimitBytes?: number | undefined
  readonly detail: CgroupDetail
}

export interface NodeUseOptions {
  readonly cgroups: Pick<Cgroups, 'usage' | 'detail' | 'version'>
  readonly stateFolder: string
  readonly imageFolder: string
  /** In which all pods are, and how much memory they may use. */
  readonly pods: { readonly cgroup: string; readonly memoryBytes: number }
  /** See `hostMeasures`. */
  readonly share?: HostShare | undefined
}

/** How to ask. A machine that is a part of its host tells of its own group; its disks are the host's. */
export const nodeUse = (options: NodeUseOptions) => async (): Promise<NodeUsage> => {
  const { stateFolder, imageFolder } = options
  const startedMs = await bootedMs()
  const [{ own, ...use }, fs, imageFs, processes, network, system] = await Promise.all([wholeUse(options), diskRoom(stateFolder), diskRoom(imageFolder), processRoom(), trafficOf('self'), systemUse(options, startedMs)])
  return { startedMs, ...use, fs, imageFs, processes: own?.processes === undefined ? processes : { capacity: processes.capacity, available: processes.capacity - own.processes }, network, system }
}

type WholeUse = Pick<NodeUsage, 'cpuNanos' | 'memoryBytes' | 'rssBytes' | 'pageFaults' | 'majorPageFaults' | 'memoryTotalBytes' | 'detail'> & { /** Of a machine with a group. */ readonly own?: CgroupUsage }

async function wholeUse({ cgroups, share }: NodeUseOptions): Promise<WholeUse> {
  const own = share && (await cgroups.usage(share.cgroup))
  if (share && own) {
    const { cpuNanos, memoryBytes, rssBytes, pageFaults, majorPageFaults } = own
    return { own, cpuNanos, memoryBytes, rssBytes, pageFaults, majorPageFaults, memoryTotalBytes: share.memoryBytes, detail: await cgroups.detail(share.cgroup) }
  }
  const [room, { swapBytes, swapLimitBytes, ...memory }, pressures] = await Promise.all([memoryRoom(), machineMemory(), machinePressures()])
  return { cpuNanos: machineUsage().cpuNanos, memoryBytes: room.capacity - room.available, memoryTotalBytes: room.capacity, ...memory, detail: { swapBytes, swapLimitBytes, pressures } }
}

async function systemUse({ cgroups, pods }: NodeUseOptions, bootMs: number | undefined): Promise<readonly SystemUsage[]> {
  const agent = ownGroup(await readFile('/proc/self/cgroup', 'utf8'), cgroups.version, 'memory')
  const agentGroup = agent === undefined || agent === '/' ? [] : (['kubelet', 'runtime'] as const).map((name) => ({ name, path: agent, startedMs: performance.timeOrigin }))
  const groups = [...agentGroup, { name: 'pods', path: pods.cgroup, startedMs: bootMs, memoryLimitBytes: pods.memoryBytes } as const]
  const told = await Promise.all(
    groups.map(async ({ path, ...group }) => {
      const [usage, detail] = await Promise.all([cgroups.usage(path), cgroups.detail(path)])
      return usage === undefined ? [] : [{ ...group, ...usage, detail }]
    }),
  )
  return told.flat()
}
