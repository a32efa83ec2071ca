/**
 * What the informer shows, plus what this controller wrote itself and the informer has not shown yet. So a plan never makes twice what was
 * just made, without counting expectations: the written objects are the expectation, and the informer's revision says when they are met.
 */
import { keyOf, uidOf, type KubeObject } from '../../shared/model/meta.ts'
import type { Informer } from '../informers/port.ts'

export class OwnWrites<T extends KubeObject> {
  readonly #informer: Informer<T>
  readonly #valuesOf = new Map<string, (object: T) => readonly string[]>()
  readonly #written = new Map<string, T>()
  /** Of each key, the uid whose deletion was accepted. */
  readonly #deleted = new Map<string, string>()

  constructor(informer: Informer<T>) {
    this.#informer = informer
    informer.subscribe(({ key, after }) => this.#forget(key, after))
  }

  /** An index that own writes are found by too; see {@link Informer.addIndex}. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    this.#informer.addIndex(name, valuesOf)
    this.#valuesOf.set(name, valuesOf)
  }

  /** The API server answered a create, an update or a patch with this object. */
  wrote(object: T): void {
    if (!this.#hasReached(object)) this.#written.set(keyOf(object), object)
  }

  /** The API server accepted the deletion of this object: it counts as gone until the informer shows it terminating or removed. */
  deleted(object: T): void {
    const shown = this.#informer.get(keyOf(object))
    if (shown?.metadata.deletionTimestamp !== undefined) return
    if (shown?.metadata.uid === uidOf(object) || this.#written.has(keyOf(object))) this.#deleted.set(keyOf(object), uidOf(object))
  }

  get(key: string): T | undefined {
    const newest = this.#newest(key)
    return newest && this.#isGone(key, newest) ? undefined : newest
  }

  byIndex(index: string, value: string): readonly T[] {
    const shown = this.#informer.byIndex(index, value)
    if (this.#written.size === 0 && this.#deleted.size === 0) return shown
    const valuesOf = this.#valuesOf.get(index)
    const found = new Map(shown.map((object) => [keyOf(object), object]))
    for (const [key, object] of this.#written) {
      if (this.#newest(key) !== object) continue
      if (valuesOf?.(object).includes(value)) found.set(key, object)
      else found.delete(key)
    }
    return [...found].flatMap(([key, object]) => (this.#isGone(key, object) ? [] : [object]))
  }

  #newest(key: string): T | undefined {
    const written = this.#written.get(key)
    if (written && this.#hasReached(written)) {
      this.#written.delete(key)
      const shown = this.#informer.get(key)
      if (!shown) this.#deleted.delete(key)
      return shown
    }
    return written ?? this.#informer.get(key)
  }

  #isGone(key: string, object: T): boolean {
    return this.#deleted.get(key) === uidOf(object) && object.metadata.deletionTimestamp === undefined
  }

  /** Whether the informer has seen the moment of that write. Revisions are ordered numbers; an object without one is taken as seen. */
  #hasReached(object: T): boolean {
    const wanted = Number(object.metadata.resourceVersion)
    const shown = Number(this.#informer.get(keyOf(object))?.metadata.resourceVersion)
    return !(wanted > 0) || shown >= wanted || Number(this.#informer.resourceVersion) >= wanted
  }

  #forget(key: string, after: T | undefined): void {
    const written = this.#written.get(key)
    if (written && this.#hasReached(written)) this.#written.delete(key)
    const uid = this.#deleted.get(key)
    if (uid === undefined) return
    const isShownGoing = after ? after.metadata.uid !== uid || after.metadata.deletionTimestamp !== undefined : true
    if (isShownGoing) this.#deleted.delete(key)
  }
}
