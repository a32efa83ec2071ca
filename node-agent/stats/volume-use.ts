import type { Pod, Volume } from '../../shared/model/gen/api.ts'
import { claimNameOf } from '../../shared/model/volume-claims.ts'
import type { SeenPod } from '../eviction/port.ts'
import { diskUse } from '../host/disk-use.ts'
import { diskRoom } from '../host/room.ts'
import type { DiskSpace } from './node-use.ts'

/** What lies in one volume of a pod, and the file system it lies on. */
export interface VolumeUse {
  readonly name: string
  readonly bytes: number
  readonly inodes: number | undefined
  readonly room: DiskSpace
  /** In the pod's namespace. */
  readonly claim?: string | undefined
}

/**
 * Of each volume that kubelet measures: files of the pod's own are counted one by one, of a claim's volume the file system tells. Of images and folders of
 * the host nothing is told. What cannot be looked at is left out.
 */
export async function volumeUses({ pod, record }: SeenPod): Promise<readonly VolumeUse[]> {
  const paths = record.volumes.kind === 'ready' ? record.volumes.paths : {}
  const told = await Promise.all(
    (pod.spec?.volumes ?? []).map(async (volume) => {
      const path = paths[volume.name]
      return path === undefined || !isMeasured(pod, volume) ? [] : [await useOf(pod, volume, path)].filter((one) => one !== undefined)
    }),
  )
  return told.flat()
}

const isMeasured = (pod: Pod, volume: Volume): boolean => claimNameOf(pod, volume) !== undefined || [volume.emptyDir, volume.configMap, volume.secret, volume.downwardAPI, volume.projected].some((source) => source !== undefined)

async function useOf(pod: Pod, volume: Volume, path: string): Promise<VolumeUse | undefined> {
  const { name } = volume
  const claim = claimNameOf(pod, volume)
  try {
    const room = await diskRoom(path)
    if (claim !== undefined) return { name, claim, bytes: room.bytes.capacity - room.bytes.available, inodes: room.inodes && room.inodes.capacity - room.inodes.available, room }
    return { name, ...(await diskUse(path)), room }
  } catch {
    return undefined
  }
}
