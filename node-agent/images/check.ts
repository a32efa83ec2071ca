import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import { unlessMissing } from '../host/errno.ts'
import { exists, namesIn } from '../host/files.ts'
import { resolveInside } from '../host/files-scoped.ts'
import type { Blobs } from './blobs.ts'
import { decompressed } from './decompress.ts'
import { type Digest, verified } from './digest.ts'
import type { ContentLayer, ImageRecord } from './records.ts'
import type { TarEntry } from './tar-header.ts'
import { readTar } from './tar-reader.ts'

/** Something that is not as it was brought. */
export interface Damage {
  /** The image that suffers. */
  readonly image: string
  readonly kind: 'blob' | 'layer'
  /** Digest of the blob, or diff id of the layer. */
  readonly digest: string
  readonly message: string
}

/** At most so many files of one layer are named. */
const MOST_TOLD = 10

/** Compares all that an image is made of with its digests: the bytes it came in, and the unpacked files with those bytes. Reads everything; changes nothing. */
export async function checkImage(record: ImageRecord, { layers, blobs }: { readonly layers: string; readonly blobs: Blobs }): Promise<readonly Damage[]> {
  const { content } = record
  const damage: Damage[] = []
  const told = (kind: Damage['kind'], digest: Digest, message: string): void => void damage.push({ image: record.id, kind, digest, message })
  if (content === undefined) {
    for (const name of record.layers) if (!(await exists(join(layers, name)))) told('layer', record.id, `the unpacked layer ${name} is missing`)
    return damage
  }
  for (const digest of [record.id, content.manifest]) {
    const problem = await blobProblem(blobs, digest)
    if (problem !== undefined) told('blob', digest, problem)
  }
  for (const [at, layer] of content.layers.entries()) {
    const folder = join(layers, record.layers[at] ?? '')
    const { blob, files } = await checkLayer(blobs, layer, folder)
    if (blob !== undefined) told('blob', layer.blob, blob)
    for (const message of files) told('layer', layer.diffId, message)
  }
  return damage
}

async function blobProblem(blobs: Blobs, digest: Digest): Promise<string | undefined> {
  if ((await blobs.sizeBytes(digest)) === undefined) return 'its bytes are missing'
  try {
    for await (const _ of verified(blobs.stream(digest), digest, 'the kept copy'));
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

async function checkLayer(blobs: Blobs, { blob, diffId }: ContentLayer, folder: string): Promise<{ readonly blob?: string; readonly files: readonly string[] }> {
  if (!(await exists(folder))) return { ...(await blobOnly(blobs, blob)), files: ['its unpacked folder is missing'] }
  if ((await blobs.sizeBytes(blob)) === undefined) return { blob: 'its bytes are missing', files: [] }
  const compare = new Comparison(folder)
  try {
    const tar = verified(decompressed(verified(blobs.stream(blob), blob, 'the kept copy')), diffId, 'the kept copy, unpacked,')
    for await (const { entry, body } of readTar(tar)) await compare.entry(entry, body)
  } catch (error) {
    if (!isFault(error, 'corrupt') && !isFault(error, 'not-found')) throw error
    // With the bytes in doubt nothing can be said of the files.
    return { blob: messageOf(error), files: [] }
  }
  return { files: await compare.result() }
}

const blobOnly = async (blobs: Blobs, digest: Digest): Promise<{ readonly blob?: string }> => {
  const problem = await blobProblem(blobs, digest)
  return problem === undefined ? {} : { blob: problem }
}

interface Expected {
  readonly entry: TarEntry
  readonly sha256: string | undefined
}

/** What an unpacked folder should hold by its archive, against what it holds. A later entry takes the place of an earlier one, as when it was unpacked. */
class Comparison {
  readonly #folder: string
  readonly #expected = new Map<string, Expected>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async entry(entry: TarEntry, body: () => AsyncIterable<Buffer>): Promise<void> {
    const parts = entry.name.split('/').filter((part) => part !== '' && part !== '.')
    const base = parts.at(-1) ?? ''
    // Deleted files and replaced folders are marks for overlayfs; where they are is checked as an extra file that is none.
    if (base.startsWith('.wh.')) {
      if (base !== '.wh..wh..opq' && !base.startsWith('.wh..wh.')) this.#put([...parts.slice(0, -1), base.slice(4)], { entry: { ...entry, kind: 'char', device: { major: 0, minor: 0 }, mode: 0 }, sha256: undefined })
      return
    }
    const hash = entry.kind === 'file' ? createHash('sha256') : undefined
    for await (const chunk of body()) hash?.update(chunk)
    this.#put(parts, { entry, sha256: hash?.digest('hex') })
  }

  #put(parts: readonly string[], expected: Expected): void {
    this.#expected.set(parts.join('/'), expected)
  }

  async result(): Promise<readonly string[]> {
    const wrong: string[] = []
    const seen = new Set<string>()
    for (const [name, expected] of this.#expected) {
      const path = await this.#pathOf(name)
      seen.add(path)
      const problem = await problemOf(path, expected)
      if (problem !== undefined) wrong.push(`/${name} ${problem}`)
    }
    for (const path of await this.#extra('', seen)) wrong.push(`/${path} does not belong to it`)
    return wrong.length <= MOST_TOLD ? wrong : [...wrong.slice(0, MOST_TOLD), `and ${wrong.length - MOST_TOLD} files more`]
  }

  /** Where the unpacker put it: through links of the layer. */
  async #pathOf(name: string): Promise<string> {
    const at = name.lastIndexOf('/')
    return at < 0 ? join(this.#folder, name) : join(await resolveInside(this.#folder, name.slice(0, at)), name.slice(at + 1))
  }

  /** Files that no entry names. Folders that an archive left out are made by the unpacker. */
  async #extra(way: string, seen: ReadonlySet<string>): Promise<readonly string[]> {
    const found: string[] = []
    for (const name of await namesIn(join(this.#folder, way))) {
      const path = join(way, name)
      const about = await unlessMissing(lstat(join(this.#folder, path)))
      if (about?.isDirectory() === true) found.push(...(await this.#extra(path, seen)))
      else if (about !== undefined && !seen.has(join(this.#folder, path))) found.push(path)
    }
    return found
  }
}

const KINDS: Readonly<Record<TarEntry['kind'], number>> = { file: 0o100000, hardlink: 0o100000, symlink: 0o120000, char: 0o020000, block: 0o060000, folder: 0o040000, pipe: 0o010000 }

async function problemOf(path: string, { entry, sha256 }: Expected): Promise<string | undefined> {
  const about = await unlessMissing(lstat(path))
  if (about === undefined) return 'is missing'
  // A hard link has the kind and the attributes of what it is a link to, which is compared by itself.
  if (entry.kind === 'hardlink') return about.isDirectory() ? 'is a folder' : undefined
  if ((about.mode & 0o170000) !== KINDS[entry.kind]) return 'is of another kind'
  if (entry.kind === 'symlink') return (await readlink(path)) === entry.link ? undefined : 'leads elsewhere'
  if (sha256 !== undefined && (about.size !== entry.sizeBytes || (await hashOf(path)) !== sha256)) return 'has another content'
  if ((about.mode & 0o7777) !== entry.mode) return `has the mode ${(about.mode & 0o7777).toString(8)}, not ${entry.mode.toString(8)}`
  if (about.uid !== entry.uid || about.gid !== entry.gid) return `belongs to ${about.uid}:${about.gid}, not ${entry.uid}:${entry.gid}`
  return undefined
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
