import type { Clock } from '../../../shared/kit/clock.ts'
import type { Digest } from '../digest.ts'
import { OPEN, type Right } from './port.ts'

/** Some bytes that this node wants, from the moment it asks for them to the end of the pull they belong to. */
export interface Claim {
  readonly digest: Digest
  /** `failed`: it did not come from the registry, and nobody is to wait for it. */
  state: 'claimed' | 'fetching' | 'failed'
  doneBytes: number
  /** Who asked for the same since this node last asked. */
  readonly rivals: Set<string>
}

interface Kept extends Claim {
  readonly rights: Right[]
  /** A document that is not in the store before its image is. */
  bytes: Buffer | undefined
}

/** So many kinds of bytes, and so many askers of each, are remembered. */
const MOST_HEARD = 512
const MOST_ASKERS = 64

/** What this node is about to have, as other nodes see it, and who else wanted it. */
export class Claims {
  readonly #claims = new Map<Digest, Kept>()
  readonly #waiting = new Map<Digest, Set<() => void>>()
  /** Who asked for what lately, the youngest last. */
  readonly #heard = new Map<Digest, Set<string>>()

  /** To be ended once for each time it was begun, with the same right. */
  begin(digest: Digest, right: Right): Claim {
    const claim = this.#claims.get(digest) ?? { digest, state: 'claimed', doneBytes: 0, rivals: new Set(), rights: [], bytes: undefined }
    if (claim.state === 'failed') claim.state = 'claimed'
    claim.rights.push(right)
    this.#claims.set(digest, claim)
    return claim
  }

  end(digest: Digest, right: Right): void {
    const claim = this.#claims.get(digest)
    const at = claim?.rights.findIndex((one) => JSON.stringify(one) === JSON.stringify(right)) ?? -1
    if (claim === undefined || at < 0) return
    claim.rights.splice(at, 1)
    if (claim.rights.length === 0) this.#claims.delete(digest)
    this.wake(digest)
  }

  find(digest: Digest): (Claim & { readonly rights: readonly Right[]; readonly bytes: Buffer | undefined }) | undefined {
    return this.#claims.get(digest)
  }

  get fetching(): readonly Digest[] {
    return [...this.#claims.values()].flatMap(({ digest, state }) => (state === 'fetching' ? [digest] : []))
  }

  /** The bytes of a document, until its claim ends. */
  keep(digest: Digest, bytes: Buffer): void {
    const claim = this.#claims.get(digest)
    if (claim !== undefined) claim.bytes = bytes
    this.wake(digest)
  }

  /** Who waits for it is to look again. */
  wake(digest: Digest): void {
    const waiting = this.#waiting.get(digest)
    this.#waiting.delete(digest)
    for (const look of waiting ?? []) look()
  }

  /** Resolves when it is to be looked at again, and at the latest after `ms`. */
  async changed(digest: Digest, { clock, ms }: { readonly clock: Clock; readonly ms: number }): Promise<void> {
    const waiting = this.#waiting.get(digest) ?? new Set()
    this.#waiting.set(digest, waiting)
    await new Promise<void>((resolve) => {
      const look = (): void => {
        cancel()
        waiting.delete(look)
        if (waiting.size === 0 && this.#waiting.get(digest) === waiting) this.#waiting.delete(digest)
        resolve()
      }
      const cancel = clock.after(ms, look)
      waiting.add(look)
    })
  }

  /** What this node says of what it does not have, and that somebody else wants it: one step, so that of two who ask each other one at least knows of the other. */
  asked(digest: Digest, asker: string): 'fetching' | 'claimed' | 'none' {
    const claim = this.#claims.get(digest)
    if (claim === undefined || claim.state === 'failed') return 'none'
    if (claim.state === 'claimed') claim.rivals.add(asker)
    return claim.state
  }

  /** Notes who asks; answers who did before. */
  heard(digest: Digest, asker: string): readonly string[] {
    const askers = this.#heard.get(digest) ?? new Set()
    const before = [...askers].filter((name) => name !== asker)
    this.#heard.delete(digest)
    this.#heard.set(digest, new Set([...before.slice(1 - MOST_ASKERS), asker]))
    const [oldest] = this.#heard.keys()
    if (this.#heard.size > MOST_HEARD && oldest !== undefined) this.#heard.delete(oldest)
    return before
  }
}

export const rightOf = (hash: string | undefined): Right => (hash === undefined ? OPEN : { kind: 'secret', hash })
