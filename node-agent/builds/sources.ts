import { lstat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { globOf } from '../../shared/model/dockerfile/glob.ts'
import { unlessMissing } from '../host/errno.ts'
import { namesIn } from '../host/files.ts'
import { resolveInside } from '../host/files-scoped.ts'

/** Where files are copied from: a folder that nobody changes meanwhile, taken for `/`. */
export interface SourceRoot {
  readonly folder: string
  /** For messages: `the context`, `the stage build`. */
  readonly title: string
}

export interface Found {
  /** On the host; no link leads out of its root. */
  readonly path: string
  /** What it is called where it is put. */
  readonly name: string
  /** From the root, without a slash in front. */
  readonly way: string
  readonly isFolder: boolean
  /** It came from an address: `way` is that. */
  readonly isFetched?: true
}

/** Most names a pattern is held against in one folder after another. */
const MAX_DEPTH = 64

/** What a source names: one file or folder, or all that a pattern fits. A link that is named itself is followed within the root. Throws Fault('invalid' | 'not-found'). */
export async function findSources(root: SourceRoot, source: string): Promise<readonly Found[]> {
  const parts = partsOf(source)
  if (!/[*?[\\]/.test(source)) return [await foundAt(root, parts.join('/'), source)]
  let ways: readonly string[] = ['']
  // Each of them once, however many ways a pattern leads there.
  for (const part of parts) ways = [...new Set(part === '**' ? await below(root, ways) : await matching(root, ways, part))]
  return await Promise.all(ways.map((way) => foundAt(root, way, source)))
}

/** Slashes and dots are cleaned up; a way out is refused in Docker's words. */
function partsOf(source: string): readonly string[] {
  const parts: string[] = []
  for (const part of source.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) throw new Fault('invalid', `forbidden path outside the build context: ${source}`)
  }
  return parts
}

async function foundAt({ folder, title }: SourceRoot, way: string, source: string): Promise<Found> {
  const path = await resolveInside(folder, way)
  const about = await unlessMissing(lstat(path))
  if (about === undefined) throw new Fault('not-found', `${JSON.stringify(`/${way}`)} is not in ${title}${title === 'the context' ? ' (or .dockerignore leaves it out)' : ''}: ${source}`)
  return { path, name: basename(way), way, isFolder: about.isDirectory() }
}

async function matching({ folder }: SourceRoot, ways: readonly string[], part: string): Promise<readonly string[]> {
  const pattern = globOf(part)
  const found = await Promise.all(ways.map(async (way) => (await folderNames(folder, way)).filter((name) => pattern.test(name)).map((name) => (way === '' ? name : `${way}/${name}`))))
  return found.flat()
}

/** The folders themselves and all in them. */
async function below({ folder }: SourceRoot, ways: readonly string[]): Promise<readonly string[]> {
  const found = [...ways]
  const walk = async (way: string, depth: number): Promise<void> => {
    for (const name of depth > MAX_DEPTH ? [] : await folderNames(folder, way)) {
      const path = way === '' ? name : `${way}/${name}`
      const about = await unlessMissing(lstat(join(folder, path)))
      if (about?.isDirectory() !== true) continue
      found.push(path)
      await walk(path, depth + 1)
    }
  }
  for (const way of ways) await walk(way, 0)
  return found
}

async function folderNames(root: string, way: string): Promise<readonly string[]> {
  const path = await resolveInside(root, way)
  return (await unlessMissing(lstat(path)))?.isDirectory() === true ? (await namesIn(path)).toSorted() : []
}

/** The folder a source lies in, from its root. */
export const folderOf = ({ way }: Found): string => relative('/', join('/', way, '..'))
