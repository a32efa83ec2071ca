/**
 * The items of a list as the bytes that go out, made once for all who list the same: the cache hands out the same array until something
 * changes, so the array itself is the name of what was made of it. What nobody asks for any more is let go.
 */
import type { Clock } from '../../../shared/kit/clock.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'

export interface ListBytes {
  /** The items, commas between them, in pieces. @param head what each item's text begins with, and a list's items do not; empty: nothing. */
  of(items: readonly CachedObject[], head: string): readonly Uint8Array[]
  /** Lets go of everything, when the server ends. */
  clear(): void
}

export interface ListBytesOptions {
  readonly clock: Clock
  /** How much is kept at most; 16 MiB by default. */
  readonly mostBytes?: number
  /** How long after its last use; 3 s by default. */
  readonly idleMs?: number
}

interface Kept {
  readonly pieces: readonly Uint8Array[]
  readonly bytes: number
  usedMs: number
}

export function createListBytes(options: ListBytesOptions): ListBytes {
  return new RememberedLists(options)
}

class RememberedLists implements ListBytes {
  readonly #clock: Clock
  readonly #mostBytes: number
  readonly #idleMs: number
  /** Asked for once: what is asked for a second time is worth keeping. */
  readonly #seen = new WeakSet<readonly CachedObject[]>()
  /** The one used longest ago first. */
  readonly #kept = new Map<readonly CachedObject[], Kept>()
  #bytes = 0
  #cancelSweep: (() => void) | undefined

  constructor({ clock, mostBytes = 16 * 1024 * 1024, idleMs = 3000 }: ListBytesOptions) {
    this.#clock = clock
    this.#mostBytes = mostBytes
    this.#idleMs = idleMs
  }

  of(items: readonly CachedObject[], head: string): readonly Uint8Array[] {
    const known = this.#kept.get(items)
    const pieces = known?.pieces ?? piecesOf(items, head)
    if (known === undefined && !this.#seen.has(items)) {
      this.#seen.add(items)
      return pieces
    }
    this.#forget(items)
    this.#keep(items, pieces)
    return pieces
  }

  clear(): void {
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    this.#kept.clear()
    this.#bytes = 0
  }

  #keep(items: readonly CachedObject[], pieces: readonly Uint8Array[]): void {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (bytes > this.#mostBytes) return
    this.#kept.set(items, { pieces, bytes, usedMs: this.#clock.monotonicMs() })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#mostBytes) break
      this.#forget(oldest)
    }
    this.#sweepLater()
  }

  #forget(items: readonly CachedObject[]): void {
    this.#bytes -= this.#kept.get(items)?.bytes ?? 0
    this.#kept.delete(items)
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#clock.after(this.#idleMs, () => {
      this.#cancelSweep = undefined
      const since = this.#clock.monotonicMs() - this.#idleMs
      for (const [items, { usedMs }] of this.#kept) if (usedMs <= since) this.#forget(items)
      if (this.#kept.size > 0) this.#sweepLater()
    })
  }
}

/** Large enough that writing one costs more than having many, small enough that a connection need not hold a whole list. */
const PIECE_BYTES = 256 * 1024
const COMMA = 0x2c

function piecesOf(items: readonly CachedObject[], head: string): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  let piece = Buffer.alloc(0)
  let at = 0
  for (const [index, item] of items.entries()) {
    const text = itemText(item, head)
    const bytes = Buffer.byteLength(text)
    if (at + bytes + 1 > piece.length) {
      if (at > 0) pieces.push(piece.subarray(0, at))
      piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes + 1))
      at = 0
    }
    if (index > 0) piece[at++] = COMMA
    at += piece.write(text, at)
  }
  if (at > 0) pieces.push(piece.subarray(0, at))
  return pieces
}

/** The items of a list do not repeat what the list says of their kind: that head is cut off their shared text. */
export function itemText(item: CachedObject, head: string): string {
  const text = item.json()
  if (head === '') return text
  return text.startsWith(head) ? `{${text.slice(head.length)}` : withoutHead(item.object)
}

function withoutHead(object: CachedObject['object']): string {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object
  return JSON.stringify(rest)
}
