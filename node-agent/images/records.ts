import { mkdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { errnoOf, unlessMissing } from '../host/errno.ts'
import { exists, namesIn, writeFileAtomic } from '../host/files.ts'
import { type Digest, digestOf, hexOf } from './digest.ts'
import type { ImageConfig } from './port.ts'

export type ImageOrigin = 'local' | 'pulled' | 'peer'

/** What is kept of an image: everything but its names, under its id. What it is made of never changes. */
export interface ImageRecord {
  readonly id: Digest
  readonly sizeBytes: number
  readonly config: ImageConfig
  /** Folder names in `layers/`, lowest first. */
  readonly layers: readonly string[]
  /** The bytes it came in; missing in records of earlier versions, which kept none. */
  readonly content?: ImageContent
  /**
   * `local`: brought here by somebody's hand (an archive, a build), so that no registry is known to give it again. `pulled`: it can be had again.
   * `peer`: brought to another node by somebody's hand, and from there: it can be had again as long as that node is there.
   */
  readonly origin?: ImageOrigin
  /** When it came, in ms. */
  readonly addedMs?: number
}

export interface ImageContent {
  readonly manifest: Digest
  /** That lead to the manifest, where it came by any. */
  readonly indexes?: readonly Digest[]
  /** Lowest first, beside `layers`. */
  readonly layers: readonly ContentLayer[]
}

export interface ContentLayer {
  /** Of the bytes as they came. */
  readonly blob: Digest
  readonly diffId: Digest
  readonly sizeBytes: number
  readonly mediaType: string
}

/** All bytes it came in. Pure. */
export const blobsOf = ({ id, content }: ImageRecord): readonly Digest[] => (content === undefined ? [] : [id, content.manifest, ...(content.indexes ?? []), ...content.layers.map(({ blob }) => blob)])

/** A name (`…:tag` or `…@sha256:…`) and the image it stands for. */
export interface NameRecord {
  readonly name: string
  readonly id: Digest
}

/** Longer than a tick of the kernel's clock: two changes within one leave the same time on their folder (Linux before 6.13). */
const TICK_MS = 100

/**
 * The index of a store: one small file per image and per name, each replaced by rename. Several processes work on it without locks:
 * a name is written after its image and its layers, so whoever finds a name finds all of it.
 */
export class ImageRecords {
  readonly #images: string
  readonly #names: string
  /** Records never change, so they are parsed once. */
  readonly #known = new Map<Digest, ImageRecord>()

  #listed: { readonly mtimeNs: bigint; readonly names: readonly NameRecord[] } | undefined
  readonly #clock: Pick<Clock, 'nowMs'>

  constructor(root: string, clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
    this.#images = join(root, 'images')
    this.#names = join(root, 'names')
  }

  async open(): Promise<void> {
    await mkdir(this.#images, { recursive: true })
    await mkdir(this.#names, { recursive: true })
  }

  /** @param staging a folder of the writer's own, swept after its death. */
  async writeImage(record: ImageRecord, staging: string): Promise<void> {
    await writeVia(staging, this.#imageFile(record.id), JSON.stringify(record))
    this.#known.delete(record.id)
  }

  async writeName(record: NameRecord, staging: string): Promise<void> {
    await writeVia(staging, this.#nameFile(record.name), JSON.stringify(record))
  }

  async findName(name: string): Promise<NameRecord | undefined> {
    return await readRecord<NameRecord>(this.#nameFile(name))
  }

  async findImage(id: Digest): Promise<ImageRecord | undefined> {
    const known = this.#known.get(id)
    if (known !== undefined && (await exists(this.#imageFile(id)))) return known
    const record = await readRecord<ImageRecord>(this.#imageFile(id))
    if (record === undefined) this.#known.delete(id)
    else this.#known.set(id, record)
    return record
  }

  /** Every name; read again only when a file of the folder was put or removed since, or so shortly before that the time of the folder does not tell. */
  async listNames(): Promise<readonly NameRecord[]> {
    const { mtimeNs, mtimeMs } = await stat(this.#names, { bigint: true })
    if (this.#listed?.mtimeNs === mtimeNs) return this.#listed.names
    const isSettled = this.#clock.nowMs() - Number(mtimeMs) > TICK_MS
    const names = await this.#readNames()
    this.#listed = isSettled ? { mtimeNs, names } : undefined
    return names
  }

  async #readNames(): Promise<readonly NameRecord[]> {
    const records = await Promise.all((await recordsIn(this.#names)).map((file) => readRecord<NameRecord>(join(this.#names, file))))
    return records.filter((record) => record !== undefined)
  }

  async listImages(): Promise<readonly ImageRecord[]> {
    const records = await Promise.all((await recordsIn(this.#images)).map((file) => readRecord<ImageRecord>(join(this.#images, file))))
    return records.filter((record) => record !== undefined)
  }

  async removeName(name: string): Promise<void> {
    await unlessMissing(unlink(this.#nameFile(name)))
  }

  async removeImage(id: Digest): Promise<void> {
    this.#known.delete(id)
    await unlessMissing(unlink(this.#imageFile(id)))
  }

  #imageFile(id: Digest): string {
    return join(this.#images, `${hexOf(id)}.json`)
  }

  /** By hash: a name may be longer than a file name, and has slashes. */
  #nameFile(name: string): string {
    return join(this.#names, `${hexOf(digestOf(name))}.json`)
  }
}

const recordsIn = async (folder: string): Promise<readonly string[]> => (await namesIn(folder)).filter((file) => /^[a-f0-9]{64}\.json$/.test(file))

async function readRecord<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw new Fault('corrupt', `the image record ${path} cannot be read`, { cause: error })
  }
}

/** Makes the file elsewhere, so that a writer that dies leaves nothing beside the records. */
async function writeVia(staging: string, path: string, content: string): Promise<void> {
  const made = join(staging, basename(path))
  await writeFileAtomic(made, content)
  await rename(made, path)
}
