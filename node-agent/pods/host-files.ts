import { constants } from 'node:fs'
import { appendFile, chmod, open, readFile, rm } from 'node:fs/promises'
import { hostDevices } from '../host/devices.ts'
import { unlessMissing } from '../host/errno.ts'
import { ensureFolder, namesIn } from '../host/files.ts'
import type { Mounts } from '../host/mounts.ts'
import { pinPodNamespaces } from '../host/pod-namespaces.ts'
import { replaceFile } from '../host/replace-file.ts'
import { knowsLabel } from '../host/se-linux.ts'
import { signalNumber } from '../host/signals.ts'
import { parseUserDatabase } from '../runtime/oci-user.ts'
import { bindSubPath, readInside } from '../volumes/volumes.ts'
import { whyNotUnder } from './app-armor.ts'
import type { PodFiles } from './files-port.ts'

/** A file of variables (`fileKeyRef`). */
const MOST_VARIABLES_BYTES = 1024 * 1024
/** `/etc/passwd` and `/etc/group` of an image. */
const MOST_USERS_BYTES = 8 * 1024 * 1024

/** The files of pods on a real host. */
export function hostPodFiles(mounts: Mounts): PodFiles {
  const read = async (path: string): Promise<string | undefined> => unlessMissing(readFile(path, 'utf8'))
  return {
    write: (path, text, mode) => writeWithMode(path, text, mode ?? 0o600),
    append: (path, text) => appendFile(path, text, { flag: constants.O_WRONLY | constants.O_APPEND }),
    read,
    readInside: (volume, path) => readInside(volume, path, MOST_VARIABLES_BYTES),
    readTail,
    remove: (path) => rm(path, { recursive: true, force: true }),
    names: namesIn,
    subPath: (part) => bindSubPath(mounts, part),
    async users(rootfs) {
      const [passwd, group] = await Promise.all(['/etc/passwd', '/etc/group'].map(async (path) => (await readInside(rootfs, path, MOST_USERS_BYTES)) ?? ''))
      return parseUserDatabase(passwd ?? '', group ?? '')
    },
    devices: () => hostDevices(),
    signalNumber,
    async mountShm(path) {
      if ((await mounts.list()).some((point) => point.target === path)) return
      await ensureFolder(path)
      await mounts.mount({ type: 'tmpfs', source: 'shm', target: path, data: 'mode=1777,size=65536k', flags: ['nosuid', 'nodev', 'noexec'] })
    },
    pinNamespaces: (folder, usersPath) => pinPodNamespaces(mounts, { folder, usersPath }),
    whyNotUnder,
    knowsLabel,
  }
}

/** The mode of a new file is cut by this process's umask; what containers write needs its full one. */
async function writeWithMode(path: string, text: string, mode: number): Promise<void> {
  await replaceFile(path, text, mode)
  if ((mode & 0o022) !== 0) await chmod(path, mode)
}

async function readTail(path: string, bytes: number): Promise<string | undefined> {
  const file = await unlessMissing(open(path, 'r'))
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await file.read(buffer, 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
