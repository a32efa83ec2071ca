import type { MemoryProtection } from './memory-qos.ts'

/**
 * The control groups of pods: one group per pod below this agent's own parent, its containers' groups inside it (made by the OCI runtime).
 *
 * A path is as in the OCI configuration: absolute, from the root of the hierarchy, `/gantry/NODE/podUID/CONTAINER`.
 */
export interface PodLimits extends MemoryProtection {
  /** cgroup v1 shares; version 2 derives its weight from them. */
  readonly cpuShares: number
  /** Microseconds of CPU time in each 100 ms; absent: no limit. */
  readonly cpuQuotaMicros?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly pids?: number | undefined
  /** By the size of a page, in bytes. */
  readonly hugePageBytes?: Readonly<Record<number, number>> | undefined
}

export interface CgroupUsage {
  /** Since the group was made. */
  readonly cpuNanos: number
  /** Without file pages that could be dropped at once (what kubelet calls the working set). */
  readonly memoryBytes: number
  /** With them. */
  readonly memoryUsageBytes?: number | undefined
  /** Not of files. */
  readonly rssBytes?: number | undefined
  readonly pageFaults?: number | undefined
  readonly majorPageFaults?: number | undefined
  /** How many there are now, threads counted. */
  readonly processes?: number | undefined
}

/** How long tasks stood still for want of something: the share (percent) of the last 10, 60 and 300 seconds, and all of it (microseconds). */
export interface Stalls {
  readonly total: number
  readonly avg10: number
  readonly avg60: number
  readonly avg300: number
}

/** Of some of the tasks, and of all that could have run. */
export interface Pressure {
  readonly full: Stalls
  readonly some: Stalls
}

export type Pressures = Readonly<Partial<Record<'cpu' | 'memory' | 'io', Pressure>>>

/** What nobody decides by: read where all of a group is told. */
export interface CgroupDetail {
  /** Of its memory, how much is swapped out; absent where the kernel does not count it. */
  readonly swapBytes?: number | undefined
  /** How much may be; absent: no bound. */
  readonly swapLimitBytes?: number | undefined
  /** Version 2 alone. */
  readonly pressures: Pressures
}

export interface Cgroups {
  readonly version: 1 | 2
  /** Whether groups count huge pages here; where they do not, nothing bounds them. */
  readonly hasHugePages: boolean
  /** Whether a container can be kept from what is swapped out: version 2, where the kernel was built with swap. */
  readonly boundsSwap: boolean
  /** Where a pod's group is. */
  podPath(podUid: string): string
  /** Makes a pod's group with its limits, or sets the limits of the one that is there. */
  createPod(podUid: string, limits: PodLimits): Promise<void>
  /** Changes the limits of a group that is there, a pod's or a container's; what is absent is unlimited then (memory: without protection), but `pids` and huge pages, which stay. Throws where the kernel says no. */
  setLimits(path: string, limits: PodLimits): Promise<void>
  /** Removes a group and the groups in it. Waits until their last process is gone (it kills none). Removing what is not there is no error. */
  remove(path: string): Promise<void>
  /** SIGKILL to every process in the group and the groups in it; resolves when none is left. */
  killAll(path: string): Promise<void>
  /** How many processes the kernel killed in the group for want of memory. 0 where the group is gone. */
  oomKills(path: string): Promise<number>
  /** The most memory that was ever used in the group. Undefined where the group is gone, or its kernel does not tell. */
  memoryPeak(path: string): Promise<number | undefined>
  /** Undefined where the group is gone. */
  usage(path: string): Promise<CgroupUsage | undefined>
  /** Nothing is known of a group that is gone. */
  detail(path: string): Promise<CgroupDetail>
  /** Processes of the group and of the groups in it. */
  pids(path: string): Promise<readonly number[]>
  /** Uids of all pods that have a group here, for the collector. */
  list(): Promise<readonly string[]>
}

/** Pod groups carry this before the uid. */
export const POD_PREFIX = 'pod'
