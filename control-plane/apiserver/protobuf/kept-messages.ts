import type { JsonObject } from '../../../shared/model/json.ts'
import type { Message } from './message.ts'

/** By the message that objects were written as, for they may be told with their metadata alone, too. */
type Made = Map<Message, WeakMap<JsonObject, Uint8Array>>

/**
 * What objects are as messages, written once for all lists and watches that tell of them. Kept for no longer than the object is there, and not for longer than it takes
 * to write half as many bytes as may be kept of objects that were used since.
 */
export class KeptMessages {
  readonly #mostBytes: number
  #young: Made = new Map()
  #old: Made = new Map()
  /** Of all that was put among the young, though the object of some may be gone. */
  #bytes = 0

  /** @param mostBytes 64 MiB by default, which some 30,000 pods are. */
  constructor(mostBytes = 64 * 1024 * 1024) {
    this.#mostBytes = mostBytes
  }

  find(object: JsonObject, message: Message): Uint8Array | undefined {
    const young = this.#young.get(message)?.get(object)
    if (young) return young
    const old = this.#old.get(message)?.get(object)
    if (old) this.keep(object, message, old)
    return old
  }

  keep(object: JsonObject, message: Message, bytes: Uint8Array): void {
    if (this.#bytes + bytes.length > this.#mostBytes / 2) {
      this.#old = this.#young
      this.#young = new Map()
      this.#bytes = 0
    }
    this.#bytes += bytes.length
    const known = this.#young.get(message) ?? new WeakMap<JsonObject, Uint8Array>()
    this.#young.set(message, known.set(object, bytes))
  }
}
