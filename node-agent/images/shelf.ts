import type { Log } from '../../shared/kit/log.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import type { Blobs } from './blobs.ts'
import { checkImage } from './check.ts'
import { type Digest, hexOf } from './digest.ts'
import { exportArchive } from './export-archive.ts'
import type { Leases } from './leases.ts'
import type { Making } from './making.ts'
import { mediaTypeOf } from './manifest.ts'
import { lookupOf } from './pull-policy.ts'
import type { ImageOrigin, ImageRecord, ImageRecords } from './records.ts'
import { parseReference } from './reference.ts'
import type { RegistryClient, RegistryLogin } from './registry/port.ts'
import type { PushProgress } from './registry/push-image.ts'
import { type Judged, judge, repairImage } from './repair.ts'
import { openStaging } from './staging.ts'

export interface ShelfParts {
  /** `ROOT/layers` */
  readonly layers: string
  /** `ROOT/staging` */
  readonly staging: string
  readonly records: ImageRecords
  readonly blobs: Blobs
  readonly making: Making
  readonly leases: Leases
  readonly special: SpecialFiles
  readonly log: Log
  /** Without it nothing is pushed. */
  readonly registry?: RegistryClient
}

/** One line of an image's history (OCI image-spec `config.md`), newest last as in the config. */
export interface HistoryStep {
  readonly created: string
  readonly createdBy: string
  readonly comment: string
  /** Of its layer as it came; 0 where it made none. */
  readonly sizeBytes: number
}

export interface PushOptions {
  readonly signal: AbortSignal
  readonly logins: readonly RegistryLogin[]
  readonly onProgress: (progress: PushProgress) => void
}

export interface ImageDetails {
  readonly id: string
  readonly names: readonly string[]
  readonly sizeBytes: number
  readonly origin: ImageOrigin | 'unknown'
  readonly addedMs: number | undefined
  readonly manifest: string | undefined
  readonly layers: ReadonlyArray<{ readonly diffId: string; readonly blob: string; readonly sizeBytes: number; readonly mediaType: string; readonly folder: string }>
  /** The image's config as it came. */
  readonly config: unknown
}

/** What people ask of the images of a store: to look into them, name them, take them away as archives, and know that they are whole. */
export class ImageShelf {
  readonly #parts: ShelfParts

  constructor(parts: ShelfParts) {
    this.#parts = parts
  }

  /** Gives an image one more name, which another may have had. Throws Fault('not-found' | 'invalid'). Answers the full name. */
  async tag(reference: string, name: string): Promise<string> {
    const parsed = parseReference(name)
    if (parsed.kind === 'invalid') throw new Fault('invalid', `${JSON.stringify(name)} cannot be the name of an image: ${parsed.message}`)
    if (parsed.reference.digest !== undefined) throw new Fault('invalid', `${name} ends in a digest, which is not for anybody to choose: give a name with a tag`)
    const { id } = await this.#get(reference)
    await using staging = await openStaging(this.#parts.staging)
    await this.#parts.records.writeName({ name: parsed.reference.full, id }, staging.path)
    return parsed.reference.full
  }

  async inspect(reference: string): Promise<ImageDetails> {
    const { id, sizeBytes, origin = 'unknown', addedMs, content, layers } = await this.#get(reference)
    const stack = (content?.layers ?? []).map((layer, at) => ({ ...layer, folder: `${this.#parts.layers}/${layers[at] ?? ''}` }))
    return { id, names: await this.#namesOf(id), sizeBytes, origin, addedMs, manifest: content?.manifest, layers: stack, config: content === undefined ? {} : await this.#config(id) }
  }

  async history(reference: string): Promise<readonly HistoryStep[]> {
    const { id, content } = await this.#get(reference)
    if (content === undefined) throw new Fault('invalid', `the image ${reference} was brought by an earlier version of Gantry, which kept no copy of its config: bring it again`)
    const { history = [] } = (await this.#config(id)) as { readonly history?: ReadonlyArray<{ readonly created?: string; readonly created_by?: string; readonly comment?: string; readonly empty_layer?: boolean }> }
    let at = 0
    return history.map(({ created = '', created_by: createdBy = '', comment = '', empty_layer: isEmpty = false }) => ({ created, createdBy, comment, sizeBytes: isEmpty ? 0 : (content.layers[at++]?.sizeBytes ?? 0) }))
  }

  /** The images as one archive that every reader of images takes. A name goes with its image; an id goes with all names of it. */
  async export(references: readonly string[]): Promise<AsyncIterable<Buffer>> {
    const images = new Map<string, { readonly record: ImageRecord; readonly tags: readonly string[] }>()
    for (const reference of references) {
      const record = await this.#get(reference)
      const lookup = lookupOf(reference)
      const named = lookup.kind === 'name' && lookup.reference.digest === undefined ? [lookup.reference.full] : (await this.#namesOf(record.id)).filter((name) => !name.includes('@'))
      images.set(record.id, { record, tags: [...new Set([...(images.get(record.id)?.tags ?? []), ...named])] })
    }
    return exportArchive([...images.values()], this.#parts.blobs)
  }

  /** Brings it to the registry that its name begins with. Answers the digest by which it can be pulled. Throws as a registry does (`registry/port.ts`), and Fault('invalid' | 'not-found' | 'unsupported'). */
  async push(name: string, { signal, logins, onProgress }: PushOptions): Promise<Digest> {
    const { blobs, registry } = this.#parts
    const parsed = parseReference(name)
    if (parsed.kind === 'invalid') throw new Fault('invalid', `${JSON.stringify(name)} is not the name of an image: ${parsed.message}`)
    if (registry === undefined) throw new Fault('unsupported', 'this store asks no registry')
    const { id, content } = await this.#get(name)
    if (content === undefined) throw new Fault('invalid', `the image ${name} was brought by an earlier version of Gantry, which kept no copy of its layers: bring it again, then it can be pushed`)
    const bytes = await blobs.read(content.manifest)
    const layers = content.layers.map(({ blob, sizeBytes }) => ({ digest: blob, sizeBytes }))
    const all = [...layers, { digest: id, sizeBytes: (await blobs.sizeBytes(id)) ?? 0 }].map((one) => ({ ...one, open: (offset: number) => blobs.stream(one.digest, offset) }))
    const { pushImage } = await import('./registry/push-image.ts')
    return (await pushImage(registry, { reference: parsed.reference, manifest: { mediaType: mediaTypeOf(bytes), bytes }, blobs: all, logins, onProgress }, signal)).digest
  }

  /** Every byte against its digest. @param references all images where none is named. */
  async check(references: readonly string[], { repair }: { readonly repair: boolean }): Promise<{ readonly images: number; readonly damage: readonly Judged[] }> {
    const { records, blobs, layers } = this.#parts
    const chosen = references.length === 0 ? await records.listImages() : await Promise.all(references.map((reference) => this.#get(reference)))
    const damage: Judged[] = []
    for (const record of chosen) {
      const found = await checkImage(record, { layers, blobs })
      damage.push(...(repair ? await this.#repair(record, found) : judge(found)))
    }
    return { images: chosen.length, damage }
  }

  /** An image whose bytes are kept. Throws Fault('not-found' | 'invalid'). */
  async withContent(reference: string): Promise<ImageRecord & { readonly content: NonNullable<ImageRecord['content']> }> {
    const record = await this.#get(reference)
    const { content } = record
    if (content === undefined) throw new Fault('invalid', `the image ${reference} was brought by an earlier version of Gantry, which kept no copy of its layers: bring it again, then it can be built upon`)
    return { ...record, content }
  }

  async #repair(record: ImageRecord, damage: Parameters<typeof repairImage>[1]): Promise<readonly Judged[]> {
    const { blobs, making, layers, leases, special } = this.#parts
    await using staging = await openStaging(this.#parts.staging)
    const held = (record.content?.layers ?? []).map(({ blob }) => hexOf(blob))
    await leases.take({ holder: staging.path, kind: 'work', layers: record.layers, blobs: held }, staging.path)
    return await repairImage(record, damage, { folder: layers, staging: staging.path, special, blobs, making, hold: async () => {}, leases: await leases.list() })
  }

  async #config(id: Digest): Promise<unknown> {
    return JSON.parse((await this.#parts.blobs.read(id)).toString('utf8')) as unknown
  }

  async #namesOf(id: Digest): Promise<readonly string[]> {
    const names = await this.#parts.records.listNames()
    return names
      .filter((one) => one.id === id)
      .map(({ name }) => name)
      .sort()
  }

  /** By name, digest or id; an id may be cut short where it stays clear. */
  async #get(reference: string): Promise<ImageRecord> {
    const { records } = this.#parts
    const lookup = lookupOf(reference)
    const named = lookup.kind === 'name' ? (await records.findName(lookup.reference.full))?.id : lookup.kind === 'id' ? (`sha256:${lookup.hex}` as Digest) : undefined
    const record = named === undefined ? undefined : await records.findImage(named)
    if (record !== undefined) return record
    const short = /^(?:sha256:)?([a-f0-9]{4,63})$/.exec(reference)?.[1]
    const matching = short === undefined ? [] : (await records.listImages()).filter(({ id }) => hexOf(id).startsWith(short))
    if (matching.length > 1) throw new Fault('invalid', `${matching.length} images have an id that begins with ${reference}: write more of it`)
    const [only] = matching
    if (only === undefined) throw new Fault('not-found', `there is no image "${reference}": "gantry image ls" lists those there are`)
    return only
  }
}
