import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { arch } from 'node:process'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { type SpecialFiles, systemSpecialFiles } from '../host/files-special.ts'
import { watchPath } from '../host/watch.ts'
import { type Archive, openArchive } from './archive.ts'
import type { Digest } from './digest.ts'
import { readDockerArchive } from './docker-archive.ts'
import type { ImageSource } from './image-source.ts'
import { ensureLayers } from './layers.ts'
import { readOciLayout } from './oci-layout.ts'
import type { EnsureResult, Image, ImageStore } from './port.ts'
import { decidePull, invalidName, lookupOf, pullFailed } from './pull-policy.ts'
import { type ImageRecord, ImageRecords, type NameRecord } from './records.ts'
import { parseReference } from './reference.ts'
import { openStaging, sweepStaging } from './staging.ts'

export type { Image, ImageStore } from './port.ts'
export { resolveUser } from './users.ts'

export interface ImageStoreOptions {
  /** One folder for all agents of the host, on a file system that overlayfs takes as a lower layer. */
  readonly root: string
  readonly log: Log
  readonly special?: SpecialFiles
  /** Node's name of the processor images are chosen for. */
  readonly architecture?: string
}

/**
 * The store on disk: `layers/` (unpacked, complete once there), `images/` and `names/` (records), `staging/` (unfinished work).
 * Everything appears by rename, layers first and names last; so a process that dies anywhere leaves at most a staging folder, swept at the next start.
 */
export async function createImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  const store = new DiskImageStore(options)
  await store.open()
  return store
}

class DiskImageStore implements ImageStore {
  readonly #root: string
  readonly #log: Log
  readonly #special: SpecialFiles
  readonly #architecture: string
  readonly #records: ImageRecords

  constructor({ root, log, special = systemSpecialFiles(), architecture = arch }: ImageStoreOptions) {
    this.#root = root
    this.#log = log
    this.#special = special
    this.#architecture = architecture
    this.#records = new ImageRecords(root)
  }

  async open(): Promise<void> {
    await this.#records.open()
    for (const folder of [join(this.#root, 'layers'), this.#stagingFolder]) await mkdir(folder, { recursive: true })
    await sweepStaging(this.#stagingFolder)
  }

  async ensure(given: string, policy: 'Always' | 'IfNotPresent' | 'Never', signal: AbortSignal): Promise<EnsureResult> {
    signal.throwIfAborted()
    const lookup = lookupOf(given)
    if (lookup.kind === 'invalid') return invalidName(given, lookup.message)
    const image = await this.find(given)
    // An id names content that no registry could serve otherwise: what is here is it.
    const decision = decidePull(given, lookup.kind === 'id' && policy === 'Always' ? 'IfNotPresent' : policy, image !== undefined)
    if (decision.kind === 'refuse') return decision.result
    if (decision.kind === 'use' && image !== undefined) return { kind: 'present', image, pulled: false }
    return lookup.kind === 'name' ? pullFailed(lookup.reference, image) : pullFailed({ repository: given, full: given }, image)
  }

  async find(reference: string): Promise<Image | undefined> {
    const lookup = lookupOf(reference)
    if (lookup.kind === 'invalid') return undefined
    const id = lookup.kind === 'id' ? (`sha256:${lookup.hex}` as Digest) : (await this.#records.findName(lookup.reference.full))?.id
    const record = id === undefined ? undefined : await this.#records.findImage(id)
    if (record === undefined) return undefined
    const names = await this.#records.listNames()
    return this.#imageOf(record, names)
  }

  async list(): Promise<readonly Image[]> {
    const [records, names] = await Promise.all([this.#records.listImages(), this.#records.listNames()])
    return records.map((record) => this.#imageOf(record, names)).sort((a, b) => ((a.tags[0] ?? a.id) < (b.tags[0] ?? b.id) ? -1 : 1))
  }

  async importArchive(file: string, signal?: AbortSignal): Promise<readonly Image[]> {
    await using staging = await openStaging(this.#stagingFolder)
    const archive = await openArchive(file, staging.path)
    const imported: Image[] = []
    for (const source of await this.#sourcesOf(archive, file)) {
      signal?.throwIfAborted()
      const layers = await ensureLayers(archive, source.layers, { folder: join(this.#root, 'layers'), staging: staging.path, special: this.#special })
      imported.push(await this.#record(source, layers, staging.path))
    }
    return imported
  }

  async remove(reference: string): Promise<boolean> {
    const image = await this.find(reference)
    if (image === undefined) return false
    const lookup = lookupOf(reference)
    const names = [...image.tags, ...image.digests]
    const leaving = lookup.kind === 'name' ? names.filter((name) => name === lookup.reference.full) : names
    for (const name of leaving) await this.#records.removeName(name)
    const lastTag = !image.tags.some((tag) => !leaving.includes(tag))
    if (lastTag) {
      for (const name of names) await this.#records.removeName(name)
      await this.#records.removeImage(image.id as Digest)
    }
    this.#log.info({ image: reference, id: image.id }, 'image removed')
    return true
  }

  /** A name is what is written last, and removed first. */
  onChange(listener: () => void): () => void {
    const failed = (error: Error): void => this.#log.warn({ err: messageOf(error) }, 'new images are not seen at once any more')
    return watchPath(join(this.#root, 'names'), listener, failed)
  }

  async #sourcesOf(archive: Archive, file: string): Promise<readonly ImageSource[]> {
    if (await archive.has('index.json')) return await readOciLayout(archive, this.#architecture)
    if (await archive.has('manifest.json')) return await readDockerArchive(archive)
    throw new Fault('invalid', `${file} is no image archive: it has neither index.json (OCI layout) nor manifest.json (docker save)`)
  }

  /** The image first, its names last: nobody finds a name that leads nowhere. */
  async #record(source: ImageSource, layers: readonly string[], staging: string): Promise<Image> {
    const names = namesOf(source)
    const id = source.configDigest
    const record: ImageRecord = { id, sizeBytes: source.sizeBytes, config: source.config.image, layers }
    await this.#records.writeImage(record, staging)
    for (const name of names) await this.#records.writeName({ name, id }, staging)
    this.#log.info({ id, names }, 'image imported')
    return this.#imageOf(record, await this.#records.listNames())
  }

  #imageOf(record: ImageRecord, allNames: readonly NameRecord[]): Image {
    const names = allNames
      .filter(({ id }) => id === record.id)
      .map(({ name }) => name)
      .sort()
    return {
      id: record.id,
      tags: names.filter((name) => !name.includes('@')),
      digests: names.filter((name) => name.includes('@')),
      sizeBytes: record.sizeBytes,
      config: record.config,
      layers: record.layers.map((layer) => join(this.#root, 'layers', layer)),
    }
  }

  get #stagingFolder(): string {
    return join(this.#root, 'staging')
  }
}

/** Full names; one with a tag gets its digest form too, where the manifest has a digest. */
function namesOf(source: ImageSource): readonly string[] {
  const names = new Set<string>()
  for (const text of source.names) {
    const parsed = parseReference(text)
    if (parsed.kind === 'invalid') throw new Fault('invalid', `the image archive names an image ${JSON.stringify(text)}: ${parsed.message}`)
    names.add(parsed.reference.full)
    if (source.manifestDigest !== undefined) names.add(`${parsed.reference.repository}@${source.manifestDigest}`)
  }
  return [...names]
}
