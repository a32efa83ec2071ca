/**
 * What lists say as the bytes that go out, made once for all who ask the same: the cache hands out the same array of items until something
 * changes, so the array itself is the name of what was made of it. What was asked for once is shared for as long as it is on its way to somebody, what was asked for
 * again is kept until nobody has asked for a while.
 */
import type { Clock } from '../../../shared/kit/clock.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'

/** What is made of a list. */
export interface Said {
  readonly items: readonly CachedObject[]
  /** Whose words they are: the definition of the kind, which says its columns too. */
  readonly by: object
  /** In which form. */
  readonly form: string
}

export interface Texts {
  /** One for each item. */
  readonly each: readonly string[]
  /** What follows them. */
  readonly end: string
}

export interface ListBytes {
  /** What was made of it. @param make asked when nobody has asked for the same before, or not lately. */
  of(said: Said, make: () => readonly Uint8Array[]): readonly Uint8Array[]
  /** The same of what takes long to make: who asks meanwhile waits with the first. */
  soon(said: Said, make: () => Promise<readonly Uint8Array[]>): Promise<readonly Uint8Array[]>
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

type Pieces = readonly Uint8Array[]

/** Gone when it is on its way to nobody: who sends pieces holds them all until the last has gone. */
interface Made {
  readonly by: object
  readonly pieces: ReadonlyArray<WeakRef<Uint8Array>>
}

const isSame = (one: Said, { items, by, form }: Said): boolean => one.items === items && one.by === by && one.form === form

function madeBefore({ by, pieces }: Made, { by: asked }: Said): Pieces | undefined {
  const all = pieces.flatMap((piece) => piece.deref() ?? [])
  return by === asked && all.length === pieces.length ? all : undefined
}

interface Kept extends Said {
  readonly pieces: Pieces
  readonly bytes: number
  readonly usedMs: number
}

interface Coming extends Said {
  readonly pieces: Promise<Pieces>
}

export function createListBytes(options: ListBytesOptions): ListBytes {
  return new RememberedLists(options)
}

/** Looking through more would cost more than it is worth. */
const MOST_KEPT = 64
const MOST_FORMS = 16

class RememberedLists implements ListBytes {
  readonly #clock: Clock
  readonly #mostBytes: number
  readonly #idleMs: number
  /** By the forms that each list was asked for in: what is asked for a second time is worth keeping. */
  readonly #made = new WeakMap<readonly CachedObject[], Map<string, Made>>()
  /** The one used longest ago first. */
  #kept: readonly Kept[] = []
  #coming: readonly Coming[] = []
  #cancelSweep: (() => void) | undefined

  constructor({ clock, mostBytes = 16 * 1024 * 1024, idleMs = 3000 }: ListBytesOptions) {
    this.#clock = clock
    this.#mostBytes = mostBytes
    this.#idleMs = idleMs
  }

  of(said: Said, make: () => readonly Uint8Array[]): readonly Uint8Array[] {
    const { items, by, form } = said
    const known = this.#kept.find((one) => isSame(one, said))
    const forms = this.#made.get(items) ?? new Map<string, Made>()
    const made = forms.get(form)
    const pieces = this.#before(said) ?? make()
    if (known !== undefined || made !== undefined) this.#keep({ ...said, pieces, bytes: lengthOf(pieces), usedMs: this.#clock.monotonicMs() }, known)
    // A table has another form each second.
    if (made === undefined && forms.size >= MOST_FORMS) forms.clear()
    if (known === undefined) this.#made.set(items, forms.set(form, { by, pieces: pieces.map((piece) => new WeakRef(piece)) }))
    return pieces
  }

  async soon(said: Said, make: () => Promise<Pieces>): Promise<Pieces> {
    let coming = this.#coming.find((one) => isSame(one, said))
    if (!coming) {
      const before = this.#before(said)
      if (before) return this.of(said, () => before)
      coming = { ...said, pieces: make() }
      this.#coming = [...this.#coming, coming]
    }
    try {
      const pieces = await coming.pieces
      return this.of(said, () => pieces)
    } finally {
      this.#coming = this.#coming.filter((one) => one !== coming)
    }
  }

  clear(): void {
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    this.#kept = []
  }

  #before(said: Said): Pieces | undefined {
    const made = this.#made.get(said.items)?.get(said.form)
    return this.#kept.find((one) => isSame(one, said))?.pieces ?? (made && madeBefore(made, said))
  }

  #keep(one: Kept, before: Kept | undefined): void {
    if (one.bytes > this.#mostBytes) return
    const kept = [...this.#kept.filter((other) => other !== before), one].slice(-MOST_KEPT)
    let bytes = kept.reduce((sum, other) => sum + other.bytes, 0)
    this.#keepOnly(kept, (other) => {
      const fits = bytes <= this.#mostBytes
      if (!fits) bytes -= other.bytes
      return fits
    })
    this.#sweepLater()
  }

  #keepOnly(kept: readonly Kept[], isWorthIt: (one: Kept) => boolean): void {
    this.#kept = kept.filter((one) => {
      const stays = isWorthIt(one)
      if (!stays) this.#made.delete(one.items)
      return stays
    })
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#clock.after(this.#idleMs, () => {
      this.#cancelSweep = undefined
      const since = this.#clock.monotonicMs() - this.#idleMs
      this.#keepOnly(this.#kept, ({ usedMs }) => usedMs > since)
      if (this.#kept.length > 0) this.#sweepLater()
    })
  }
}

const lengthOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0)

/** What is short enough goes out at once: the 500 objects that clients ask for at a time are mostly some 1.2 MB, and each further piece costs the server and whoever reads it a turn. */
const SHORT_BYTES = 2 * 1024 * 1024
/** Of what is longer: large enough that writing one costs more than having many, small enough that a connection need not hold a whole list. */
const PIECE_BYTES = 256 * 1024
const COMMA = 0x2c

/** Texts with commas between them, in pieces. */
export function textPieces({ each, end }: Texts): readonly Uint8Array[] {
  const texts = each.map((text, index) => ({ text, size: Buffer.byteLength(text) + Number(index > 0), isFirst: index === 0 }))
  const all = [...texts, { text: end, size: Buffer.byteLength(end), isFirst: true }]
  let left = all.reduce((sum, { size }) => sum + size, 0)
  const most = left > SHORT_BYTES ? PIECE_BYTES : left
  const pieces: Uint8Array[] = []
  let piece = Buffer.alloc(0)
  let at = 0
  for (const { text, size, isFirst } of all) {
    if (at + size > piece.length) {
      if (at > 0) pieces.push(piece.subarray(0, at))
      piece = Buffer.allocUnsafeSlow(Math.max(size, Math.min(most, left)))
      at = 0
    }
    if (!isFirst) piece[at++] = COMMA
    at += piece.write(text, at)
    left -= size
  }
  if (at > 0) pieces.push(piece.subarray(0, at))
  return pieces
}

/** The items of a list do not repeat what the list says of their kind: that head is cut off their shared text. Empty: nothing is. */
export function itemText(item: CachedObject, head: string): string {
  const text = item.json()
  if (head === '') return text
  return text.startsWith(head) ? `{${text.slice(head.length)}` : withoutHead(item.object)
}

function withoutHead(object: CachedObject['object']): string {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object
  return JSON.stringify(rest)
}
