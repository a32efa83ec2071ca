import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { lstat, mkdir, readlink, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pid } from 'node:process'
import { Fault } from '../../shared/kit/faults.ts'
import { errnoOf, faultOfSystemError, unlessMissing } from '../host/errno.ts'
import { exists } from '../host/files.ts'
import type { Mounts } from '../host/mounts.ts'

/**
 * A part of a volume, for one mount of one container. Other containers of the pod may change the volume at the same time, links and all, and
 * must not lead this one out of it: so the way is looked up once, checked, and then walked again with open folders, following no link.
 */
export interface SubPathRequest {
  /** The volume on the host. */
  readonly volume: string
  readonly subPath: string
  /** Nothing is made: Throws Fault('not-found') where it is not there. Links that are absolute lead out of the volume then, wherever they lead. */
  readonly mustExist?: boolean
}

/** O_PATH: names a file without opening it. Node has no name for it. */
const O_PATH = 0o10000000
const NO_FOLLOW = O_PATH | constants.O_NOFOLLOW
/** So many links are followed for one path: as many as the kernel follows. */
const MAX_LINKS = 40

/**
 * Mounts the part at `target` (a folder of the pod's), where nobody else can change what it leads to. What was mounted there before is replaced.
 * Throws Fault('invalid') where the sub path leads out of the volume.
 */
export async function bindSubPath(mounts: Mounts, request: SubPathRequest & { readonly target: string }): Promise<string> {
  const { target } = request
  const fd = await openSubPath(request)
  try {
    const isFolder = fstatSync(fd).isDirectory()
    await mounts.unmount(target)
    await mkdir(isFolder ? target : dirname(target), { recursive: true, mode: 0o750 })
    if (!isFolder && !(await exists(target))) await writeFile(target, '', { mode: 0o640 })
    await mounts.bind(`/proc/${pid}/fd/${fd}`, target)
    return target
  } finally {
    closeSync(fd)
  }
}

/** The real path of the part, made as a folder where it is missing. Safe at this moment: use {@link bindSubPath} where containers run already. */
export async function makeSubPath(request: SubPathRequest): Promise<string> {
  const fd = await openSubPath(request)
  try {
    return await realpath(`/proc/self/fd/${fd}`)
  } finally {
    closeSync(fd)
  }
}

async function openSubPath({ volume, subPath, mustExist }: SubPathRequest): Promise<number> {
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.')
  if (subPath.startsWith('/') || parts.includes('..')) throw outside(subPath)
  const root = await realpath(volume)
  try {
    const { way, missing } = await (mustExist === true ? wayInside : wayOnHost)(root, parts)
    if (way[0] === '..') throw outside(subPath)
    if (mustExist === true && missing.length > 0) throw new Fault('not-found', `there is no ${subPath} in it`)
    return walk(root, way, missing)
  } catch (error) {
    throw error instanceof Fault ? error : faultOfSystemError(error, `cannot open sub path ${JSON.stringify(subPath)}`)
  }
}

/** The longest part that is there, from the root and without links, and the names after it. */
interface Way {
  readonly way: readonly string[]
  readonly missing: readonly string[]
}

/** With its links resolved as the host does it, as kubelet has it. Begins with `..` where it leads out. */
async function wayOnHost(root: string, parts: readonly string[]): Promise<Way> {
  for (let count = parts.length; count > 0; count--) {
    const there = await unlessMissing(realpath(join(root, ...parts.slice(0, count))))
    if (there !== undefined) return { way: relative(root, there).split('/').filter((part) => part !== ''), missing: parts.slice(count) }
  }
  return { way: [], missing: parts }
}

/** With links that stay inside. The others are not followed at all: what is on the host makes no difference to what the owner of the tree is told. */
async function wayInside(root: string, parts: readonly string[]): Promise<Way> {
  const way: string[] = []
  const waiting = parts.toReversed()
  let links = 0
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (way.pop() === undefined) throw outside(parts.join('/'))
      continue
    }
    const path = join(root, ...way, name)
    const about = await unlessMissing(lstat(path))
    if (about === undefined) return { way, missing: [name, ...waiting.toReversed()] }
    if (!about.isSymbolicLink()) {
      way.push(name)
      continue
    }
    const link = await readlink(path)
    if (link.startsWith('/') || ++links > MAX_LINKS) throw outside(parts.join('/'))
    waiting.push(...link.split('/').reverse())
  }
  return { way, missing: [] }
}

function walk(root: string, way: readonly string[], missing: readonly string[]): number {
  let at = openSync(root, NO_FOLLOW | constants.O_DIRECTORY)
  try {
    const mode = fstatSync(at).mode & 0o7777
    for (const name of way) at = stepInside(at, name)
    for (const name of missing) {
      makeFolder(at, name, mode)
      at = stepInside(at, name)
    }
    return at
  } catch (error) {
    closeSync(at)
    throw error
  }
}

/** Opens a name inside an open folder (by O_PATH), closes the folder; not where it throws. A link opened so is itself, and is refused. */
export function stepInside(folder: number, name: string): number {
  const next = openSync(`/proc/self/fd/${folder}/${name}`, NO_FOLLOW)
  if (fstatSync(next).isSymbolicLink()) {
    closeSync(next)
    throw outside(name)
  }
  closeSync(folder)
  return next
}

/** With the volume's own mode, as kubelet does: whoever may write to the one may write to the other. */
function makeFolder(folder: number, name: string, mode: number): void {
  try {
    mkdirSync(`/proc/self/fd/${folder}/${name}`, { mode: mode & 0o777 })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return
    throw error
  }
  const made = openSync(`/proc/self/fd/${folder}/${name}`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY)
  try {
    fchmodSync(made, mode)
  } finally {
    closeSync(made)
  }
}

const outside = (subPath: string): Fault => new Fault('invalid', `subPath ${JSON.stringify(subPath)} leads out of its volume`)
