/**
 * A map with string keys that can be read in key order. Changing a value is a hash lookup; adding or removing a key moves
 * pointers in one array, which for tens of thousands of keys costs a few microseconds.
 */
export class SortedMap<V> {
  readonly #cells = new Map<string, Cell<V>>()
  readonly #order: Cell<V>[] = []

  get size(): number {
    return this.#order.length
  }

  get(key: string): V | undefined {
    return this.#cells.get(key)?.value
  }

  set(key: string, value: V): void {
    const known = this.#cells.get(key)
    if (known) {
      known.value = value
      return
    }
    const cell = { key, value }
    this.#cells.set(key, cell)
    const last = this.#order.at(-1)
    if (last === undefined || last.key < key) this.#order.push(cell)
    else this.#order.splice(this.#lowerBound(key), 0, cell)
  }

  delete(key: string): void {
    if (this.#cells.delete(key)) this.#order.splice(this.#lowerBound(key), 1)
  }

  /** The values of all keys that begin with `prefix`, in key order; those after the key `startAfter` only, if it is given. */
  underPrefix(prefix: string, startAfter?: string): V[] {
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

interface Cell<V> {
  readonly key: string
  value: V
}
