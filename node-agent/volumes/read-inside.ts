import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { relative } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { errnoOf } from '../host/errno.ts'
import { resolveInside } from '../host/files-scoped.ts'
import { stepInside } from './sub-path.ts'

/** O_PATH: names a file without opening it. Node has no name for it. */
const NO_FOLLOW = 0o10000000 | constants.O_NOFOLLOW

/**
 * Text of a file in a tree that somebody else filled: a volume, an image. Links are followed as if the tree were all there is, and nothing but a regular file
 * is opened: a pipe would hold whoever reads it, a device do what devices do. Containers may change the tree meanwhile: a link that comes into the way is refused.
 *
 * @returns undefined where there is none. Throws Fault('invalid') where it is no regular file, or larger than `mostBytes`.
 */
export async function readInside(root: string, path: string, mostBytes: number): Promise<string | undefined> {
  const there = await resolveInside(root, path)
  const fd = openInside(root, relative(root, there).split('/').filter((name) => name !== ''))
  if (fd === undefined) return undefined
  try {
    const about = fstatSync(fd)
    if (!about.isFile()) throw new Fault('invalid', `${path} is no regular file`)
    if (about.size > mostBytes) throw new Fault('invalid', `${path} is larger than ${mostBytes} bytes`)
    return await textOf(fd, about.size)
  } finally {
    closeSync(fd)
  }
}

function openInside(root: string, names: readonly string[]): number | undefined {
  let at: number | undefined
  try {
    at = openSync(root, NO_FOLLOW | constants.O_DIRECTORY)
    for (const name of names) at = stepInside(at, name)
    return at
  } catch (error) {
    if (at !== undefined) closeSync(at)
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function textOf(fd: number, bytes: number): Promise<string> {
  const file = await open(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const buffer = Buffer.alloc(bytes)
    let size = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, size, bytes - size, size)
      size += bytesRead
      if (bytesRead === 0 || size === bytes) return buffer.toString('utf8', 0, size)
    }
  } finally {
    await file.close()
  }
}
