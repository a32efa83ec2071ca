import { createWriteStream } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { arch } from 'node:process'
import { pipeline } from 'node:stream/promises'
import { type Clock, systemClock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { formatTime } from '../../shared/model/time.ts'
import { exists } from '../host/files.ts'
import { type SpecialFiles, systemSpecialFiles } from '../host/files-special.ts'
import { watchPath } from '../host/watch.ts'
import { type Archive, openArchive } from './archive.ts'
import { Blobs } from './blobs.ts'
import { BuildCache } from './build-cache.ts'
import type { BuildStore } from './build-store.ts'
import { type Digest, digestOf, hexOf } from './digest.ts'
import { derivedSource, keepTar } from './derive.ts'
import { readDockerArchive } from './docker-archive.ts'
import type { ImageSource } from './image-source.ts'
import { ensureLayers, possibleNames } from './layers.ts'
import { Leases } from './leases.ts'
import { Making } from './making.ts'
import { MEDIA, writeManifest } from './manifest.ts'
import { readOciLayout } from './oci-layout.ts'
import type { DiskImages, StoredImage } from './disk-images.ts'
import { StoreHoldings } from './peers/holdings.ts'
import type { ImagePeers } from './peers/peers.ts'
import { NO_COUNTS, type SourceCounts } from './peers/counts.ts'
import type { Holdings } from './peers/port.ts'
import type { EnsureOptions, EnsureResult, Image } from './port.ts'
import { type AccessRules, DEFAULT_RULES, mayUse } from './pull-access.ts'
import { decidePull, invalidName, type Lookup, lookupOf, pullFailed, type PullPolicy } from './pull-policy.ts'
import { hashedLogins, PullRecords } from './pull-records.ts'
import { Pulls } from './pulls.ts'
import { type ContentLayer, type ImageContent, type ImageOrigin, type ImageRecord, ImageRecords, type NameRecord } from './records.ts'
import { parseReference } from './reference.ts'
import { ImageShelf, type ShelfParts } from './shelf.ts'
import type { RegistryClient, RegistryLogin } from './registry/port.ts'
import { openStaging, sweepStaging } from './staging.ts'
import { keptBy, mountsOf, sweep, type Swept } from './sweep.ts'

/** What no name or id of an image begins with. */
const MOUNT = 'cache mount '
/** A layer lies on disk as bytes and unpacked. */
const TWICE = 2

export type { Image, ImageStore } from './port.ts'
export { resolveUser } from './users.ts'

export interface ImageStoreOptions {
  /** One folder for all agents of the host, on a file system that overlayfs takes as a lower layer. */
  readonly root: string
  readonly log: Log
  readonly special?: SpecialFiles
  /** Node's name of the processor images are chosen for. */
  readonly architecture?: string
  readonly clock?: Clock
  /** Without it nothing is pulled: images come from archives alone. */
  readonly registry?: RegistryClient
  /** Other nodes to take images from, and to give them to. */
  readonly peers?: Pick<ImagePeers, 'around' | 'counts'>
  /** Which pods may use what was pulled with the secret of another. */
  readonly access?: AccessRules
}

/**
 * The store on disk: `layers/` (unpacked, complete once there), `images/` and `names/` (records), `staging/` (unfinished work).
 * Everything appears by rename, layers first and names last; so a process that dies anywhere leaves at most a staging folder, swept at the next start.
 */
export async function createImageStore(options: ImageStoreOptions): Promise<DiskImages> {
  const store = new DiskImageStore(options)
  await store.open()
  return store
}

class DiskImageStore implements DiskImages {
  readonly #root: string
  readonly #log: Log
  readonly #special: SpecialFiles
  readonly #architecture: string
  readonly #records: ImageRecords
  readonly #blobs: Blobs
  readonly #making: Making
  readonly #leases: Leases
  readonly #clock: Clock
  readonly #pulled: PullRecords
  readonly #access: AccessRules
  readonly #pulls: Pulls | undefined
  readonly #cache: BuildCache
  readonly #shelfParts: ShelfParts
  readonly shelf: ImageShelf
  readonly holdings: Holdings
  readonly sources: () => SourceCounts

  constructor({ root, log, special = systemSpecialFiles(), architecture = arch, clock = systemClock, registry, peers, access = DEFAULT_RULES }: ImageStoreOptions) {
    this.#root = root
    this.#log = log
    this.#special = special
    this.#architecture = architecture
    this.#records = new ImageRecords(root, clock)
    this.#blobs = new Blobs(root)
    this.#making = new Making(root, clock)
    this.#leases = new Leases(root, clock)
    this.#clock = clock
    this.#pulled = new PullRecords(root)
    this.#access = access
    this.#pulls = registry === undefined ? undefined : this.#openPulls(registry, peers)
    this.sources = () => peers?.counts ?? NO_COUNTS
    this.holdings = new StoreHoldings({ records: this.#records, blobs: this.#blobs, pulled: this.#pulled, clock })
    this.#cache = new BuildCache(root)
    this.#shelfParts = { layers: this.#layersFolder, staging: this.#stagingFolder, records: this.#records, blobs: this.#blobs, leases: this.#leases, making: this.#making, special, log, ...(registry === undefined ? {} : { registry }) }
    this.shelf = new ImageShelf(this.#shelfParts)
  }

  async open(): Promise<void> {
    await this.#records.open()
    await this.#blobs.open()
    await this.#making.open()
    await this.#leases.open()
    await this.#pulled.open()
    for (const folder of [this.#layersFolder, this.#stagingFolder]) await mkdir(folder, { recursive: true })
    await sweepStaging(this.#stagingFolder)
    // Forgets those that hold no more.
    await this.#leases.list()
  }

  async ensure(given: string, policy: PullPolicy, options: EnsureOptions): Promise<EnsureResult> {
    options.signal.throwIfAborted()
    const lookup = lookupOf(given)
    if (lookup.kind === 'invalid') return invalidName(given, lookup.message)
    const image = await this.find(given)
    const presence = image === undefined ? 'absent' : (await this.#mayUse(image, lookup, options.logins ?? [])) ? 'usable' : 'private'
    // An id names content that no registry could serve otherwise: what is here is it.
    const decision = decidePull(given, lookup.kind === 'id' && policy === 'Always' ? 'IfNotPresent' : policy, presence)
    if (decision.kind === 'refuse') return decision.result
    if (decision.kind === 'use' && image !== undefined) return { kind: 'present', image, pulled: false }
    options.onPulling?.()
    if (lookup.kind === 'id') return pullFailed({ repository: given, full: given }, image)
    return (await this.#pulls?.pull(lookup.reference, image, { ...options, policy })) ?? pullFailed(lookup.reference, image)
  }

  /** See pull-access.ts. By an id, one of the names it was pulled under is enough. */
  async #mayUse(image: Image, lookup: Exclude<Lookup, { kind: 'invalid' }>, logins: readonly RegistryLogin[]): Promise<boolean> {
    const id = image.id as Digest
    const [stored, record] = await Promise.all([this.#records.findImage(id), this.#pulled.find(id)])
    const isPreloaded = stored?.origin !== 'pulled'
    const repositories = lookup.kind === 'name' ? [lookup.reference.repository] : ['', ...Object.keys(record?.repositories ?? {})]
    return repositories.some((repository) => mayUse({ repository, isPreloaded, record, logins: hashedLogins(repository, logins) }, this.#access))
  }

  #openPulls(registry: RegistryClient, peers: Pick<ImagePeers, 'around'> | undefined): Pulls {
    const staged = async <T>(work: (staging: string) => Promise<T>): Promise<T> => {
      await using staging = await openStaging(this.#stagingFolder)
      return await work(staging.path)
    }
    return new Pulls({
      registry,
      clock: this.#clock,
      nodeArch: this.#architecture,
      find: (full) => this.find(full),
      peers,
      mayUse: (image, reference, logins) => this.#mayUse(image, { kind: 'name', reference }, logins),
      mayUseLocal: (repository, logins) => mayUse({ repository, isPreloaded: true, record: undefined, logins: hashedLogins(repository, logins) }, this.#access),
      add: (source, archive, origin) => staged((staging) => this.#add(source, archive, { staging, origin })),
      name: (image, full) => staged((staging) => this.#records.writeName({ name: full, id: image.id as Digest }, staging)).then(async () => (await this.find(full)) ?? image),
      note: (image, pulled) => staged((staging) => this.#pulled.add(image.id as Digest, pulled, staging)),
    })
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
      imported.push(await this.#add(source, archive, { staging: staging.path, origin: 'local' }))
    }
    return imported
  }

  /** What is to be used is held first, then looked for, then made; the record makes it found, its names last. */
  async #add(source: ImageSource, archive: Archive, { staging, origin }: { readonly staging: string; readonly origin: ImageOrigin }): Promise<Image> {
    const { layers, configDigest } = source
    const held = new Set([configDigest, ...layers.flatMap(({ blobDigest }) => blobDigest ?? [])].map(hexOf))
    const hold = async (blob?: Digest): Promise<void> => {
      if (blob !== undefined && held.has(hexOf(blob))) return
      if (blob !== undefined) held.add(hexOf(blob))
      await this.#leases.take({ holder: staging, kind: 'work', layers: possibleNames(layers), blobs: [...held] }, staging)
    }
    try {
      await hold()
      return await this.#keep(source, archive, { staging, origin, hold })
    } catch (error) {
      await this.#leases.release(staging)
      await this.reclaim()
      throw error
    } finally {
      await this.#leases.release(staging)
    }
  }

  async #keep(source: ImageSource, archive: Archive, { staging, origin, hold }: { readonly staging: string; readonly origin: ImageOrigin; readonly hold: (blob: Digest) => Promise<void> }): Promise<Image> {
    const { layers, configDigest, configBytes } = source
    const kept = await ensureLayers(archive, layers, { folder: this.#layersFolder, staging, special: this.#special, blobs: this.#blobs, making: this.#making, hold })
    const contents = kept.map(({ blob }, at): ContentLayer => ({ blob: blob.digest, diffId: layers[at]?.diffId ?? blob.digest, sizeBytes: blob.sizeBytes, mediaType: layers[at]?.mediaType || MEDIA.layer[blob.compression] }))
    const manifest = source.manifest ?? writeManifest({ digest: configDigest, sizeBytes: configBytes.length }, contents)
    await hold(digestOf(manifest))
    for (const index of source.indexes ?? []) await hold(digestOf(index))
    await this.#blobs.put(configBytes, staging)
    const indexes = await Promise.all((source.indexes ?? []).map((index) => this.#blobs.put(index, staging)))
    const content: ImageContent = { manifest: await this.#blobs.put(manifest, staging), ...(indexes.length > 0 && { indexes }), layers: contents }
    const record: ImageRecord = { id: configDigest, sizeBytes: source.sizeBytes, config: source.config.image, layers: kept.map(({ name }) => name), content, origin, addedMs: this.#clock.nowMs() }
    return await this.#record(source, record, staging)
  }

  async hold(holder: string, layers: readonly string[]): Promise<void> {
    if (layers.length === 0) return
    await this.#leases.takeBriefly({ holder, kind: 'container', layers: layers.map((layer) => basename(layer)), blobs: [] })
    for (const layer of layers) if (!(await exists(layer))) throw new Fault('not-found', `the image layer ${layer} is not there any more: its image was removed`)
  }

  async importStream(bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<readonly Image[]> {
    await using staging = await openStaging(this.#stagingFolder)
    const file = join(staging.path, 'brought.tar')
    await pipeline(bytes, createWriteStream(file, { mode: 0o600 }), ...(signal === undefined ? [] : [{ signal }]))
    return await this.importArchive(file, signal)
  }

  async derive(base: string, { tar, name, createdBy, comment }: Parameters<DiskImages['derive']>[1]): Promise<Image> {
    const parsed = name === undefined ? undefined : parseReference(name)
    if (parsed?.kind === 'invalid') throw new Fault('invalid', `${JSON.stringify(name)} cannot be the name of an image: ${parsed.message}`)
    const record = await this.shelf.withContent(base)
    await using staging = await openStaging(this.#stagingFolder)
    const file = join(staging.path, 'changes.tar')
    const diffId = await keepTar(tar, file)
    const { source, archive } = await derivedSource(record, { file, diffId, createdBy, comment, created: formatTime(this.#clock.nowMs()) }, this.#blobs)
    return await this.#add({ ...source, names: parsed === undefined ? [] : [parsed.reference.full] }, archive, { staging: staging.path, origin: 'local' })
  }

  async build(): Promise<BuildStore> {
    const { BuildStore } = await import('./build-store.ts')
    const add = async (source: ImageSource, archive: Archive): Promise<Image> => {
      await using staging = await openStaging(this.#stagingFolder)
      return await this.#add(source, archive, { staging: staging.path, origin: 'local' })
    }
    return await BuildStore.open({ ...this.#shelfParts, shelf: this.shelf, cache: this.#cache, clock: this.#clock, add })
  }

  async forgetBuilds(which: 'unneeded' | 'all'): Promise<number> {
    const made = new Set((await this.#records.listImages()).flatMap(({ layers }) => layers))
    for (const { key, layer } of await this.#cache.list()) if (which === 'all' || (layer !== undefined && !made.has(layer.folder))) await this.#cache.drop(key)
    return (await this.#sweep(which === 'all' ? (await this.#cache.mounts.list()).map(({ name }) => name) : [])).bytes
  }

  async identity(): Promise<string> {
    const [{ dev, ino }, boot] = await Promise.all([stat(this.#root), readFile('/proc/sys/kernel/random/boot_id', 'utf8')])
    return hexOf(digestOf(`${boot.trim()} ${dev} ${ino}`)).slice(0, 16)
  }

  async stored(): Promise<readonly StoredImage[]> {
    const [records, leases, steps, mounts] = await Promise.all([this.#records.listImages(), this.#leases.list(), this.#cache.list(), this.#cache.mounts.list()])
    const stacks = new Set(leases.filter(({ kind }) => kind === 'container').map(({ layers }) => layers.join()))
    const images = records.map(({ id, origin, addedMs, layers }) => ({ id, origin: origin ?? ('unknown' as const), addedMs, pinned: origin !== 'pulled' && origin !== 'peer', isUsed: stacks.has(layers.join()) }))
    const staying = new Set(images.flatMap(({ id, pinned, isUsed }) => (pinned || isUsed ? [id] : [])))
    const stayingLayers = keptBy(leases, records.filter(({ id }) => staying.has(id))).layers
    const kept = steps.map(({ key, usedMs, layer }) => ({ id: key, origin: 'unknown' as const, addedMs: undefined, usedMs, freesBytes: layer === undefined || stayingLayers.has(layer.folder) ? 0 : TWICE * layer.sizeBytes, pinned: false, isUsed: false }))
    const mounted = mountsOf(leases)
    const caches = mounts.map(({ name, usedMs }) => ({ id: MOUNT + name, origin: 'unknown' as const, addedMs: undefined, usedMs, pinned: false, isUsed: mounted.has(name) }))
    return [...images, ...kept, ...caches]
  }

  async discardAll(ids: readonly string[]): Promise<number> {
    const inUse = new Set((await this.stored()).flatMap(({ id, isUsed }) => (isUsed ? [id] : [])))
    const mounts = ids.flatMap((id) => (id.startsWith(MOUNT) && !inUse.has(id) ? [id.slice(MOUNT.length)] : []))
    let isAnyGone = mounts.length > 0
    for (const id of ids) if (!id.startsWith(MOUNT) && (await this.#drop(id, inUse))) isAnyGone = true
    return isAnyGone ? (await this.#sweep(mounts)).bytes : 0
  }

  /** The records of an image or a kept result; what they held is for a sweep to take. */
  async #drop(id: string, inUse: ReadonlySet<string>): Promise<boolean> {
    const image = await this.find(id)
    if (image === undefined) return await this.#cache.drop(id as Digest)
    if (inUse.has(image.id)) return false
    for (const name of [...image.tags, ...image.digests]) await this.#records.removeName(name)
    await this.#forget(image.id as Digest)
    return true
  }

  /** Takes away what no image is made of and nobody holds. */
  async reclaim(): Promise<Swept> {
    return await this.#sweep([])
  }

  async #sweep(mounts: readonly string[]): Promise<Swept> {
    await using staging = await openStaging(this.#stagingFolder)
    return await sweep({ layers: this.#layersFolder, blobs: this.#blobs, leases: this.#leases, records: this.#records, cache: this.#cache, staging: staging.path, mounts })
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
      await this.#forget(image.id as Digest)
    }
    const { bytes } = lastTag ? await this.reclaim() : { bytes: 0 }
    this.#log.info({ image: reference, id: image.id, bytes }, 'image removed')
    return true
  }

  async #forget(id: Digest): Promise<void> {
    await this.#records.removeImage(id)
    await this.#pulled.forget(id)
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

  /** The image first, its names last: nobody finds a name that leads nowhere. What is there with its content stays, but what somebody brought is his from then on. */
  async #record(source: ImageSource, record: ImageRecord, staging: string): Promise<Image> {
    const names = namesOf(source)
    const { id } = record
    const there = await this.#records.findImage(id)
    const isSame = there?.content !== undefined && (there.origin === record.origin || there.origin === 'local' || (there.origin !== undefined && record.origin !== 'local'))
    if (!isSame) await this.#records.writeImage(there?.content === undefined ? record : { ...there, origin: record.origin ?? 'local' }, staging)
    for (const name of names) await this.#records.writeName({ name, id }, staging)
    this.#log.info({ id, names }, record.origin === 'local' ? 'image imported' : 'image pulled')
    return this.#imageOf(isSame ? there : record, await this.#records.listNames())
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
      layers: record.layers.map((layer) => join(this.#layersFolder, layer)),
    }
  }

  get #stagingFolder(): string {
    return join(this.#root, 'staging')
  }

  get #layersFolder(): string {
    return join(this.#root, 'layers')
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
