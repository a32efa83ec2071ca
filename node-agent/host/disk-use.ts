import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { unlessMissing } from './errno.ts'

export interface DiskUse {
  /** By blocks, as `du` counts. */
  readonly bytes: number
  readonly inodes: number
}

/** What lies below a folder, on its own file system: what is mounted inside is not counted. Each file once. Nothing for what is not there. */
export async function diskUse(folder: string): Promise<DiskUse> {
  const root = await unlessMissing(lstat(folder))
  if (root === undefined) return { bytes: 0, inodes: 0 }
  const seen = new Set<number>()
  let blocks = 0
  let inodes = 0
  const waiting = [folder]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const about = await unlessMissing(lstat(at))
    if (about === undefined || about.dev !== root.dev || (about.nlink > 1 && seen.has(about.ino))) continue
    if (!about.isDirectory() && about.nlink > 1) seen.add(about.ino)
    blocks += about.blocks
    inodes++
    if (about.isDirectory()) for (const name of await namesOf(at)) waiting.push(join(at, name))
  }
  return { bytes: blocks * 512, inodes }
}

async function namesOf(folder: string): Promise<readonly string[]> {
  const open = await unlessMissing(opendir(folder))
  const names: string[] = []
  if (open !== undefined) for await (const { name } of open) names.push(name)
  return names
}
