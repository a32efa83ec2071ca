/**
 * A map with string keys that can be read in key order. Changing a value is a hash lookup, and so is adding a key: what was added is put in order when somebody
 * reads in order, all of it at once. Removing a key moves pointers in one array, which for tens of thousands of keys costs a few microseconds.
 */
export class SortedMap<V> {
  readonly #cells = new Map<string, Cell<V>>()
  readonly #order: Cell<V>[] = []
  /** Added since they were last put in order. */
  #added: Cell<V>[] = []
  /** What was read since the last change, by prefix: who reads the same again gets the same array, and may keep what it made of it. */
  readonly #read = new Map<string, readonly V[]>()

  get size(): number {
    return this.#cells.size
  }

  get(key: string): V | undefined {
    return this.#cells.get(key)?.value
  }

  set(key: string, value: V): void {
    this.#read.clear()
    const known = this.#cells.get(key)
    if (known) {
      known.value = value
      return
    }
    const cell = { key, value }
    this.#cells.set(key, cell)
    this.#added.push(cell)
  }

  delete(key: string): void {
    this.#read.clear()
    if (!this.#cells.delete(key)) return
    this.#putInOrder()
    this.#order.splice(this.#lowerBound(key), 1)
  }

  /** The values of all keys that begin with `prefix`, in key order; those after the key `startAfter` only, if it is given. Without it the same array until something changes. */
  underPrefix(prefix: string, startAfter?: string): readonly V[] {
    if (startAfter !== undefined) return this.#collect(prefix, startAfter)
    const known = this.#read.get(prefix)
    if (known) return known
    const values = this.#collect(prefix, undefined)
    if (this.#read.size >= REMEMBERED_PREFIXES) this.#read.clear()
    this.#read.set(prefix, values)
    return values
  }

  #collect(prefix: string, startAfter: string | undefined): readonly V[] {
    this.#putInOrder()
    const order = this.#order
    const first = startAfter === undefined || startAfter < prefix ? this.#lowerBound(prefix) : this.#lowerBound(`${startAfter}\0`)
    const values: V[] = []
    for (let i = first; i < order.length; i++) {
      const cell = order[i] as Cell<V>
      if (!cell.key.startsWith(prefix)) break
      values.push(cell.value)
    }
    return values
  }

  /** Merges what was added into the rest, from the end. */
  #putInOrder(): void {
    if (this.#added.length === 0) return
    const added = this.#added.sort((a, b) => (a.key < b.key ? -1 : 1))
    this.#added = []
    const order = this.#order
    if (added.length <= FEW) {
      for (const cell of added) order.splice(this.#lowerBound(cell.key), 0, cell)
      return
    }
    let from = order.length - 1
    for (const cell of added) order.push(cell)
    for (let to = order.length - 1, next = added.length - 1; next >= 0; to--) {
      const cell = added[next] as Cell<V>
      const there = from >= 0 ? (order[from] as Cell<V>) : undefined
      if (there && there.key > cell.key) {
        order[to] = there
        from--
      } else {
        order[to] = cell
        next--
      }
    }
  }

  /** Index of the first key that is not smaller. */
  #lowerBound(key: string): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#order[middle] as Cell<V>).key < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** So few are sooner moved to their places one by one. */
const FEW = 4
/** How many prefixes are remembered at a time. */
const REMEMBERED_PREFIXES = 8

interface Cell<V> {
  readonly key: string
  value: V
}
