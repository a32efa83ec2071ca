import type { Revision } from './port.ts'

/**
 * How the reader of a watch asks how far the watch has come (etcd calls it a progress request). A watch that is given this tells its progress when it is
 * asked and not with each write elsewhere, so that a watch of what nobody writes costs nothing. One for one reader; it outlives a watch that broke.
 */
export class ProgressRequests {
  #wanted: Revision = 0
  #isAsked = false
  #listener: (() => void) | undefined

  /** How far the reader wants to be told; 0 if it never asked. */
  get wanted(): Revision {
    return this.#wanted
  }

  /** One answer, at once. */
  now(): void {
    this.#isAsked = true
    this.#listener?.()
  }

  /** An answer at once, and one for each step forward until the revision is reached. */
  upTo(revision: Revision): void {
    this.#wanted = Math.max(this.#wanted, revision)
    this.now()
  }

  /** Whether who has told the reader everything up to `told` has more to say, or will have. */
  isOpen(told: Revision): boolean {
    return this.#isAsked || told < this.#wanted
  }

  /** Whether who has told everything up to `told` is to say now that it has come to `revision`. */
  isDue(told: Revision, revision: Revision): boolean {
    return this.#isAsked || (told < this.#wanted && told < revision)
  }

  answered(): void {
    this.#isAsked = false
  }

  /** Who answers hears of each request, until the returned function is called. */
  attach(listener: () => void): () => void {
    this.#listener = listener
    return () => {
      if (this.#listener === listener) this.#listener = undefined
    }
  }
}
