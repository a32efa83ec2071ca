import { chmod, chown, type FileHandle, lchown, link, lstat, lutimes, mkdir, open, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { faultOfSystemError, unlessMissing } from '../host/errno.ts'
import { removeTree } from '../host/files.ts'
import { resolveInside } from '../host/files-scoped.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import type { TarEntry } from './tar-header.ts'
import { readTar, type TarItem } from './tar-reader.ts'

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
const OPAQUE_ATTRIBUTE = 'trusted.overlay.opaque'

export interface UnpackOptions {
  /** An empty folder. */
  readonly target: string
  /**
   * Folders of the layers below, lowest first: folders that the archive leaves out take their owner and mode from there. Asked for only then, and at the end:
   * the layers below may be in the making until then.
   */
  readonly parents: () => Promise<readonly string[]>
  readonly special: SpecialFiles
  /** The archive is no layer: files called `.wh.…` are files. */
  readonly isPlain?: boolean
}

/**
 * Unpacks a layer (OCI image-spec `layer.md`) in the form overlayfs wants: deleted files are devices 0:0, replaced folders carry an attribute.
 * No entry can touch anything outside `target`. Answers whether some folder was taken from the parents (the result then belongs to them alone).
 *
 * Throws Fault('invalid') for what leads out, 'corrupt' for damage.
 */
export async function unpackLayer(tar: AsyncIterable<Buffer>, options: UnpackOptions): Promise<{ readonly dependsOnParents: boolean }> {
  const unpacker = new Unpacker(options)
  for await (const item of readTar(tar)) await unpacker.unpack(item)
  await unpacker.finish()
  return { dependsOnParents: unpacker.dependsOnParents }
}

class Unpacker {
  readonly #options: UnpackOptions
  /** Folders known to be real ones: their way need not be walked again. */
  readonly #folders = new Map<string, string>()
  /** Times of folders are set last: every file put into one changes it. */
  readonly #folderTimes = new Map<string, number>()
  #rootSeen = false
  dependsOnParents = false

  constructor(options: UnpackOptions) {
    this.#options = options
  }

  async unpack(item: TarItem): Promise<void> {
    const { entry } = item
    const name = cleanName(entry.name)
    if (name === '') {
      this.#rootSeen = true
      return await this.#applyAttributes(this.#options.target, entry)
    }
    const base = basename(name)
    try {
      const parent = await this.#parentOf(name)
      if (this.#options.isPlain === true) await this.#place(item, join(parent, base))
      else if (base === OPAQUE) await this.#options.special.setAttribute(parent, OPAQUE_ATTRIBUTE, Buffer.from('y'))
      else if (base.startsWith(WHITEOUT)) await this.#whiteout(parent, base.slice(WHITEOUT.length))
      else await this.#place(item, join(parent, base))
    } catch (error) {
      throw faultOfSystemError(error, `cannot unpack ${entry.name}`)
    }
  }

  async finish(): Promise<void> {
    if (!this.#rootSeen) await this.#inheritRoot()
    for (const [path, ms] of this.#folderTimes) await unlessMissing(lutimes(path, ms / 1000, ms / 1000))
  }

  async #whiteout(parent: string, name: string): Promise<void> {
    if (name === '' || name === '.' || name === '..') throw new Fault('invalid', 'a whiteout of the layer names no file')
    // Hard links to `.wh..wh.plnk` and the like: aufs' own bookkeeping.
    if (name.startsWith(WHITEOUT)) return
    const path = join(parent, name)
    await this.#clear(path)
    await this.#options.special.makeNode(path, { kind: 'char', major: 0, minor: 0, mode: 0 })
  }

  async #place(item: TarItem, path: string): Promise<void> {
    const { entry } = item
    await this.#clear(path, entry.kind === 'folder')
    switch (entry.kind) {
      case 'folder':
        await mkdir(path, { recursive: true })
        break
      case 'file':
        await writeBody(path, item)
        break
      case 'hardlink':
        return await link(await this.#linkSource(entry), path)
      case 'symlink':
        await symlink(entry.link, path)
        break
      case 'char':
      case 'block':
      case 'pipe':
        await this.#options.special.makeNode(path, { kind: entry.kind, mode: entry.mode, ...entry.device })
        break
    }
    await this.#applyAttributes(path, entry)
  }

  /** A later entry replaces an earlier one; a folder stays and gets the new owner and mode. */
  async #clear(path: string, keepFolder = false): Promise<void> {
    const there = await unlessMissing(lstat(path))
    if (there === undefined || (keepFolder && there.isDirectory())) return
    await removeTree(path)
    this.#folders.clear()
  }

  async #linkSource(entry: TarEntry): Promise<string> {
    const target = cleanName(entry.link)
    const source = join(await this.#parentOf(target), basename(target))
    const there = await unlessMissing(lstat(source))
    if (there === undefined || there.isDirectory()) throw new Fault('invalid', `${entry.name} is a hard link to ${entry.link}, which is not a file of the layer`)
    return source
  }

  /** Order matters: chown clears setuid and capabilities. */
  async #applyAttributes(path: string, entry: TarEntry): Promise<void> {
    await lchown(path, entry.uid, entry.gid)
    if (entry.kind !== 'symlink') await chmod(path, entry.mode)
    for (const [name, value] of entry.attributes) await this.#setAttribute(path, name, value)
    if (entry.kind === 'folder') this.#folderTimes.set(path, entry.modifiedMs)
    else await lutimes(path, entry.modifiedMs / 1000, entry.modifiedMs / 1000)
  }

  async #setAttribute(path: string, name: string, value: Uint8Array): Promise<void> {
    // Overlayfs' own attributes in an image would steer the mount: none of the image's business.
    if (name.startsWith('trusted.') || name.startsWith('user.overlay.')) return
    try {
      await this.#options.special.setAttribute(path, name, value)
    } catch (error) {
      if (!isFault(error, 'permission') && !isFault(error, 'invalid')) throw error
    }
  }

  /** The real folder an entry goes into, made where the archive left it out. */
  async #parentOf(name: string): Promise<string> {
    const folder = dirname(name)
    const known = this.#folders.get(folder)
    if (known !== undefined) return known
    const path = await resolveInside(this.#options.target, folder, 'refuse')
    await this.#makeFolders(relative(this.#options.target, path).split('/'))
    this.#folders.set(folder, path)
    return path
  }

  async #makeFolders(parts: readonly string[]): Promise<void> {
    for (const [at] of parts.entries()) {
      const way = parts.slice(0, at + 1).join('/')
      const path = join(this.#options.target, way)
      const there = await unlessMissing(lstat(path))
      if (there?.isDirectory() === true) continue
      if (there !== undefined) throw new Fault('invalid', `${way} is a file of the layer, and a folder too`)
      await mkdir(path)
      await chmod(path, 0o755)
      await this.#inherit(path, way)
    }
  }

  /** The root folder is there from the start; only one that is unusual below makes a difference. */
  async #inheritRoot(): Promise<void> {
    const { target } = this.#options
    const parents = await this.#options.parents()
    const [below, own] = await Promise.all([unlessMissing(lstat(parents.at(-1) ?? target)), lstat(target)])
    if (below === undefined || (below.mode === own.mode && below.uid === own.uid && below.gid === own.gid)) return
    await this.#inherit(target, '')
  }

  async #inherit(path: string, way: string): Promise<void> {
    for (const parent of (await this.#options.parents()).toReversed()) {
      const below = await unlessMissing(lstat(join(parent, way)))
      if (below === undefined) continue
      if (!below.isDirectory()) return
      await chown(path, below.uid, below.gid)
      await chmod(path, below.mode & 0o7777)
      this.#folderTimes.set(path, below.mtimeMs)
      this.dependsOnParents = true
      return
    }
  }
}

/** The kernel's bound on a path, with room for the folder the layer lies in. */
const MAX_NAME = 3800

/** A name inside the layer, without leading `./` and `/`; one that leads out is refused. */
function cleanName(name: string): string {
  if (name.length > MAX_NAME) throw new Fault('invalid', `the layer names a file with ${name.length} letters: ${JSON.stringify(name.slice(0, 60))}…`)
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || name.includes('\0')) throw new Fault('invalid', `the layer names a file outside of itself: ${JSON.stringify(name)}`)
  return parts.join('/')
}

/** Holes stay holes. */
async function writeBody(path: string, item: TarItem): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    let end = 0
    for await (const { at, bytes } of item.pieces()) {
      await writeAll(file, bytes, at)
      end = at + bytes.length
    }
    if (end < item.entry.sizeBytes) await file.truncate(item.entry.sizeBytes)
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
