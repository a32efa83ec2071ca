import { constants } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { unlessMissing } from './errno.ts'
import { below, isLong } from './raw-path.ts'

export interface DiskUse {
  /** By blocks, as `du` counts. */
  readonly bytes: number
  readonly inodes: number
}

/** Folders that are held open at a time, one within the other. What is deeper than about 240 KB of path is not counted: no walk takes every file handle of its agent. */
const MOST_HELD = 64

/**
 * What lies below a folder, on its own file system: what is mounted inside is not counted. Each file once. Nothing for what is not there. However long
 * the paths are: whoever writes files says how deep they lie.
 */
export async function diskUse(folder: string): Promise<DiskUse> {
  const root = await unlessMissing(lstat(folder))
  if (root === undefined) return { bytes: 0, inodes: 0 }
  const walk: Walk = { device: root.dev, seen: new Set(), blocks: 0, inodes: 0 }
  await count(walk, Buffer.from(folder), 0)
  return { bytes: walk.blocks * 512, inodes: walk.inodes }
}

interface Walk {
  readonly device: number
  readonly seen: Set<number>
  blocks: number
  inodes: number
}

async function count(walk: Walk, folder: Buffer, held: number): Promise<void> {
  const waiting = [folder]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const about = await unlessMissing(lstat(at))
    if (about === undefined || about.dev !== walk.device || (about.nlink > 1 && walk.seen.has(about.ino))) continue
    if (!about.isDirectory() && about.nlink > 1) walk.seen.add(about.ino)
    walk.blocks += about.blocks
    walk.inodes++
    if (!about.isDirectory()) continue
    if (isLong(at)) await countHeld(walk, at, held + 1)
    else waiting.push(...(await pathsIn(at)))
  }
}

/** Reaches what is in a folder by its handle, not by its path. */
async function countHeld(walk: Walk, path: Buffer, held: number): Promise<void> {
  if (held > MOST_HELD) return
  const handle = await unlessMissing(open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW))
  if (handle === undefined) return
  try {
    for (const child of await pathsIn(Buffer.from(`/proc/self/fd/${handle.fd}`))) await count(walk, child, held)
  } finally {
    await handle.close()
  }
}

const pathsIn = async (folder: Buffer): Promise<readonly Buffer[]> => ((await unlessMissing(readdir(folder, { encoding: 'buffer' }))) ?? []).map((name) => below(folder, name))
