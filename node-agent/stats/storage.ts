import { dirname } from 'node:path'
import type { SeenPod } from '../eviction/port.ts'
import { isOnDisk, type LocalStorage } from '../eviction/local-storage.ts'
import { diskUse, type DiskUse } from '../host/disk-use.ts'
import { containerLogPath } from '../pods/paths.ts'
import { containerRecord, containersOf, type ContainerRecord } from '../pods/record.ts'
import type { Snapshots } from '../snapshots/port.ts'

export interface StorageFolders {
  readonly snapshots: Pick<Snapshots, 'usage'>
  readonly logFolder: string
}

export interface PodStorage extends LocalStorage {
  /** Of the containers that have a layer of their own now, by name. */
  readonly ids: ReadonlyMap<string, string>
  /** What each wrote into its own layer, and into its logs. */
  readonly layers: ReadonlyMap<string, DiskUse>
  readonly logs: ReadonlyMap<string, DiskUse>
  /** All of it that lies on disk. */
  readonly diskBytes: number
  readonly inodes: number
}

const layerOf = ({ now }: ContainerRecord): string | undefined => (now.kind === 'running' ? now.id : now.kind === 'exited' && !now.deleted && now.ended.id !== '' ? now.ended.id : undefined)

/** What a pod has written: each of its emptyDirs, each container's layer and logs. Walks through the folders. */
export async function podStorage({ snapshots, logFolder }: StorageFolders, { pod, record }: SeenPod): Promise<PodStorage> {
  const ids = new Map(containersOf(pod).flatMap(({ spec }): ReadonlyArray<readonly [string, string]> => {
    const id = layerOf(containerRecord(record, spec.name))
    return id === undefined ? [] : [[spec.name, id]]
  }))
  const paths = record.volumes.kind === 'ready' ? record.volumes.paths : {}
  const emptyDirs = (pod.spec?.volumes ?? []).flatMap(({ name, emptyDir }) => (emptyDir === undefined || paths[name] === undefined ? [] : [{ name, path: paths[name], isOnDisk: isOnDisk(emptyDir) }]))
  const [layers, logs, volumes] = await Promise.all([
    Promise.all([...ids].map(async ([name, id]) => [name, await snapshots.usage(id)] as const)),
    Promise.all([...ids.keys()].map(async (name) => [name, await diskUse(dirname(containerLogPath(logFolder, pod, { container: name, attempt: 0 })))] as const)),
    Promise.all(emptyDirs.map(async ({ path, ...volume }) => ({ ...volume, use: await diskUse(path) }))),
  ])
  const logUse = new Map(logs)
  const onDisk = volumes.filter((volume) => volume.isOnDisk)
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
  return {
    ids,
    layers: new Map(layers),
    logs: logUse,
    volumes: new Map(volumes.map(({ name, use }) => [name, use.bytes])),
    containers: new Map(layers.map(([name, { bytes }]) => [name, bytes + (logUse.get(name)?.bytes ?? 0)])),
    diskBytes: sum([...layers.map(([, { bytes }]) => bytes), ...logs.map(([, { bytes }]) => bytes), ...onDisk.map(({ use }) => use.bytes)]),
    inodes: sum([...logs.map(([, { inodes }]) => inodes), ...onDisk.map(({ use }) => use.inodes)]),
  }
}
