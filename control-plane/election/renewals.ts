/** A renewal: a write of the leader's key that has been sent. */
export interface Attempt {
  /** As in its record; grows. */
  readonly renewals: number
  readonly sentAtMs: number
  readonly leaseMs: number
}

/**
 * What a leader may believe of its own key. Every renewal is written over the newest version of the key that is known here, so of those that were sent over one version at most one lands, and none after
 * one that was sent later: what stands in the storage is never older than what is known of it, unless that was put back. docs/adr/0006-leading-by-observation.md has the proof.
 */
export class Renewals {
  /** Of the newest version that is known. */
  #revision: number
  #renewals = 0
  #leaseMs: number
  /** Sent over that version. */
  #sent: Attempt[] = []

  constructor(made: { readonly revision: number; readonly leaseMs: number }) {
    this.#revision = made.revision
    this.#leaseMs = made.leaseMs
  }

  get revision(): number {
    return this.#revision
  }

  /** What the newest version promises whoever leads. */
  get leaseMs(): number {
    return this.#leaseMs
  }

  send(attempt: Attempt): void {
    this.#sent.push(attempt)
  }

  /**
   * A version of the key stands there, says the storage; `asked` was the newest known when it was asked. Answers the renewal that wrote it where that is news, and `known` where it is not. `impossible`: older than
   * what had been there before, or what nobody wrote over that; so the storage was put back to an older state.
   */
  stands(version: { readonly revision: number; readonly renewals: number }, asked = this.#revision): Attempt | 'known' | 'impossible' {
    if (version.revision < asked || (version.revision === this.#revision && version.renewals !== this.#renewals)) return 'impossible'
    if (version.revision <= this.#revision) return 'known'
    const landed = this.#sent.find(({ renewals }) => renewals === version.renewals)
    if (!landed) return 'impossible'
    this.#revision = version.revision
    this.#renewals = landed.renewals
    this.#leaseMs = landed.leaseMs
    this.#sent = []
    return landed
  }

  /** How long whoever registers after a look is sure to wait: what was sent may land after that look, and promise less. */
  surelyMs(): number {
    return Math.min(this.#leaseMs, ...this.#sent.map(({ leaseMs }) => leaseMs))
  }
}
