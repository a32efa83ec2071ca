import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf, unlessMissing } from './errno.ts'

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
 * Deletes a tree without ever leaving its file system: what is still mounted inside stays whole, and the removal fails with EBUSY or
 * ENOTEMPTY instead of emptying somebody's volume. Symlinks are removed, not followed.
 */
export async function removeTree(path: string): Promise<void> {
  const root = await unlessMissing(lstat(path))
  if (root === undefined) return
  if (root.isDirectory()) await removeFolder(path, root.dev)
  else await unlink(path)
}

async function removeFolder(path: string, device: number): Promise<void> {
  for (const entry of (await unlessMissing(readdir(path, { withFileTypes: true }))) ?? []) {
    const child = join(path, entry.name)
    if (!entry.isDirectory()) await unlessMissing(unlink(child))
    else if ((await unlessMissing(lstat(child)))?.dev === device) await removeFolder(child, device)
  }
  await unlessMissing(rmdir(path))
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

/** Bytes on disk below a folder, counted by blocks as `du` does, each file once. */
export async function usedBytes(folder: string): Promise<number> {
  const seen = new Set<number>()
  let blocks = 0
  const waiting = [folder]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const at = next
    const about = await unlessMissing(lstat(at))
    if (about === undefined || seen.has(about.ino)) continue
    seen.add(about.ino)
    blocks += about.blocks
    if (about.isDirectory()) for (const name of await namesIn(at)) waiting.push(join(at, name))
  }
  return blocks * 512
}

/** Whether `path` is there and is a folder (symlinks followed). */
export const isFolder = async (path: string): Promise<boolean> => (await unlessMissing(stat(path)))?.isDirectory() === true
