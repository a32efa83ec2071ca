/** How much came from where, since the agent started. */
export interface SourceCounts {
  readonly blobs: { readonly peer: number; readonly registry: number }
  readonly bytes: { readonly peer: number; readonly registry: number }
  /** How often another node was waited for that was fetching. */
  readonly waits: number
  /** How often the bytes of another node were not what they should be. */
  readonly refused: number
}

export const NO_COUNTS: SourceCounts = { blobs: { peer: 0, registry: 0 }, bytes: { peer: 0, registry: 0 }, waits: 0, refused: 0 }

/** Of pulls while there are other nodes. */
export class PeerCounts {
  readonly #blobs = { peer: 0, registry: 0 }
  readonly #bytes = { peer: 0, registry: 0 }
  #waits = 0
  #refused = 0

  blob(source: 'peer' | 'registry'): void {
    this.#blobs[source]++
  }

  bytes(source: 'peer' | 'registry', count: number): void {
    this.#bytes[source] += count
  }

  wait(): void {
    this.#waits++
  }

  refuse(): void {
    this.#refused++
  }

  get now(): SourceCounts {
    return { blobs: { ...this.#blobs }, bytes: { ...this.#bytes }, waits: this.#waits, refused: this.#refused }
  }
}
