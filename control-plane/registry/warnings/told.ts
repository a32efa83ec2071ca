import { MAX_SHORTENED, MAX_WARNINGS_LENGTH } from '../../../shared/model/warning-limits.ts'

/** Warnings of one sort in their order, each once. A small object can give cause for millions: once full, what comes later would never reach the client. */
export class Told {
  readonly #texts = new Set<string>()
  #length = 0

  get isFull(): boolean {
    return this.#length > MAX_WARNINGS_LENGTH && this.#texts.size >= MAX_SHORTENED
  }

  get texts(): readonly string[] {
    return [...this.#texts]
  }

  add(text: string): void {
    if (this.isFull || this.#texts.has(text)) return
    this.#texts.add(text)
    this.#length += text.length
  }
}

/** So many causes of one warning each fill any list: a warning has more than 16 characters. */
export const MOST_CAUSES = MAX_WARNINGS_LENGTH / 16
