import type { Stats } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { Fault } from '../../shared/kit/faults.ts'
import { BLOCK, padding, paxHeader, type PaxEntry, type TarKind } from '../../shared/kit/tar-pax-writer.ts'
import { unlessMissing } from '../host/errno.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import { heldFile, heldIn, type HeldFile, namesOf, openContent } from '../host/held-files.ts'

export interface PackOptions {
  readonly special: SpecialFiles
  /** Absolute paths at which something was mounted: empty files and folders there were only made to be mounted on. What is below `/dev`, `/proc` and `/sys` never belongs to an image. */
  readonly mountPoints: readonly string[]
  /** Files that are younger get this time: so that the same files made at another time are the same bytes. */
  readonly latestSeconds?: number | undefined
}

const NOT_OF_IMAGES = ['dev', 'proc', 'sys']
const OPAQUE = 'trusted.overlay.opaque'
/** Every folder on the way is held open, and no image's files lie so deep. */
const MAX_DEPTH = 400
const REDIRECT = 'trusted.overlay.redirect'

/**
 * What a container changed, as a layer (OCI image-spec `layer.md`): the opposite of unpacking one. Deleted files become `.wh.` entries, replaced folders opaque ones. In order of names, so that the
 * same changes give the same bytes. A container that runs may change files meanwhile: one that shrinks is filled with zeros, one that grows is cut.
 * It may also exchange them for links to files of the host, or folders for such: so each is held before it is looked at, and what is held is what is read.
 */
export async function* packChanges(folder: string, { special, mountPoints, latestSeconds }: PackOptions): AsyncGenerator<Buffer> {
  await using root = await heldFile(folder)
  const packer = new Packer(special, new Set(mountPoints.map((path) => path.split('/').filter((part) => part !== '').join('/'))), latestSeconds)
  yield* packer.folder({ at: root, way: '', depth: 0 })
  yield Buffer.alloc(2 * BLOCK)
}

interface Folder {
  readonly at: HeldFile
  /** From the root folder, without a slash in front. */
  readonly way: string
  readonly depth: number
}

interface Entry {
  readonly held: HeldFile
  /** Its name in the folder that is held. */
  readonly place: string
  /** In the layer. */
  readonly path: string
  readonly depth: number
}

class Packer {
  readonly #special: SpecialFiles
  readonly #mountPoints: ReadonlySet<string>
  readonly #latestSeconds: number
  /** Names by inode of files that have several. */
  readonly #linked = new Map<number, string>()

  constructor(special: SpecialFiles, mountPoints: ReadonlySet<string>, latestSeconds = Number.POSITIVE_INFINITY) {
    this.#special = special
    this.#mountPoints = mountPoints
    this.#latestSeconds = latestSeconds
  }

  async *folder(folder: Folder): AsyncGenerator<Buffer> {
    const { at, way } = folder
    if (folder.depth > MAX_DEPTH) throw new Fault('unsupported', `/${way.slice(0, 200)}… lies deeper than ${MAX_DEPTH} folders`)
    for (const name of (await namesOf(at)).toSorted()) {
      const path = way === '' ? name : `${way}/${name}`
      if (NOT_OF_IMAGES.includes(path)) continue
      await using held = await unlessMissing(heldIn(at, name))
      // Gone since the folder was read.
      if (held !== undefined) yield* this.#entry({ held, place: `${at.path}/${name}`, path, depth: folder.depth })
    }
  }

  async *#entry(entry: Entry): AsyncGenerator<Buffer> {
    const { path, held, place } = entry
    const about = await held.stat()
    if (about.isCharacterDevice() && about.rdev === 0) return yield this.#header(whiteout(path, about))
    if (about.isDirectory()) return yield* this.#folderEntry(entry, about)
    if (this.#mountPoints.has(path) && about.size === 0) return
    const kind = kindOf(about)
    // A socket is nothing without who listens.
    if (kind === undefined) return
    const first = about.nlink > 1 ? this.#linked.get(about.ino) : undefined
    if (first !== undefined) return yield this.#header({ ...plain(path, about), kind: 'hardlink', link: first, sizeBytes: 0 })
    const link = kind === 'symlink' ? await readlink(place) : ''
    const sizeBytes = kind === 'file' ? about.size : 0
    const { attributes } = await this.#attributes(entry)
    if (about.nlink > 1) this.#linked.set(about.ino, path)
    yield this.#header({ ...plain(path, about), kind, link, sizeBytes, attributes, ...(kind === 'char' || kind === 'block' ? { device: numbersOf(about.rdev) } : {}) })
    if (kind === 'file') yield* content(held, sizeBytes)
  }

  async *#folderEntry(entry: Entry, about: Stats): AsyncGenerator<Buffer> {
    const { path, held, depth } = entry
    const { attributes, isOpaque } = await this.#attributes(entry)
    if (!isOpaque && (await this.#isOnlyForMounts(path, held))) return
    yield this.#header({ ...plain(`${path}/`, about), kind: 'folder', sizeBytes: 0, attributes })
    if (isOpaque) yield this.#header({ ...plain(`${path}/.wh..wh..opq`, about), kind: 'file', mode: 0o644, sizeBytes: 0 })
    yield* this.folder({ at: held, way: path, depth: depth + 1 })
  }

  #header(entry: PaxEntry): Buffer {
    return paxHeader({ ...entry, modifiedSeconds: Math.min(entry.modifiedSeconds, this.#latestSeconds) })
  }

  /** Made to be mounted on, with nothing in it but more of that. */
  async #isOnlyForMounts(path: string, held: HeldFile): Promise<boolean> {
    const isWay = this.#mountPoints.has(path) || [...this.#mountPoints].some((point) => point.startsWith(`${path}/`))
    if (!isWay) return false
    // A folder of the image that was only looked into is not here: what is here and empty was made.
    for (const name of await namesOf(held)) {
      const child = `${path}/${name}`
      await using below = await unlessMissing(heldIn(held, name))
      if (below === undefined) continue
      const about = await below.stat()
      const isNothing = about.isDirectory() ? await this.#isOnlyForMounts(child, below) : this.#mountPoints.has(child) && about.isFile() && about.size === 0
      if (!isNothing) return false
    }
    return true
  }

  /** Asked for by name, because a held link cannot be asked: the folder is held, and the name not followed. */
  async #attributes({ path, place }: Entry): Promise<{ readonly attributes: ReadonlyMap<string, Uint8Array>; readonly isOpaque: boolean }> {
    const all = await this.#special.attributes(place)
    if (all.has(REDIRECT)) throw new Fault('unsupported', `/${path} was renamed in a way that only this host's kernel understands: copy the folder instead of moving it, then commit`)
    return { attributes: new Map([...all].filter(([name]) => !name.startsWith('trusted.') && name !== 'security.selinux')), isOpaque: all.has(OPAQUE) }
  }
}

const plain = (name: string, { mode, uid, gid, mtimeMs }: Stats): Omit<PaxEntry, 'kind' | 'sizeBytes'> => ({ name, mode: mode & 0o7777, uid, gid, modifiedSeconds: mtimeMs / 1000 })

function whiteout(path: string, about: Stats): PaxEntry {
  const at = path.lastIndexOf('/') + 1
  return { ...plain(`${path.slice(0, at)}.wh.${path.slice(at)}`, about), mode: 0o644, kind: 'file', sizeBytes: 0 }
}

function kindOf(about: Stats): TarKind | undefined {
  if (about.isFile()) return 'file'
  if (about.isSymbolicLink()) return 'symlink'
  if (about.isCharacterDevice()) return 'char'
  if (about.isBlockDevice()) return 'block'
  return about.isFIFO() ? 'pipe' : undefined
}

/** As glibc's `gnu_dev_major` and `gnu_dev_minor` have it, for numbers that tar can hold. */
const numbersOf = (device: number): { readonly major: number; readonly minor: number } => ({ major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) })

/** So many bytes as the header says, whatever becomes of the file. */
async function* content(held: HeldFile, sizeBytes: number): AsyncGenerator<Buffer> {
  let left = sizeBytes
  if (left > 0) {
    await using file = await openContent(held)
    while (left > 0) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(Math.min(left, 1 << 18)) })
      if (bytesRead === 0) break
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }
  for (; left > 0; left -= Math.min(left, 1 << 16)) yield Buffer.alloc(Math.min(left, 1 << 16))
  yield Buffer.alloc(padding(sizeBytes))
}
