import { createReadStream, type Stats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { namesIn } from '../host/files.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import { BLOCK, padding, type TarKind } from './tar-header.ts'
import { paxHeader, type PaxEntry } from './tar-pax-writer.ts'

export interface PackOptions {
  readonly special: SpecialFiles
  /** Absolute paths at which something was mounted: empty files and folders there were only made to be mounted on. What is below `/dev`, `/proc` and `/sys` never belongs to an image. */
  readonly mountPoints: readonly string[]
}

const NOT_OF_IMAGES = ['dev', 'proc', 'sys']
const OPAQUE = 'trusted.overlay.opaque'
const REDIRECT = 'trusted.overlay.redirect'

/**
 * What a container changed, as a layer (OCI image-spec `layer.md`): the opposite of unpacking one. Deleted files become `.wh.` entries, replaced folders opaque ones. In order of names, so that the
 * same changes give the same bytes. A container that runs may change files meanwhile: one that shrinks is filled with zeros, one that grows is cut.
 */
export async function* packChanges(folder: string, { special, mountPoints }: PackOptions): AsyncGenerator<Buffer> {
  const packer = new Packer(folder, special, new Set(mountPoints.map((path) => path.split('/').filter((part) => part !== '').join('/'))))
  yield* packer.folder('')
  yield Buffer.alloc(2 * BLOCK)
}

class Packer {
  readonly #root: string
  readonly #special: SpecialFiles
  readonly #mountPoints: ReadonlySet<string>
  /** Names by inode of files that have several. */
  readonly #linked = new Map<number, string>()

  constructor(root: string, special: SpecialFiles, mountPoints: ReadonlySet<string>) {
    this.#root = root
    this.#special = special
    this.#mountPoints = mountPoints
  }

  async *folder(way: string): AsyncGenerator<Buffer> {
    for (const name of [...(await namesIn(join(this.#root, way)))].sort()) {
      const path = way === '' ? name : `${way}/${name}`
      if (!NOT_OF_IMAGES.includes(path)) yield* this.#entry(path)
    }
  }

  async *#entry(path: string): AsyncGenerator<Buffer> {
    const about = await lstat(join(this.#root, path))
    if (about.isCharacterDevice() && about.rdev === 0) return yield whiteout(path, about)
    if (about.isDirectory()) return yield* this.#folderEntry(path, about)
    if (this.#mountPoints.has(path) && about.size === 0) return
    const kind = kindOf(about)
    // A socket is nothing without who listens.
    if (kind === undefined) return
    const first = about.nlink > 1 ? this.#linked.get(about.ino) : undefined
    if (first !== undefined) return yield paxHeader({ ...plain(path, about), kind: 'hardlink', link: first, sizeBytes: 0 })
    if (about.nlink > 1) this.#linked.set(about.ino, path)
    const link = kind === 'symlink' ? await readlink(join(this.#root, path)) : ''
    const sizeBytes = kind === 'file' ? about.size : 0
    yield paxHeader({ ...plain(path, about), kind, link, sizeBytes, attributes: (await this.#attributes(path)).attributes, ...(kind === 'char' || kind === 'block' ? { device: numbersOf(about.rdev) } : {}) })
    if (kind === 'file') yield* content(join(this.#root, path), sizeBytes)
  }

  async *#folderEntry(path: string, about: Stats): AsyncGenerator<Buffer> {
    const { attributes, isOpaque } = await this.#attributes(path)
    if (!isOpaque && (await this.#isOnlyForMounts(path))) return
    yield paxHeader({ ...plain(`${path}/`, about), kind: 'folder', sizeBytes: 0, attributes })
    if (isOpaque) yield paxHeader({ ...plain(`${path}/.wh..wh..opq`, about), kind: 'file', mode: 0o644, sizeBytes: 0 })
    yield* this.folder(path)
  }

  /** Made to be mounted on, with nothing in it but more of that. */
  async #isOnlyForMounts(path: string): Promise<boolean> {
    const isWay = this.#mountPoints.has(path) || [...this.#mountPoints].some((point) => point.startsWith(`${path}/`))
    if (!isWay) return false
    const names = await namesIn(join(this.#root, path))
    // A folder of the image that was only looked into is not here: what is here and empty was made.
    for (const name of names) {
      const child = `${path}/${name}`
      const about = await lstat(join(this.#root, child))
      const isNothing = about.isDirectory() ? await this.#isOnlyForMounts(child) : this.#mountPoints.has(child) && about.isFile() && about.size === 0
      if (!isNothing) return false
    }
    return true
  }

  async #attributes(path: string): Promise<{ readonly attributes: ReadonlyMap<string, Uint8Array>; readonly isOpaque: boolean }> {
    const all = await this.#special.attributes(join(this.#root, path))
    if (all.has(REDIRECT)) throw new Fault('unsupported', `/${path} was renamed in a way that only this host's kernel understands: copy the folder instead of moving it, then commit`)
    return { attributes: new Map([...all].filter(([name]) => !name.startsWith('trusted.') && name !== 'security.selinux')), isOpaque: all.has(OPAQUE) }
  }
}

const plain = (name: string, { mode, uid, gid, mtimeMs }: Stats): Omit<PaxEntry, 'kind' | 'sizeBytes'> => ({ name, mode: mode & 0o7777, uid, gid, modifiedSeconds: mtimeMs / 1000 })

function whiteout(path: string, about: Stats): Buffer {
  const at = path.lastIndexOf('/') + 1
  return paxHeader({ ...plain(`${path.slice(0, at)}.wh.${path.slice(at)}`, about), mode: 0o644, kind: 'file', sizeBytes: 0 })
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
async function* content(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  let left = sizeBytes
  if (left > 0) {
    for await (const chunk of createReadStream(path, { end: sizeBytes - 1, highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      left -= chunk.length
      yield chunk
    }
  }
  for (; left > 0; left -= Math.min(left, 1 << 16)) yield Buffer.alloc(Math.min(left, 1 << 16))
  yield Buffer.alloc(padding(sizeBytes))
}
