/** The objects of one resource in memory, with indexes and listeners; what `informer.ts` keeps current. */
import { keyOf, type KubeObject } from '../../shared/model/meta.ts'
import type { Change, Lister } from './port.ts'

type Listener<T extends KubeObject> = (change: Change<T>) => void
type ValuesOf<T extends KubeObject> = (object: T) => readonly string[]

interface Index<T extends KubeObject> {
  readonly valuesOf: ValuesOf<T>
  readonly found: Map<string, Map<string, T>>
}

export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, Index<T>>()
  readonly #listeners = new Set<Listener<T>>()
  readonly #onListenerError: (error: unknown) => void

  /** @param onListenerError told when a listener throws, which is that listener's bug; the others still hear of the change. */
  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): Iterable<T> {
    return this.#objects.values()
  }

  byIndex(index: string, value: string): readonly T[] {
    const wanted = this.#indexes.get(index)
    if (!wanted) throw new Error(`there is no index ${index}`)
    const found = wanted.found.get(value)
    return found ? [...found.values()] : []
  }

  /** Adding the same function under the same name again changes nothing; another function under a name that is taken is a mistake. */
  addIndex(name: string, valuesOf: ValuesOf<T>): void {
    const known = this.#indexes.get(name)
    if (known?.valuesOf === valuesOf) return
    if (known) throw new Error(`index ${name} is there already, with another function`)
    const index: Index<T> = { valuesOf, found: new Map() }
    this.#indexes.set(name, index)
    for (const [key, object] of this.#objects) enter(index, key, object)
  }

  subscribe(listener: Listener<T>): () => void {
    for (const [key, after] of this.#objects) this.#call(listener, { key, after })
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Takes the object in, unless this very version of it is there. */
  put(object: T): void {
    const key = keyOf(object)
    const before = this.#objects.get(key)
    if (before && isSameVersion(before, object)) return
    this.#objects.set(key, object)
    for (const index of this.#indexes.values()) reenter(index, key, { before, after: object })
    this.#tell(before ? { key, before, after: object } : { key, after: object })
  }

  remove(key: string): void {
    const before = this.#objects.get(key)
    if (!before) return
    this.#objects.delete(key)
    for (const index of this.#indexes.values()) leave(index, key, before)
    this.#tell({ key, before })
  }

  /** Makes the cache hold exactly `objects`: what is missing there is removed first, then each is put. */
  replace(objects: readonly T[]): void {
    const keys = new Set(objects.map(keyOf))
    for (const key of this.#objects.keys()) if (!keys.has(key)) this.remove(key)
    for (const object of objects) this.#putOrSwap(object)
  }

  /** An object that was removed and made again while nobody watched is told as a removal and an addition. */
  #putOrSwap(object: T): void {
    const before = this.#objects.get(keyOf(object))
    if (before && before.metadata.uid !== object.metadata.uid) this.remove(keyOf(object))
    this.put(object)
  }

  #tell(change: Change<T>): void {
    const listeners = [...this.#listeners] // one that joins meanwhile has seen the change already
    for (const listener of listeners) this.#call(listener, change)
  }

  #call(listener: Listener<T>, change: Change<T>): void {
    try {
      listener(change)
    } catch (error) {
      this.#onListenerError(error)
    }
  }
}

const isSameVersion = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.resourceVersion !== undefined && a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid

function enter<T extends KubeObject>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const found = index.found.get(value)
    if (found) found.set(key, object)
    else index.found.set(value, new Map([[key, object]]))
  }
}

function leave<T extends KubeObject>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const found = index.found.get(value)
    found?.delete(key)
    if (found?.size === 0) index.found.delete(value)
  }
}

function reenter<T extends KubeObject>(index: Index<T>, key: string, change: { readonly before: T | undefined; readonly after: T }): void {
  const stays = new Set(index.valuesOf(change.after))
  if (change.before) {
    for (const value of index.valuesOf(change.before)) {
      if (stays.has(value)) continue
      const found = index.found.get(value)
      found?.delete(key)
      if (found?.size === 0) index.found.delete(value)
    }
  }
  enter(index, key, change.after)
}
