import { sleep } from '../../../shared/kit/clock.ts'
import { Fault, isFault } from '../../../shared/kit/faults.ts'
import { type Digest, digestOf } from '../digest.ts'
import { mediaTypeOf } from '../manifest.ts'
import { hashedLogin } from '../pull-records.ts'
import type { Reference } from '../reference.ts'
import type { ImageSession } from '../registry/remote-image.ts'
import { MAX_MANIFEST_BYTES } from '../registry/manifest.ts'
import type { Descriptor, ManifestBytes, RegistryLogin, RepositorySession } from '../registry/port.ts'
import { rightOf } from './claims.ts'
import { askName, type FoundName } from './names.ts'
import type { PeerNode, Right, ShownLogin } from './port.ts'
import { Supply, type SupplyParts, type WantedBytes } from './supply.ts'

export interface PeerSessionOptions {
  readonly inner: RepositorySession
  readonly reference: Reference
  /** Logins of the pod that fit the repository, with their hashes. */
  readonly shown: readonly ShownLogin[]
  /** Whether other nodes may say what a name stands for, where no registry does. */
  readonly asksNames: boolean
  /** Whether this pod may have what somebody brought by hand. */
  readonly mayUseLocal: boolean
  readonly signal: AbortSignal
}

/** How a name came to be known: by another node's word, and what the registry had to say. */
export interface PeerWord {
  readonly peer: string
  readonly right: 'local' | 'open' | 'shown'
  readonly refusal: unknown
}

/** What comes from other nodes is read anew from others so often; then only the registry is asked. */
const MOST_AGAIN = 3
/** Nodes whose bytes were wrong are left alone for so long. */
const BAD_MS = 600_000

/** One pull, by way of the other nodes of the cluster: see {@link RepositorySession}. To be disposed when the image is in the store, or will never be. */
export class PeerSession implements ImageSession, Disposable {
  readonly #parts: SupplyParts
  readonly #options: PeerSessionOptions
  readonly #begun: Array<{ readonly digest: Digest; readonly right: Right }> = []
  readonly #last = new Map<Digest, Supply>()
  /** Who gave wrong bytes, or may have. */
  readonly #suspects = new Map<Digest, Set<string>>()
  readonly #again = new Map<Digest, number>()
  #word: PeerWord | undefined
  #login: RegistryLogin | undefined

  constructor(parts: SupplyParts, options: PeerSessionOptions) {
    this.#parts = parts
    this.#options = options
  }

  get login(): RegistryLogin | undefined {
    const { login } = this.#options.inner
    // A registry that comes back in the middle, and lets this node in by a login, makes private what another node called open.
    return this.#word === undefined ? login : (this.#login ?? login)
  }

  get word(): PeerWord | undefined {
    return this.#word
  }

  /** The registry's answer counts, where it gives one in time. */
  async resolve(reference: Reference): Promise<Pick<Descriptor, 'digest'>> {
    const { inner, asksNames, signal } = this.#options
    if (!asksNames) return await inner.resolve(reference)
    const { clock, times } = this.#parts
    const asking = inner.resolve(reference).then(
      (descriptor) => ({ kind: 'told' as const, descriptor }),
      (error: unknown) => ({ kind: 'failed' as const, error }),
    )
    const waited = new AbortController()
    const first = await Promise.race([asking, sleep(clock, times.registryMs, AbortSignal.any([signal, waited.signal])).then(() => undefined, () => undefined)])
    waited.abort(new Error('answered'))
    if (first?.kind === 'told') return first.descriptor
    if (first === undefined) {
      const found = await Promise.race([asking.then(() => undefined), this.#named(reference, LATE)])
      if (found !== undefined) return this.#take(found, LATE)
    }
    const answer = await asking
    if (answer.kind === 'told') return answer.descriptor
    const found = await this.#named(reference, answer.error)
    if (found === undefined) throw answer.error
    return this.#take(found, answer.error)
  }

  /** What other nodes say, if what the registry did leaves it to them. */
  async #named(reference: Reference, refusal: unknown): Promise<FoundName | undefined> {
    const { signal, shown, mayUseLocal } = this.#options
    const allowed = believed(refusal).filter((right) => right !== 'local' || mayUseLocal)
    if (allowed.length === 0) return undefined
    return await askName(this.#parts, { reference, shown: [...shown, ...(await this.#own())], allowed, signal })
  }

  /** What the node has itself is shown for every pod. Files that cannot be read give nothing: the registry's client says so. */
  async #own(): Promise<readonly ShownLogin[]> {
    try {
      return (await this.#options.inner.ownLogins()).map(hashedLogin)
    } catch (error) {
      if (!isFault(error)) throw error
      return []
    }
  }

  #take({ peer, digest, right, login }: FoundName, refusal: unknown): { readonly digest: Digest } {
    this.#word = { peer, right, refusal }
    this.#login = login
    this.#parts.log.info({ image: this.#options.reference.full, digest, peer, right }, 'the registry does not say what an image is, another node does')
    return { digest }
  }

  async manifest(digest: Digest): Promise<ManifestBytes> {
    const { inner } = this.#options
    let told: ManifestBytes | undefined
    const bytes = await this.#document({ digest }, async function* () {
      told = await inner.manifest(digest)
      yield told.bytes
    })
    return told ?? { digest, bytes, mediaType: mediaTypeOf(bytes) }
  }

  config(descriptor: Descriptor): Promise<Buffer> {
    return this.#document(descriptor, (from) => this.#options.inner.blob(descriptor, from))
  }

  blob(descriptor: Descriptor): AsyncIterable<Buffer> {
    return this.#supply(descriptor, (from) => this.#options.inner.blob(descriptor, from)).read()
  }

  kept(digest: Digest): void {
    this.#parts.claims.wake(digest)
  }

  again(digest: Digest, error: unknown): boolean {
    const sources = this.#last.get(digest)?.sources
    if (sources === undefined || sources.size === 0 || !isFault(error) || !['corrupt', 'invalid', 'unsupported'].includes(error.code)) return false
    const isWrong = error.code === 'corrupt' && error.message.startsWith(`${digest} does not match`)
    return this.#suspect(digest, sources, isWrong)
  }

  [Symbol.dispose](): void {
    for (const { digest, right } of this.#begun.splice(0)) this.#parts.claims.end(digest, right)
  }

  /** Read to its end before anybody believes a word; wrong ones are read anew from somebody else. */
  async #document(wanted: WantedBytes, fetch: (from: number) => AsyncIterable<Buffer>): Promise<Buffer> {
    for (;;) {
      const supply = this.#supply(wanted, fetch)
      const parts: Buffer[] = []
      let size = 0
      for await (const part of supply.read()) {
        size += part.length
        if (size > Math.max(MAX_MANIFEST_BYTES, wanted.sizeBytes ?? 0)) break
        parts.push(part)
      }
      const bytes = Buffer.concat(parts)
      if (digestOf(bytes) === wanted.digest) {
        this.#parts.claims.keep(wanted.digest, bytes)
        return bytes
      }
      if (supply.sources.size === 0 || !this.#suspect(wanted.digest, supply.sources, true)) throw new Fault('corrupt', `${wanted.digest} does not match its digest`)
    }
  }

  #supply(wanted: WantedBytes, fetch: (from: number) => AsyncIterable<Buffer>): Supply {
    const { digest } = wanted
    const { signal } = this.#options
    const right = rightOf(this.#hash())
    this.#begun.push({ digest, right })
    const claim = this.#parts.claims.begin(digest, right)
    const tired = (this.#again.get(digest) ?? 0) >= MOST_AGAIN
    const ignored = tired ? new Set(this.#parts.peers().map(({ name }) => name)) : (this.#suspects.get(digest) ?? new Set<string>())
    const supply = new Supply(this.#parts, wanted, { claim, shown: this.#shown(), signal, fetch, ignored, isRegistryGone: this.#word !== undefined })
    this.#last.set(digest, supply)
    return supply
  }

  /** Of the login that opened the image, if it took one. */
  #hash(): string | undefined {
    return this.#shown()[0]?.hash
  }

  #shown(): readonly ShownLogin[] {
    const { login } = this
    return login === undefined ? [] : [hashedLogin(login)]
  }

  #suspect(digest: Digest, sources: ReadonlySet<PeerNode>, isWrong: boolean): boolean {
    const { client, counts, log } = this.#parts
    const again = (this.#again.get(digest) ?? 0) + 1
    this.#again.set(digest, again)
    const suspects = this.#suspects.get(digest) ?? new Set()
    this.#suspects.set(digest, suspects)
    for (const peer of sources) {
      suspects.add(peer.name)
      // Of several nobody knows whose they were.
      if (isWrong && sources.size === 1) client.putAway(peer, BAD_MS)
    }
    if (isWrong) {
      counts.refuse()
      log.warn({ digest, peers: [...sources].map(({ name }) => name) }, 'bytes from another node are not what they should be: refused, and read from elsewhere')
    }
    return again <= MOST_AGAIN
  }
}

const LATE = new Fault('unavailable', 'the registry does not answer')

/**
 * Whose word on a name counts after what the registry said. Nobody's, where it gave a reason that is no "no". Where it does not know the image, or not for this pod, only what somebody brought by
 * hand: that is for all. Where it said nothing, each node's own record of how the image came.
 */
export function believed(refusal: unknown): ReadonlyArray<PeerWord['right']> {
  if (!isFault(refusal)) return []
  const wasNotAsked = refusal.code === 'not-found' && refusal.message.includes('gantry image import')
  if (refusal.code === 'unavailable' || refusal.code === 'timeout' || wasNotAsked) return ['local', 'open', 'shown']
  return refusal.code === 'not-found' || refusal.code === 'permission' ? ['local'] : []
}
