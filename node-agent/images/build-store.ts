import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { BLOCK } from '../../shared/kit/tar-pax-writer.ts'
import { isJsonObject, type JsonObject } from '../../shared/model/json.ts'
import { exists } from '../host/files.ts'
import type { Archive } from './archive.ts'
import type { BuildCache, BuiltLayer, CachedStep } from './build-cache.ts'
import { keepTar } from './derive.ts'
import { type Digest, digestOf, hexOf } from './digest.ts'
import { type ImageSource, type LayerSource, parseConfig } from './image-source.ts'
import { ensureLayers, possibleNames } from './layers.ts'
import { MEDIA } from './manifest.ts'
import type { Image } from './port.ts'
import { parseReference } from './reference.ts'
import type { ShelfParts } from './shelf.ts'
import type { ImageShelf } from './shelf.ts'
import { openStaging, type Staging } from './staging.ts'

export type { BuiltLayer, CachedStep } from './build-cache.ts'

export interface BuildStoreParts extends ShelfParts {
  readonly shelf: ImageShelf
  readonly cache: BuildCache
  readonly clock: Clock
  /** Adds an image whose layers are here already. */
  readonly add: (source: ImageSource, archive: Archive) => Promise<Image>
}

/** A tar with nothing in it. */
const EMPTY_BYTES = 2 * BLOCK

/**
 * What one build asks of the store: layers made one by one, results of steps that are kept, and the image in the end. Its folder is on the store's disk; all that it uses is held as long as
 * that is there, and a build that is killed leaves a folder that the next one to open the store sweeps.
 */
export class BuildStore implements AsyncDisposable {
  readonly #parts: BuildStoreParts
  readonly #staging: Staging
  readonly #layers = new Set<string>()
  readonly #blobs = new Set<string>()
  readonly #mounts = new Set<string>()
  #made = 0

  private constructor(parts: BuildStoreParts, staging: Staging) {
    this.#parts = parts
    this.#staging = staging
  }

  static async open(parts: BuildStoreParts): Promise<BuildStore> {
    return new BuildStore(parts, await openStaging(parts.staging))
  }

  /** For whatever the build wants to have on disk. */
  get folder(): string {
    return this.#staging.path
  }

  /** An image that is here, with its config document as it came. Throws Fault('not-found' | 'invalid'). */
  async base(reference: string): Promise<{ readonly document: JsonObject; readonly layers: readonly BuiltLayer[] }> {
    const { id, content, layers } = await this.#parts.shelf.withContent(reference)
    const stack = content.layers.map((layer, at) => ({ ...layer, folder: layers[at] ?? '' }))
    await this.#hold(stack, [id])
    for (const layer of stack) if (!(await this.#isThere(layer))) throw new Fault('not-found', `the image ${reference} was removed just now`)
    const document: unknown = JSON.parse((await this.#parts.blobs.read(id)).toString('utf8'))
    return { document: isJsonObject(document) ? document : {}, layers: stack }
  }

  /** Where they lie, lowest first. */
  pathsOf(layers: readonly BuiltLayer[]): readonly string[] {
    return layers.map(({ folder }) => join(this.#parts.layers, folder))
  }

  /** One layer more on those below; undefined where nothing is in it. */
  async addLayer(below: readonly BuiltLayer[], tar: AsyncIterable<Uint8Array>): Promise<BuiltLayer | undefined> {
    const file = join(this.folder, `layer-${this.#made++}.tar`)
    try {
      const diffId = await keepTar(tar, file)
      if ((await stat(file)).size <= EMPTY_BYTES) return undefined
      const sources = [...below.map(sourceOf), { name: diffId, blobDigest: diffId, diffId, mediaType: MEDIA.layer.none }]
      for (const name of possibleNames(sources)) this.#layers.add(name)
      await this.#hold([], [diffId])
      const { blobs, making, special, layers: folder } = this.#parts
      const kept = await ensureLayers(this.#archive(diffId, file), sources, { folder, staging: this.folder, special, blobs, making, hold: async () => {} })
      const last = kept.at(-1)
      if (last === undefined) throw new Fault('internal', 'a layer was made and is not there')
      return { blob: last.blob.digest, diffId, sizeBytes: (await blobs.sizeBytes(last.blob.digest)) ?? last.blob.sizeBytes, mediaType: MEDIA.layer.none, folder: last.name }
    } finally {
      await rm(file, { force: true })
    }
  }

  /** What the step came to when it was done before; its layer is here, and held. */
  async cached(key: Digest): Promise<CachedStep | undefined> {
    const step = await this.#parts.cache.find(key)
    if (step === undefined) return undefined
    if (step.layer !== undefined) {
      await this.#hold([step.layer], [])
      if (!(await this.#isThere(step.layer))) return undefined
    }
    await this.#parts.cache.put({ ...step, usedMs: this.#parts.clock.nowMs() }, this.folder)
    return step
  }

  async remember(key: Digest, result: Pick<CachedStep, 'layer' | 'created'>): Promise<void> {
    await this.#parts.cache.put({ key, ...result, usedMs: this.#parts.clock.nowMs() }, this.folder)
    await this.#parts.cache.dropOldest()
  }

  /** The folder of a cache mount, which may not be there yet; once it is, nobody takes it away before the build ends. */
  async cacheMount(id: string): Promise<string> {
    const { cache, clock } = this.#parts
    const name = cache.mounts.nameOf(id)
    this.#mounts.add(name)
    await this.#hold([], [])
    await cache.mounts.note({ name, usedMs: clock.nowMs() }, this.folder)
    return cache.mounts.pathOf(name)
  }

  /** The image, under its names or none. */
  async finish(document: JsonObject, layers: readonly BuiltLayer[], names: readonly string[]): Promise<Image> {
    const configBytes = Buffer.from(JSON.stringify(document))
    const configDigest = digestOf(configBytes)
    const sizeBytes = layers.reduce((sum, layer) => sum + layer.sizeBytes, configBytes.length)
    return await this.#parts.add({ names, configDigest, configBytes, config: parseConfig(document, configDigest), layers: layers.map(sourceOf), sizeBytes }, this.#archive())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#staging[Symbol.asyncDispose]()
    await this.#parts.leases.release(this.folder)
  }

  /** A lease holds more and more, never less. */
  async #hold(layers: readonly BuiltLayer[], blobs: readonly Digest[]): Promise<void> {
    for (const layer of layers) {
      this.#layers.add(layer.folder)
      this.#blobs.add(hexOf(layer.blob))
    }
    for (const blob of blobs) this.#blobs.add(hexOf(blob))
    await this.#parts.leases.take({ holder: this.folder, kind: 'work', layers: [...this.#layers], blobs: [...this.#blobs], mounts: [...this.#mounts] }, this.folder)
  }

  async #isThere({ folder, blob }: BuiltLayer): Promise<boolean> {
    return (await exists(join(this.#parts.layers, folder))) && (await this.#parts.blobs.sizeBytes(blob)) !== undefined
  }

  /** All from the store itself, but one layer that is new. */
  #archive(fresh?: Digest, file = ''): Archive {
    const { blobs } = this.#parts
    return {
      has: async (name) => name === fresh || (await blobs.sizeBytes(name as Digest)) !== undefined,
      stream: (name) => (name === fresh ? (createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) : blobs.stream(name as Digest)),
      sizeBytes: async (name) => (name === fresh ? (await stat(file)).size : ((await blobs.sizeBytes(name as Digest)) ?? 0)),
      isReadOnlyForMissing: true,
    }
  }
}

const sourceOf = ({ blob, diffId, mediaType }: BuiltLayer): LayerSource => ({ name: blob, blobDigest: blob, diffId, mediaType })

/** Full names, or what is wrong with them. Throws Fault('invalid'). */
export const fullNames = (tags: readonly string[]): readonly string[] =>
  tags.map((tag) => {
    const parsed = parseReference(tag)
    if (parsed.kind === 'invalid') throw new Fault('invalid', `${JSON.stringify(tag)} cannot be the name of an image: ${parsed.message}`)
    if (parsed.reference.digest !== undefined) throw new Fault('invalid', `${tag} ends in a digest, which is not for anybody to choose: give a name with a tag`)
    return parsed.reference.full
  })
