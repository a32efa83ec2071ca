import { lstat, mkdir, open, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import type { HostPathVolumeSource } from '../../shared/model/gen/api.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import { errnoOf, unlessMissing } from '../host/errno.ts'

/** Undefined where the path is what its type promises (made, if the type says so); else kubelet's words. */
export async function checkHostPath({ path, type = '' }: HostPathVolumeSource): Promise<string | undefined> {
  const about = await unlessMissing(stat(path))
  const failed = (what: string): string => `hostPath type check failed: ${path} is not ${what}`
  switch (type) {
    case '':
      return about === undefined ? await make(() => mkdir(path, { recursive: true, mode: 0o755 })) : undefined
    case 'DirectoryOrCreate':
      if (about === undefined) return await make(() => mkdir(path, { recursive: true, mode: 0o755 }))
      return about.isDirectory() ? undefined : failed('a directory')
    case 'FileOrCreate':
      if (about === undefined) return await make(() => makeFile(path))
      return about.isFile() ? undefined : failed('a file')
    default:
      return wrongKind(type, about, failed)
  }
}

function wrongKind(type: string, about: Stats | undefined, failed: (what: string) => string): string | undefined {
  switch (type) {
    case 'Directory':
      return about?.isDirectory() === true ? undefined : failed('a directory')
    case 'File':
      return about?.isFile() === true ? undefined : failed('a file')
    case 'Socket':
      return about?.isSocket() === true ? undefined : failed('a socket file')
    case 'CharDevice':
      return about?.isCharacterDevice() === true ? undefined : failed('a character device')
    case 'BlockDevice':
      return about?.isBlockDevice() === true ? undefined : failed('a block device')
    default:
      return `hostPath type check failed: ${type} is an invalid volume type`
  }
}

async function make(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return goWords(error)
  }
}

/** As Go's library words what the kernel refused: `open /a/b: no such file or directory`. */
function goWords(error: unknown): string {
  const { syscall = '', path = '' } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const [, words] = /^\w+: ([^,]+),/.exec(messageOf(error)) ?? []
  return errnoOf(error) === undefined || words === undefined ? messageOf(error) : `${syscall} ${path}: ${words}`
}

/** Never through a link that leads nowhere yet: `wx` does not follow one. */
async function makeFile(path: string): Promise<void> {
  if ((await unlessMissing(lstat(path))) !== undefined) throw new Error(`${path} is a link that leads nowhere`)
  const file = await open(path, 'wx', 0o644)
  await file.close()
}
