/** Read-only caches of whole resources, kept current by list + watch. Objects in them are shared: never change one. */
import type { KubeObject } from '../../shared/model/meta.ts'
import type { Resource } from '../../shared/model/resources.ts'

export interface Lister<T extends KubeObject> {
  /** By `namespace/name`, or `name` for a cluster-scoped object. */
  get(key: string): T | undefined
  list(): Iterable<T>
  /** The objects that the index function of that name maps to `value`. */
  byIndex(index: string, value: string): readonly T[]
  readonly size: number
}

/** Exactly one of the two is missing for an addition or a removal. */
export interface Change<T extends KubeObject> {
  readonly key: string
  readonly before?: T | undefined
  readonly after?: T | undefined
}

export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly resource: Resource<T>
  /** Called synchronously, in order, for each change; a new listener is told of everything that is there already. Must not throw. The answer unsubscribes. */
  subscribe(listener: (change: Change<T>) => void): () => void
  /** Adds an index (`name` → the values an object is found under); once per name, before {@link run}. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void
  hasSynced(): boolean
  whenSynced(signal: AbortSignal): Promise<void>
  /** The resource version the cache has reached: of the newest change of its resource, or as far as somebody asked. */
  readonly resourceVersion: string
  /** Asks how far it has come, until it is at least there: {@link resourceVersion} says it in a moment, though nobody writes the resource. */
  askUpTo(revision: number): void
}

/** One informer per resource, shared by everyone in the process who asks. */
export interface Informers {
  for<T extends KubeObject>(resource: Resource<T>): Informer<T>
  /** Runs all of them, those asked for later too, until the signal aborts; a failing list or watch is tried again with back-off. May be run again afterwards. */
  run(signal: AbortSignal): Promise<void>
  whenSynced(signal: AbortSignal): Promise<void>
  /** Resolves when all of them have reached the revision. */
  whenReached(revision: number, signal: AbortSignal): Promise<void>
}
