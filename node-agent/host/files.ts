import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf, unlessMissing } from './errno.ts'
import { below, isLong } from './raw-path.ts'

/** Writes a file so that a reader (or a crash) sees the old or the new content, never a part. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const staged = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(staged, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.datasync()
  } finally {
    await file.close()
  }
  try {
    await rename(staged, path)
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
}

/** Whether something is there. */
export const exists = async (path: string): Promise<boolean> => (await unlessMissing(lstat(path))) !== undefined

/** Names in a folder; none where the folder is missing. */
export const namesIn = async (folder: string): Promise<readonly string[]> => (await unlessMissing(readdir(folder))) ?? []

/**
 * Deletes a tree without ever entering a mount: what is mounted at `path` or inside stays whole, also where it shows a folder of the same file system, and the
 * removal fails with EBUSY or ENOTEMPTY instead of emptying somebody's volume. Symlinks are removed, not followed. Names may be any bytes, and lie so deep that no path
 * leads to them.
 */
export async function removeTree(path: string): Promise<void> {
  const root = await unlessMissing(lstat(path))
  if (root === undefined) return
  if (!root.isDirectory()) return await unlink(path)
  const found = await removeIfEmpty(Buffer.from(path))
  if (found === 'full') await removeFolder(Buffer.from(path), root.dev)
  else if (found === 'held') throw Object.assign(new Error(`EBUSY: ${path} is not removed, because something is mounted there`), { code: 'EBUSY' })
}

/**
 * `held`: something is mounted there. Only the kernel can tell: a folder that is bound into another of its file system has the same device number. It refuses a
 * mount point before it looks whether that is empty.
 */
async function removeIfEmpty(folder: Buffer): Promise<'removed' | 'full' | 'held'> {
  try {
    await unlessMissing(rmdir(folder))
    return 'removed'
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return 'full'
    if (code === 'EBUSY') return 'held'
    throw error
  }
}

async function removeFolder(path: Buffer, device: number): Promise<void> {
  const deep: Buffer[] = []
  const lift = async (folder: Buffer): Promise<void> => {
    const to = below(path, Buffer.from(`.gantry-${randomBytes(6).toString('hex')}`))
    await rename(folder, to)
    deep.push(to)
  }
  await removeContent(path, { device, lift })
  for (let next = deep.pop(); next !== undefined; next = deep.pop()) {
    await removeContent(next, { device, lift })
    await unlessMissing(rmdir(next))
  }
  await unlessMissing(rmdir(path))
}

interface Removal {
  readonly device: number
  /** Brings a folder that is too deep to be emptied to where it can be. */
  readonly lift: (folder: Buffer) => Promise<void>
}

async function removeContent(path: Buffer, removal: Removal): Promise<void> {
  for (const entry of (await unlessMissing(readdir(path, { withFileTypes: true, encoding: 'buffer' }))) ?? []) {
    const child = below(path, entry.name)
    if (!entry.isDirectory()) await unlessMissing(unlink(child))
    else if ((await removeIfEmpty(child)) !== 'full') continue
    else if ((await unlessMissing(lstat(child)))?.dev !== removal.device) continue
    else if (isLong(child)) await removal.lift(child)
    else {
      await removeContent(child, removal)
      await unlessMissing(rmdir(child))
    }
  }
}

/** `mkdir -p` that answers whether the folder was missing. */
export async function ensureFolder(path: string, mode = 0o755): Promise<boolean> {
  return (await mkdir(path, { recursive: true, mode })) !== undefined
}

/** `rename` of a finished folder into place; false where somebody else was first (theirs stays). */
export async function renameIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

/** Whether `path` is there and is a folder (symlinks followed). */
export const isFolder = async (path: string): Promise<boolean> => (await unlessMissing(stat(path)))?.isDirectory() === true
