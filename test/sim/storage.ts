import { createMemoryStorage } from '../../control-plane/storage/storage.ts'
import type { EventBatch, Revision, Storage, WatchOptions, Write, WriteResult } from '../../control-plane/storage/port.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between, happens } from './chance.ts'
import type { Life } from './life.ts'

/** How the storage behaves now. */
export interface StorageWeather {
  minDelayMs: number
  maxDelayMs: number
  /** Of calls that fail before anything happened. */
  failures: number
  /** Of writes that happen although the caller hears that they may not have. */
  lostAnswers: number
  /** Of watch batches after which the watch breaks. */
  brokenWatches: number
}

export const calmStorage: Readonly<StorageWeather> = { minDelayMs: 0.2, maxDelayMs: 2, failures: 0, lostAnswers: 0, brokenWatches: 0 }

export interface Commit {
  readonly key: string
  /** Absent: it was deleted. */
  readonly value: string | undefined
  readonly revision: Revision
}

/** The etcd of a world: outlives every control plane, keeps what it acknowledged. */
export class SimStorage {
  readonly weather: StorageWeather = { ...calmStorage }
  readonly #real = createMemoryStorage({ historyEvents: 2_000 })
  readonly #clock: Clock
  readonly #random: Random
  readonly #onCommit: (commit: Commit) => void
  /** Told before history is forgotten. */
  onForget: () => void = () => {}

  constructor({ clock, random, onCommit }: { readonly clock: Clock; readonly random: Random; readonly onCommit: (commit: Commit) => void }) {
    this.#clock = clock
    this.#random = random
    this.#onCommit = onCommit
  }

  /** Without weather, for the judges. */
  get truth(): Storage {
    return this.#real
  }

  /** Forgets history: watches that have fallen behind must list again. */
  async compact(): Promise<void> {
    this.onForget()
    await this.#real.compact(await this.#real.currentRevision())
  }

  /** As one control plane reaches it. */
  view(life: Life): Storage {
    const real = this.#real
    const before = (): Promise<void> => this.#before()
    const after = (): Promise<void> => this.#delay()
    const calls = life.wrap({ get: real.get.bind(real), list: real.list.bind(real), currentRevision: real.currentRevision.bind(real), write: (write: Write) => this.#write(write) }, { before, after })
    return {
      get: (key, signal) => calls.get(key, signal),
      list: (prefix, options) => calls.list(prefix, options),
      currentRevision: (signal) => calls.currentRevision(signal),
      write: (write) => calls.write(write),
      watch: (prefix, options) => this.#watch(life, prefix, options),
      compact: (revision) => real.compact(revision),
      [Symbol.asyncDispose]: async () => {},
    }
  }

  async #write(write: Write): Promise<WriteResult> {
    const result = await this.#real.write(write)
    if (result.kind === 'committed') this.#onCommit({ key: write.key, value: write.kind === 'put' ? write.value : undefined, revision: result.revision })
    if (happens(this.#random, this.weather.lostAnswers)) throw new Fault('unavailable', 'the storage took the request and its answer was lost')
    return result
  }

  async *#watch(life: Life, prefix: string, options: WatchOptions): AsyncGenerator<EventBatch> {
    for await (const batch of this.#real.watch(prefix, options)) {
      if (batch.events.length > 0) await life.follow(this.#delay())
      if (life.isOver) return
      if (happens(this.#random, this.weather.brokenWatches)) throw new Fault('unavailable', 'the watch broke')
      yield batch
    }
  }

  async #before(): Promise<void> {
    await this.#delay()
    if (happens(this.#random, this.weather.failures)) throw new Fault('unavailable', 'the storage has no leader')
  }

  #delay(): Promise<void> {
    return sleep(this.#clock, between(this.#random, this.weather.minDelayMs, this.weather.maxDelayMs) / 2)
  }
}
