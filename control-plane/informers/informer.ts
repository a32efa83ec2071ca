/** Keeps one cache current: list, then watch from there; again after whatever goes wrong, until the signal aborts. */
import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { ApiError } from '../../shared/kit/api-error.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { keyOf, type KubeObject } from '../../shared/model/meta.ts'
import type { Resource } from '../../shared/model/resources.ts'
import type { ApiClient, WatchChange } from '../client/port.ts'
import { ProgressRequests } from '../storage/progress.ts'
import { ObjectCache } from './cache.ts'
import type { Change, Informer } from './port.ts'

/** Quick at first, because everything waits for the informers; never faster than once in 5 s for long. */
const RETRY: BackoffPolicy = { baseMs: 20, capMs: 5_000, factor: 2 }

export interface InformerParts {
  readonly client: ApiClient
  readonly clock: Clock
  readonly log: Log
}

export class CachingInformer<T extends KubeObject> implements Informer<T> {
  readonly resource: Resource<T>
  readonly #parts: InformerParts
  readonly #cache: ObjectCache<T>
  /** Called after each step forward. */
  readonly #waiting = new Set<() => void>()
  readonly #progress = new ProgressRequests()
  #revision = ''
  #synced = false
  #failures = 0

  constructor(resource: Resource<T>, parts: InformerParts) {
    this.resource = resource
    this.#parts = parts
    this.#cache = new ObjectCache((error) => parts.log.error({ resource: resource.plural, err: messageOf(error) }, 'a listener threw'))
  }

  get resourceVersion(): string {
    return this.#revision
  }

  get size(): number {
    return this.#cache.size
  }

  get(key: string): T | undefined {
    return this.#cache.get(key)
  }

  list(): Iterable<T> {
    return this.#cache.list()
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#cache.byIndex(index, value)
  }

  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    this.#cache.addIndex(name, valuesOf)
  }

  subscribe(listener: (change: Change<T>) => void): () => void {
    return this.#cache.subscribe(listener)
  }

  askUpTo(revision: number): void {
    this.#progress.upTo(revision)
  }

  hasSynced(): boolean {
    return this.#synced
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    return this.#when(() => this.#synced, signal)
  }

  whenReached(revision: number, signal: AbortSignal): Promise<void> {
    return this.#when(() => this.#synced && Number(this.#revision) >= revision, signal)
  }

  /** Lists and watches until the signal aborts; never rejects. May be run again afterwards, and is then synced again once it has listed. */
  async run(signal: AbortSignal): Promise<void> {
    let isListed = false
    this.#synced = false
    while (!signal.aborted) {
      try {
        if (!isListed) await this.#relist()
        isListed = true
        if (signal.aborted) return
        await this.#follow(signal)
      } catch (error) {
        if (signal.aborted) return
        if (isGone(error)) isListed = false
        if (!(await this.#rest(error, signal))) return
      }
    }
  }

  async #relist(): Promise<void> {
    const { items, resourceVersion } = await this.#parts.client.list(this.resource)
    this.#cache.replace(items)
    this.#revision = resourceVersion
    this.#synced = true
    this.#stepped()
  }

  #when(holds: () => boolean, signal: AbortSignal): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const leave = (): void => {
        this.#waiting.delete(look)
        signal.removeEventListener('abort', abort)
      }
      const abort = (): void => {
        leave()
        reject(signal.reason as Error)
      }
      const look = (): void => {
        if (!holds()) return
        leave()
        resolve()
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(look)
    })
  }

  #stepped(): void {
    for (const look of this.#waiting) look()
  }

  /** Returns when the server ends the watch in good order; a watch that ends without having said anything counts as a failure, so that nothing spins. */
  async #follow(signal: AbortSignal): Promise<void> {
    let hasHeard = false
    for await (const change of this.#parts.client.watch(this.resource, { resourceVersion: this.#revision, signal, progress: this.#progress })) {
      if (signal.aborted) return
      hasHeard = true
      this.#failures = 0
      this.#take(change)
      if (this.#waiting.size > 0) this.#stepped()
    }
    if (!hasHeard && !signal.aborted) throw new Error('the watch ended without a word')
  }

  #take(change: WatchChange<T>): void {
    if (change.type === 'BOOKMARK') {
      this.#revision = change.resourceVersion
      return
    }
    this.#revision = change.object.metadata.resourceVersion ?? this.#revision
    if (change.type === 'DELETED') this.#cache.remove(keyOf(change.object))
    else this.#cache.put(change.object)
  }

  /** Waits before the next try; false if the signal aborted meanwhile. A first 410 is no failure: it is listed again at once. */
  async #rest(error: unknown, signal: AbortSignal): Promise<boolean> {
    this.#failures += 1
    const { clock, log } = this.#parts
    if (isGone(error) && this.#failures === 1) return true
    log.debug({ resource: this.resource.plural, err: messageOf(error), failures: this.#failures }, 'list or watch failed; trying again')
    try {
      await sleep(clock, backoffMs(RETRY, this.#failures), signal)
      return true
    } catch {
      return false
    }
  }
}

const isGone = (error: unknown): boolean => (error instanceof ApiError && error.code === 410) || isFault(error, 'gone')
