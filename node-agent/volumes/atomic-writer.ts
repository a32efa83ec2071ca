import { randomBytes } from 'node:crypto'
import { chmod, lchown, lstat, mkdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { allDone } from '../../shared/kit/all-done.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { unlessMissing } from '../host/errno.ts'
import { namesIn, removeTree } from '../host/files.ts'
import type { FileContent, Payload } from './payload.ts'

const DATA = '..data'
const NEXT = '..data_tmp'

export interface WriteOptions {
  /** Names the folder of this version, as kubelet does: by time. */
  readonly nowMs: number
  /** The pod's fsGroup: owns everything. */
  readonly fsGroup?: number | undefined
}

/**
 * Replaces all files of a volume in one step. The layout is the one that programs have learned to watch:
 * `KEY → ..data/KEY`, `..data → ..2026_11_21_14_28_00.123456` (a folder that is never changed), and `..data` is swapped by rename.
 * Answers whether anything changed. A reader that holds the old folder open reads on; it is deleted.
 */
export async function writeAtomically(folder: string, payload: Payload, options: WriteOptions): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path)
  const before = await currentVersion(folder)
  if (before !== undefined && (await isSame(join(folder, before), payload))) {
    await ensureLinks(folder, payload)
    return false
  }
  const version = `..${timestamp(options.nowMs)}.${randomBytes(4).readUInt32BE().toString().padStart(10, '0')}`
  await writeVersion(join(folder, version), payload, options)
  await rm(join(folder, NEXT), { force: true })
  await symlink(version, join(folder, NEXT))
  await rename(join(folder, NEXT), join(folder, DATA))
  await ensureLinks(folder, payload, options.fsGroup)
  await removeStrangers(folder, payload, version)
  return true
}

/** Bytes of a file as it stands in the volume now. */
export const currentFile = (folder: string, path: string): Promise<Uint8Array | undefined> => unlessMissing(readFile(join(folder, DATA, path)))

async function currentVersion(folder: string): Promise<string | undefined> {
  const target = await unlessMissing(readlink(join(folder, DATA)))
  return target === undefined || target.includes('/') ? undefined : target
}

function checkPath(path: string): void {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/') || parts.some((part) => part === '..' || part === '') || path.startsWith('..')) throw new Fault('invalid', `invalid path ${JSON.stringify(path)} in a volume`)
}

async function isSame(version: string, payload: Payload): Promise<boolean> {
  const there = await filesBelow(version, '')
  if (there.length !== payload.size) return false
  for (const path of there) {
    const wanted = payload.get(path)
    if (wanted === undefined || !(await hasContent(join(version, path), wanted))) return false
  }
  return true
}

async function hasContent(path: string, { bytes, mode }: FileContent): Promise<boolean> {
  const about = await unlessMissing(stat(path))
  // The pod's group may have been given more rights since.
  if (about === undefined || about.size !== bytes.length || (about.mode & mode) !== mode) return false
  return (await readFile(path)).equals(bytes)
}

async function filesBelow(root: string, way: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of await namesIn(join(root, way))) {
    const path = way === '' ? name : `${way}/${name}`
    if ((await lstat(join(root, path))).isDirectory()) found.push(...(await filesBelow(root, path)))
    else found.push(path)
  }
  return found
}

async function writeVersion(version: string, payload: Payload, { fsGroup }: WriteOptions): Promise<void> {
  await makeFolder(version, fsGroup)
  const made = new Set<string>()
  for (const path of payload.keys()) {
    const parts = path.split('/').slice(0, -1)
    for (const [at] of parts.entries()) {
      const way = parts.slice(0, at + 1).join('/')
      if (!made.has(way)) await makeFolder(join(version, way), fsGroup)
      made.add(way)
    }
  }
  await Promise.all([...payload].map(([path, content]) => writeContent(join(version, path), content, fsGroup)))
}

/** Group rights as kubelet gives them for a volume that containers may only read. */
const GROUP_READ = 0o440
const GROUP_FOLDER = 0o2550

async function makeFolder(path: string, fsGroup: number | undefined): Promise<void> {
  await mkdir(path, { mode: 0o755 })
  if (fsGroup !== undefined) await lchown(path, 0, fsGroup)
  await chmod(path, fsGroup === undefined ? 0o755 : 0o755 | GROUP_FOLDER)
}

async function writeContent(path: string, { bytes, mode, uid }: FileContent, fsGroup: number | undefined): Promise<void> {
  await writeFile(path, bytes, { mode: 0o600 })
  if (uid !== undefined || fsGroup !== undefined) await lchown(path, uid ?? 0, fsGroup ?? 0)
  await chmod(path, fsGroup === undefined ? mode : mode | GROUP_READ)
}

const topOf = (path: string): string => path.split('/')[0] ?? path

async function ensureLinks(folder: string, payload: Payload, fsGroup?: number): Promise<void> {
  await allDone([...new Set([...payload.keys()].map(topOf))].map((name) => ensureLink(folder, name, fsGroup)))
}

async function ensureLink(folder: string, name: string, fsGroup: number | undefined): Promise<void> {
  const path = join(folder, name)
  const target = `${DATA}/${name}`
  if ((await unlessMissing(readlink(path).catch(notALink))) === target) return
  await removeTree(path)
  await symlink(target, path)
  if (fsGroup !== undefined) await lchown(path, 0, fsGroup)
}

const notALink = (error: unknown): string => {
  if ((error as NodeJS.ErrnoException).code === 'EINVAL') return ''
  throw error
}

/** Links of keys that are gone, and older versions (also half-written ones of an agent that died). */
async function removeStrangers(folder: string, payload: Payload, version: string): Promise<void> {
  const wanted = new Set([DATA, version, ...[...payload.keys()].map(topOf)])
  for (const name of await namesIn(folder)) if (!wanted.has(name)) await removeTree(join(folder, name))
}

/** `2026_11_21_14_28_00`, in UTC. */
const timestamp = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 19).replace(/[-T:]/g, '_')
