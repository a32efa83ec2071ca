import { chmod, chown, mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { EmptyDirVolumeSource, Pod } from '../../shared/model/gen/api.ts'
import { quantityValue } from '../../shared/model/quantity.ts'
import { unlessMissing } from '../host/errno.ts'
import { exists, removeTree } from '../host/files.ts'
import type { Mounts } from '../host/mounts.ts'

/** Read and write for everybody, and with a group its own bit besides: what kubelet gives. */
const OPEN = 0o777
const SETGID = 0o2000
const STICKY = 0o1000

export interface Ownership {
  readonly fsGroup: number | undefined
  /** As the root of a tmpfs has it. */
  readonly sticky?: boolean
}

/** A plain folder: complete from the moment it is there, because it is renamed into place. */
export async function makeFolder(path: string, ownership: Ownership): Promise<void> {
  if (await exists(path)) return
  const staged = `${path}.making`
  await removeTree(staged)
  await mkdir(staged, { recursive: true })
  if (ownership.fsGroup !== undefined) await chown(staged, 0, ownership.fsGroup)
  await chmod(staged, modeOf(ownership))
  await rename(staged, path)
}

const modeOf = ({ fsGroup, sticky }: Ownership): number => OPEN | (sticky === true ? STICKY : 0) | (fsGroup === undefined ? 0 : SETGID)

export interface MemoryFolder {
  readonly path: string
  readonly fsGroup: number | undefined
  readonly sizeBytes: number | undefined
}

/** A folder in memory, mounted once; owner and mode come with the mount, so it is never there without them. */
export async function makeMemoryFolder(mounts: Mounts, { path, fsGroup, sizeBytes }: MemoryFolder): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 })
  if (await isMountPoint(path)) return
  const options = [`mode=${modeOf({ fsGroup, sticky: true }).toString(8)}`, ...(fsGroup === undefined ? [] : [`gid=${fsGroup}`]), ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])]
  await mounts.mount({ type: 'tmpfs', source: 'tmpfs', target: path, data: options.join(',') })
}

/** What is mounted is on another device than the folder around it. */
export async function isMountPoint(path: string): Promise<boolean> {
  const [inside, outside] = await Promise.all([unlessMissing(stat(path)), unlessMissing(stat(dirname(path)))])
  return inside !== undefined && inside.dev !== outside?.dev
}

/** The smaller of what the volume may hold and what the pod may use: memory written to it counts as the pod's. */
export function memoryLimitBytes(pod: Pod, { sizeLimit }: EmptyDirVolumeSource): number | undefined {
  const limits = (pod.spec?.containers ?? []).map(({ resources }) => bytesOf(resources?.limits?.['memory']))
  const podLimit = limits.includes(0) ? 0 : limits.reduce((sum, limit) => sum + limit, 0)
  const bounds = [bytesOf(sizeLimit), podLimit].filter((bytes) => bytes > 0)
  return bounds.length === 0 ? undefined : Math.min(...bounds)
}

/** 0 where nothing is said. */
const bytesOf = (quantity: string | number | undefined): number => (quantity === undefined ? 0 : quantityValue(String(quantity)))
