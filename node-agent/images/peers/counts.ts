/** What came from where, counted from the start of the agent. Numbers alone. */
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

  /** Another node was waited for that was fetching. */
  wait(): void {
    this.#waits++
  }

  /** Bytes of another node were not what they should be. */
  refuse(): void {
    this.#refused++
  }

  get now(): { readonly blobs: { readonly peer: number; readonly registry: number }; readonly bytes: { readonly peer: number; readonly registry: number }; readonly waits: number; readonly refused: number } {
    return { blobs: { ...this.#blobs }, bytes: { ...this.#bytes }, waits: this.#waits, refused: this.#refused }
  }
}
