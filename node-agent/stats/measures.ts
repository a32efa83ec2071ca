import type { Cgroups } from '../cgroups/port.ts'
import type { Observations } from '../eviction/decide.ts'
import type { EvictionMeasures } from '../eviction/port.ts'
import { diskUse } from '../host/disk-use.ts'
import { diskRoom, memoryRoom, processRoom, type Room } from '../host/room.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Snapshots } from '../snapshots/port.ts'
import { podStorage } from './storage.ts'

export interface MeasuresOptions {
  readonly cgroups: Pick<Cgroups, 'usage' | 'podPath'>
  readonly snapshots: Pick<Snapshots, 'usage'>
  readonly logFolder: string
  /** Logs, layers and volumes of pods are below it. */
  readonly stateFolder: string
  readonly imageFolder: string
  /** One of several machines on its host: what others use of the host is no want of this one. */
  readonly share?: HostShare | undefined
  readonly clock: Clock
}

/** What a machine has that is made of a part of its host. */
export interface HostShare {
  /** In which everything of the machine is. */
  readonly cgroup: string
  readonly memoryBytes: number
  readonly storageBytes: number
}

/** How long a walk through all folders of the machine counts, while it finds that a quarter is free. */
const WALK_AGAIN_MS = 60_000

/** What is measured for evictions, from the kernel. */
export function hostMeasures(options: MeasuresOptions): EvictionMeasures {
  const { cgroups, share } = options
  const observe = share ? shareOfHost(options, share) : () => wholeHost(options)
  return {
    observe,
    async use({ pod, record }) {
      const path = cgroups.podPath(pod.metadata.uid ?? '')
      const [whole, storage] = await Promise.all([cgroups.usage(path), podStorage(options, { pod, record })])
      if (whole === undefined) return undefined
      const containers = await Promise.all([...storage.ids].map(async ([name, id]) => ({ name, memoryBytes: (await cgroups.usage(`${path}/${id}`))?.memoryBytes, storageBytes: storage.containers.get(name) })))
      return { memoryBytes: whole.memoryBytes, processes: whole.processes, storageBytes: storage.diskBytes, inodes: storage.inodes, containers }
    },
    storage: (seen) => podStorage(options, seen),
  }
}

async function wholeHost({ stateFolder, imageFolder }: MeasuresOptions): Promise<Observations> {
  const [memory, node, images, pids] = await Promise.all([memoryRoom(), diskRoom(stateFolder), diskRoom(imageFolder), processRoom()])
  return {
    'memory.available': memory,
    'nodefs.available': node.bytes,
    'imagefs.available': images.bytes,
    'pid.available': pids,
    ...(node.inodes && { 'nodefs.inodesFree': node.inodes }),
    ...(images.inodes && { 'imagefs.inodesFree': images.inodes }),
  }
}

/**
 * What the machine itself uses is held against what it has. Files are not counted one by one while all that is used on the whole file system, by
 * whomever, would still leave enough.
 */
function shareOfHost({ cgroups, stateFolder, clock }: MeasuresOptions, { cgroup, memoryBytes, storageBytes }: HostShare): () => Promise<Observations> {
  let walked: { readonly atMs: number; readonly bytes: number } | undefined
  const storageRoom = async (): Promise<Room> => {
    const { bytes } = await diskRoom(stateFolder)
    const atMost = storageBytes - (bytes.capacity - bytes.available)
    if (atMost > storageBytes / 2) return { available: atMost, capacity: storageBytes }
    if (walked === undefined || walked.bytes > (storageBytes * 3) / 4 || clock.monotonicMs() - walked.atMs > WALK_AGAIN_MS) walked = { bytes: (await diskUse(stateFolder)).bytes, atMs: clock.monotonicMs() }
    return { available: Math.max(0, storageBytes - walked.bytes), capacity: storageBytes }
  }
  return async () => {
    const [use, storage, pids] = await Promise.all([cgroups.usage(cgroup), storageRoom(), processRoom()])
    return {
      'nodefs.available': storage,
      ...(use && { 'memory.available': { available: Math.max(0, memoryBytes - use.memoryBytes), capacity: memoryBytes } }),
      ...(use?.processes !== undefined && { 'pid.available': { available: Math.max(0, pids.capacity - use.processes), capacity: pids.capacity } }),
    }
  }
}
