import type { Clock } from '../../../shared/kit/clock.ts'
import type { Blobs } from '../blobs.ts'
import type { Digest } from '../digest.ts'
import { rightsTo } from '../pull-access.ts'
import type { PullRecords } from '../pull-records.ts'
import { blobsOf, type ImageRecord, type ImageRecords } from '../records.ts'
import { type Holdings, type Named, OPEN, type Right } from './port.ts'

export interface StoreParts {
  readonly records: ImageRecords
  readonly blobs: Blobs
  readonly pulled: PullRecords
  readonly clock: Clock
}

/** Records are read again after this: nodes that pull together ask for many blobs in a moment. Who is refused by what is known is looked up anew. */
const KNOWN_MS = 500

/** What a store on disk gives to other nodes, and by which right: what was brought by hand or pulled without a login to all, what a login opened to who knows it. */
export class StoreHoldings implements Holdings {
  readonly #parts: StoreParts
  #known: { readonly untilMs: number; readonly rights: Promise<ReadonlyMap<Digest, readonly Right[]>> } | undefined

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  async rightsTo(digest: Digest, now?: 'now'): Promise<readonly Right[]> {
    const { clock } = this.#parts
    if (this.#known === undefined || now !== undefined || this.#known.untilMs < clock.monotonicMs()) this.#known = { untilMs: clock.monotonicMs() + KNOWN_MS, rights: this.#read() }
    return (await this.#known.rights).get(digest) ?? []
  }

  sizeBytes(digest: Digest): Promise<number | undefined> {
    return this.#parts.blobs.sizeBytes(digest)
  }

  stream(digest: Digest, start: number): AsyncIterable<Buffer> {
    return this.#parts.blobs.stream(digest, start)
  }

  async named(full: string): Promise<Named | undefined> {
    const { records, pulled, blobs } = this.#parts
    const name = await records.findName(full)
    const record = name === undefined ? undefined : await records.findImage(name.id)
    if (record?.content === undefined) return undefined
    const at = full.indexOf('@')
    const repository = at < 0 ? full.slice(0, full.lastIndexOf(':')) : full.slice(0, at)
    const isLocal = isBrought(record)
    const rights = isLocal ? [OPEN] : rightsTo(repository, await pulled.find(record.id)).map(({ hash }): Right => (hash === undefined ? OPEN : { kind: 'secret', hash }))
    // What others know the image by, where its bytes are here: an index leads to every platform's manifest.
    const digests = at < 0 ? (await records.listNames()).flatMap(({ name: one, id }) => (id === record.id && one.startsWith(`${repository}@`) ? [one.slice(repository.length + 1) as Digest] : [])) : [full.slice(at + 1) as Digest]
    for (const digest of digests) if ((await blobs.sizeBytes(digest)) !== undefined) return { digest, isLocal, rights }
    return { digest: record.content.manifest, isLocal, rights }
  }

  async #read(): Promise<ReadonlyMap<Digest, readonly Right[]>> {
    const { records, pulled } = this.#parts
    const rights = new Map<Digest, readonly Right[]>()
    for (const record of await records.listImages()) {
      const pull = isBrought(record) ? undefined : await pulled.find(record.id)
      const own = isBrought(record) ? [OPEN] : Object.keys(pull?.repositories ?? {}).flatMap((repository) => rightsTo(repository, pull).map(({ hash }): Right => (hash === undefined ? OPEN : { kind: 'secret', hash })))
      for (const digest of blobsOf(record)) rights.set(digest, [...(rights.get(digest) ?? []), ...own])
    }
    return rights
  }
}

const isBrought = ({ origin }: ImageRecord): boolean => origin !== 'pulled'
