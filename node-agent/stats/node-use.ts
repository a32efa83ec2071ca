import type { Cgroups } from '../cgroups/port.ts'
import { trafficOf, type DeviceTraffic } from '../host/net-dev.ts'
import { diskRoom, memoryRoom, processRoom, type Room } from '../host/room.ts'
import { bootedMs, machineUsage } from '../host/usage.ts'
import type { HostShare } from './measures.ts'

/** What the whole node uses now. */
export interface NodeUsage {
  /** When the machine was booted. */
  readonly startedMs?: number | undefined
  readonly cpuNanos: number
  /** The working set. */
  readonly memoryBytes: number
  readonly memoryTotalBytes: number
  readonly fs?: { readonly bytes: Room; readonly inodes: Room | undefined } | undefined
  readonly imageFs?: { readonly bytes: Room; readonly inodes: Room | undefined } | undefined
  readonly processes?: Room | undefined
  readonly network?: readonly DeviceTraffic[] | undefined
}

export interface NodeUseOptions {
  readonly cgroups: Pick<Cgroups, 'usage'>
  readonly stateFolder: string
  readonly imageFolder: string
  /** See `hostMeasures`. */
  readonly share?: HostShare | undefined
}

/** How to ask. A machine that is a part of its host tells of its own group; its disks are the host's. */
export const nodeUse = ({ cgroups, stateFolder, imageFolder, share }: NodeUseOptions) => async (): Promise<NodeUsage> => {
  const [startedMs, memory, fs, imageFs, processes, network, own] = await Promise.all([bootedMs(), memoryRoom(), diskRoom(stateFolder), diskRoom(imageFolder), processRoom(), trafficOf('self'), share && cgroups.usage(share.cgroup)])
  const use = share && own ? { cpuNanos: own.cpuNanos, memoryBytes: own.memoryBytes, memoryTotalBytes: share.memoryBytes } : { cpuNanos: machineUsage().cpuNanos, memoryBytes: memory.capacity - memory.available, memoryTotalBytes: memory.capacity }
  return { startedMs, ...use, fs, imageFs, processes: own?.processes === undefined ? processes : { capacity: processes.capacity, available: processes.capacity - own.processes }, network }
}
