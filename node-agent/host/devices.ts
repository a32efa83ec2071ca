import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostDevice } from './device.ts'
import { unlessMissing } from './errno.ts'

/** Every container has its own of these. */
const OWN_FOLDERS = new Set(['pts', 'shm', 'fd', 'mqueue'])
const OWN_FILES = new Set(['console', 'ptmx'])

/** All devices below `/dev` (containerd gives a privileged container just these), in the order of their paths. */
export async function hostDevices(folder = '/dev', isRoot = true): Promise<readonly HostDevice[]> {
  const entries = (await unlessMissing(readdir(folder, { withFileTypes: true }))) ?? []
  const found = await Promise.all(
    entries.map(async (entry): Promise<readonly HostDevice[]> => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return isRoot && OWN_FOLDERS.has(entry.name) ? [] : hostDevices(path, false)
      if (!(entry.isCharacterDevice() || entry.isBlockDevice()) || (isRoot && OWN_FILES.has(entry.name))) return []
      // It may be unplugged meanwhile.
      const stats = await unlessMissing(lstat(path))
      return stats === undefined ? [] : [{ path, kind: stats.isBlockDevice() ? 'block' : 'char', major: majorOf(stats.rdev), minor: minorOf(stats.rdev), mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid }]
    }),
  )
  return found.flat().sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The kernel's packing of a device number (glibc's `gnu_dev_major` and `gnu_dev_minor`); the high parts lie beyond what fits 32 bits. */
const majorOf = (device: number): number => (Math.floor(device / 256) % 4096) + Math.floor(device / 2 ** 44) * 4096
const minorOf = (device: number): number => (device % 256) + (Math.floor(device / 2 ** 20) % 2 ** 24) * 256
