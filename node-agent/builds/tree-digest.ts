import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { IgnoreRules } from '../../shared/model/dockerfile/ignore.ts'
import { namesIn } from '../host/files.ts'
import { type Digest, digestOf } from '../images/digest.ts'

export interface DigestOptions {
  /** Files of the context belong to nobody in particular; those of an image have their owners. */
  readonly withOwners: boolean
  /** Left out; paths from the folder. */
  readonly excluded: IgnoreRules
}

/** What is in a file or folder: names, kinds, modes and contents, and no times. The same files have the same digest wherever they are. */
export async function treeDigest(path: string, options: DigestOptions): Promise<Digest> {
  const lines: string[] = []
  await addTo(lines, { path, way: '' }, options)
  return digestOf(lines.join('\n'))
}

interface Place {
  readonly path: string
  readonly way: string
}

async function addTo(lines: string[], { path, way }: Place, options: DigestOptions): Promise<void> {
  const about = await lstat(path)
  lines.push(JSON.stringify([way, about.mode, ...(options.withOwners ? [about.uid, about.gid] : []), await contentOf(path, about)]))
  if (!about.isDirectory()) return
  for (const name of (await namesIn(path)).toSorted()) {
    const child = way === '' ? name : `${way}/${name}`
    if (options.excluded.ignores(child) && !options.excluded.hasExceptions) continue
    await addTo(lines, { path: join(path, name), way: child }, options)
  }
}

async function contentOf(path: string, about: Stats): Promise<string | number> {
  if (about.isSymbolicLink()) return await readlink(path)
  if (!about.isFile()) return about.rdev
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
