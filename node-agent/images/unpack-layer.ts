import { chmod, chown, lchown, link, lstat, lutimes, mkdir, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { errnoOf, faultOfSystemError, unlessMissing } from '../host/errno.ts'
import { removeTree } from '../host/files.ts'
import { resolveInside } from '../host/files-scoped.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import type { TarEntry } from './tar-header.ts'
import { readTar, type TarItem } from './tar-reader.ts'
import { FileWrites, modeAsMade, ownGroup, ownUser } from './unpack-files.ts'

const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'
const OPAQUE_ATTRIBUTE = 'trusted.overlay.opaque'
const SET_GROUP = 0o2000
/** Files that are still being written do not matter to these, but for those that they take the place of. */
const IN_TURN: ReadonlySet<TarEntry['kind']> = new Set(['file', 'folder', 'symlink'])

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
  try {
    for await (const item of readTar(tar)) await unpacker.unpack(item)
    await unpacker.finish()
  } finally {
    await unpacker.settled()
  }
  return { dependsOnParents: unpacker.dependsOnParents }
}

class Unpacker {
  readonly #options: UnpackOptions
  /** Folders known to be real ones: their way need not be walked again. */
  readonly #folders = new Map<string, string>()
  /** Those that give what is made in them their group, or may: owners of it are always set. */
  readonly #giving = new Set<string>()
  readonly #writes = new FileWrites()
  /** Times of folders are set last: every file put into one changes it. */
  readonly #folderTimes = new Map<string, number>()
  #rootSeen = false
  dependsOnParents = false

  constructor(options: UnpackOptions) {
    this.#options = options
    this.#giving.add(options.target)
  }

  async unpack(item: TarItem): Promise<void> {
    const { entry } = item
    const name = cleanName(entry.name)
    if (!IN_TURN.has(entry.kind) || basename(name).startsWith(WHITEOUT)) await this.#writes.all()
    if (name === '') {
      this.#rootSeen = true
      this.#noteGroup(this.#options.target, entry)
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
    await this.#writes.all()
    if (!this.#rootSeen) await this.#inheritRoot()
    for (const [path, ms] of this.#folderTimes) await this.#writes.begin(() => unlessMissing(lutimes(path, ms / 1000, ms / 1000)))
    await this.#writes.all()
  }

  /** Nothing is written any more, whether all went well or not. */
  settled(): Promise<void> {
    return this.#writes.settled()
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
    switch (entry.kind) {
      case 'folder':
        return await this.#placeFolder(entry, path)
      case 'file':
        return await this.#placeFile(item, path)
      case 'hardlink': {
        await this.#clear(path)
        return await link(await this.#linkSource(entry), path)
      }
      case 'symlink':
        await this.#inPlaceOf(path, () => symlink(entry.link, path))
        break
      case 'char':
      case 'block':
      case 'pipe':
        await this.#clear(path)
        await this.#options.special.makeNode(path, { kind: entry.kind, mode: entry.mode, ...entry.device })
        break
    }
    await this.#applyAttributes(path, entry, { isMade: entry.kind === 'symlink' })
  }

  async #placeFolder(entry: TarEntry, path: string): Promise<void> {
    const isMade = await this.#inPlaceOf(path, () => mkdir(path, modeAsMade(entry.mode)), async () => (await unlessMissing(lstat(path)))?.isDirectory() === true)
    await this.#applyAttributes(path, entry, { isMade })
    this.#noteGroup(path, entry)
    if (isMade) this.#folders.set(relative(this.#options.target, path), path)
  }

  async #placeFile(item: TarItem, path: string): Promise<void> {
    const { entry } = item
    const isGiven = this.#givesGroup(path)
    const opening = (): Promise<void> => this.#writes.open(path, modeAsMade(entry.mode))
    await this.#inPlaceOf(path, opening)
    await this.#writes.write(item, { setsOwner: isGiven, attributes: () => this.#setAttributes(path, entry) })
  }

  /** Makes something where mostly nothing is. What is there gives way, unless `stays` says that it may stay; answers whether something was made. */
  async #inPlaceOf(path: string, make: () => Promise<unknown>, stays: () => Promise<boolean> = async () => false): Promise<boolean> {
    try {
      await make()
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
      if (await stays()) return false
      await this.#clear(path)
      await make()
    }
    return true
  }

  #noteGroup(folder: string, { gid, mode }: TarEntry): void {
    if (gid === ownGroup && (mode & SET_GROUP) === 0) this.#giving.delete(folder)
    else this.#giving.add(folder)
  }

  #givesGroup(path: string): boolean {
    return this.#giving.has(dirname(path))
  }

  /** A later entry replaces an earlier one; a folder stays and gets the new owner and mode. */
  async #clear(path: string): Promise<void> {
    // Whoever is written to by its path must be where it was.
    await this.#writes.all()
    if ((await unlessMissing(lstat(path))) === undefined) return
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

  /** Order matters: chown clears setuid and capabilities. What was made just now is ours, and has the mode it was made with. */
  async #applyAttributes(path: string, entry: TarEntry, { isMade = false }: { readonly isMade?: boolean } = {}): Promise<void> {
    const isOurs = isMade && entry.uid === ownUser && entry.gid === ownGroup && !this.#givesGroup(path)
    if (!isOurs) await lchown(path, entry.uid, entry.gid)
    if (entry.kind !== 'symlink' && !(isOurs && entry.mode === modeAsMade(entry.mode))) await chmod(path, entry.mode)
    await this.#setAttributes(path, entry)
    if (entry.kind === 'folder') this.#folderTimes.set(path, entry.modifiedMs)
    else await lutimes(path, entry.modifiedMs / 1000, entry.modifiedMs / 1000)
  }

  async #setAttributes(path: string, entry: TarEntry): Promise<void> {
    for (const [name, value] of entry.attributes) await this.#setAttribute(path, name, value)
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
      this.#giving.add(path)
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
