import type { CgroupDetail, CgroupUsage } from '../../cgroups/port.ts'
import type { DeviceTraffic } from '../../host/net-dev.ts'
import type { DiskSpace } from '../../stats/node-use.ts'
import type { ContainerUsage, PodUsage } from '../../stats/stats.ts'
import type { VolumeUse } from '../../stats/volume-use.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { UsageSample, UsageSamples } from './samples.ts'

/** `/stats/summary` as kubelet writes it (`k8s.io/kubelet/pkg/apis/stats/v1alpha1`). What was not measured is left out. Pure. */
export function statsSummary({ before, now }: UsageSamples, nodeName: string): unknown {
  const time = formatTime(now.atMs)
  const of: Told = { time, before, now, room: now.node.fs }
  const { node } = now
  return {
    node: {
      nodeName,
      ...(node.system && { systemContainers: node.system.map((part) => ({ name: part.name, ...startOf(part), ...usageOf(of, part, before.node.system?.find(({ name }) => name === part.name)) })) }),
      ...startOf(node),
      ...usageOf(of, { ...node, ...(node.memoryTotalBytes > 0 && { memoryLimitBytes: node.memoryTotalBytes }) }, before.node),
      ...(node.network && { network: networkOf(time, node.network) }),
      ...(node.fs && { fs: diskOf(time, node.fs) }),
      ...(node.imageFs && { runtime: { imageFs: diskOf(time, node.imageFs), containerFs: node.fs && diskOf(time, node.fs) } }),
      ...(node.processes && { rlimit: { time, maxpid: node.processes.capacity, curproc: node.processes.capacity - node.processes.available } }),
    },
    pods: now.pods.map((pod) => podOf(of, pod, before.pods.find(({ uid }) => uid === pod.uid))),
  }
}

/** Of a group, as far as it was measured. */
type Usage = Omit<CgroupUsage, 'processes'> & { readonly memoryLimitBytes?: number | undefined; readonly detail?: CgroupDetail | undefined }

interface Told {
  readonly time: string
  readonly before: UsageSample
  readonly now: UsageSample
  readonly room: DiskSpace | undefined
}

function podOf(of: Told, pod: PodUsage, earlier: PodUsage | undefined): object {
  const { time, room } = of
  const { storage, volumes } = pod
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    ...startOf(pod),
    containers: pod.containers.map((container) => containerOf(of, { pod, container, earlier: earlier?.containers.find(({ name }) => name === container.name) })),
    ...usageOf(of, pod, earlier),
    ...(pod.network && { network: networkOf(time, pod.network) }),
    ...(volumes && volumes.length > 0 && { volume: volumes.map((volume) => volumeOf(time, pod.namespace, volume)) }),
    ...(storage && { 'ephemeral-storage': partOf(time, room, { bytes: storage.diskBytes, inodes: storage.inodes }) }),
    ...(pod.processes !== undefined && { process_stats: { process_count: pod.processes } }),
  }
}

function containerOf(of: Told, { pod: { storage }, container, earlier }: { readonly pod: PodUsage; readonly container: ContainerUsage; readonly earlier: ContainerUsage | undefined }): object {
  const { time, room } = of
  return {
    name: container.name,
    ...startOf(container),
    ...usageOf(of, container, earlier),
    ...(storage && { rootfs: partOf(time, room, storage.layers.get(container.name)), logs: partOf(time, room, storage.logs.get(container.name)) }),
  }
}

const volumeOf = (time: string, namespace: string, { name, claim, bytes, inodes, room }: VolumeUse): object => ({ ...partOf(time, room, { bytes, inodes }), name, ...(claim !== undefined && { pvcRef: { name: claim, namespace } }) })

const startOf = ({ startedMs }: { readonly startedMs?: number | undefined }): object => (startedMs === undefined ? {} : { startTime: formatTime(startedMs) })

function usageOf({ time, before, now }: Told, current: Usage, earlier: Usage | undefined): object {
  const { swapBytes, swapLimitBytes, pressures: { cpu, memory, io } = {} } = current.detail ?? {}
  return {
    cpu: { time, usageNanoCores: earlier ? nanoCores(before, now, { from: earlier.cpuNanos, to: current.cpuNanos }) : 0, usageCoreNanoSeconds: current.cpuNanos, ...(cpu && { psi: cpu }) },
    memory: { ...memoryOf(time, current), ...(memory && { psi: memory }) },
    ...(io && { io: { time, psi: io } }),
    ...(swapBytes !== undefined && { swap: { time, ...(swapLimitBytes !== undefined && { swapAvailableBytes: Math.max(0, swapLimitBytes - swapBytes) }), swapUsageBytes: swapBytes } }),
  }
}

const memoryOf = (time: string, { memoryBytes, memoryUsageBytes = memoryBytes, memoryLimitBytes, rssBytes, pageFaults, majorPageFaults }: Usage): object => ({
  time,
  usageBytes: memoryUsageBytes,
  workingSetBytes: memoryBytes,
  ...(memoryLimitBytes !== undefined && { availableBytes: Math.max(0, memoryLimitBytes - memoryBytes) }),
  ...(rssBytes !== undefined && { rssBytes }),
  ...(pageFaults !== undefined && { pageFaults }),
  ...(majorPageFaults !== undefined && { majorPageFaults }),
})

/** The first device is the one that pods and nodes are reached by. */
function networkOf(time: string, devices: readonly DeviceTraffic[]): object {
  const first = devices.find(({ name }) => name === 'eth0') ?? devices[0]
  return { time, ...first, interfaces: devices }
}

const diskOf = (time: string, { bytes, inodes }: DiskSpace): object => ({
  time,
  availableBytes: bytes.available,
  capacityBytes: bytes.capacity,
  usedBytes: bytes.capacity - bytes.available,
  ...(inodes && { inodesFree: inodes.available, inodes: inodes.capacity, inodesUsed: inodes.capacity - inodes.available }),
})

/** A part of a disk that is used: what is left is everybody's. */
const partOf = (time: string, room: DiskSpace | undefined, { bytes, inodes }: Pick<VolumeUse, 'bytes' | 'inodes'> = { bytes: 0, inodes: 0 }): object => ({
  time,
  ...(room && { availableBytes: room.bytes.available, capacityBytes: room.bytes.capacity }),
  usedBytes: bytes,
  ...(room?.inodes && { inodesFree: room.inodes.available, inodes: room.inodes.capacity }),
  ...(inodes !== undefined && { inodesUsed: inodes }),
})

/** Billionths of a processor, on average between the two moments. */
function nanoCores(before: UsageSample, now: UsageSample, { from, to }: { readonly from: number; readonly to: number }): number {
  const ms = now.atMs - before.atMs
  return ms <= 0 ? 0 : Math.max(0, Math.round(((to - from) / ms) * 1000))
}
