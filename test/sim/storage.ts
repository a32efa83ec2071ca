import { createMemoryStorage } from '../../control-plane/storage/storage.ts'
import type { EventBatch, Revision, Storage, WatchOptions, Write, WriteResult } from '../../control-plane/storage/port.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between, happens } from './chance.ts'
import type { Life } from './life.ts'
import type { Ways } from './ways.ts'

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
  /** No write is taken. */
  isFull: boolean
}

export const calmStorage: Readonly<StorageWeather> = { minDelayMs: 0.2, maxDelayMs: 2, failures: 0, lostAnswers: 0, brokenWatches: 0, isFull: false }

export interface Commit {
  readonly key: string
  /** Absent: it was deleted. */
  readonly value: string | undefined
  readonly revision: Revision
  /** The control plane that wrote it. */
  readonly by?: string | undefined
}

/** From where the storage is reached. */
export interface Place {
  readonly name: string
  readonly ways: Ways
}

/** The name of its machine. */
export const STORAGE = 'etcd'
/** A call that is not answered fails after this long, a watch that hears nothing after that long. */
const CALL_MS = 1_000
const WATCH_MS = 3_000

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

  /** As one control plane reaches it; `place`: from its machine. */
  view(life: Life, place?: Place): Storage {
    const real = this.#real
    const before = async (): Promise<void> => {
      await this.#before()
      await this.#mustBeOpen(place && [place.name, STORAGE], place)
    }
    const after = async (): Promise<void> => {
      await this.#delay()
      await this.#mustBeOpen(place && [STORAGE, place.name], place)
    }
    const calls = life.wrap({ get: real.get.bind(real), list: real.list.bind(real), currentRevision: real.currentRevision.bind(real), write: (write: Write) => this.#write(write, place?.name) }, { before, after })
    return {
      get: (key, signal) => calls.get(key, signal),
      list: (prefix, options) => calls.list(prefix, options),
      currentRevision: (signal) => calls.currentRevision(signal),
      write: (write) => calls.write(write),
      watch: (prefix, options) => this.#watch(life, prefix, { options, place }),
      compact: (revision) => real.compact(revision),
      [Symbol.asyncDispose]: async () => {},
    }
  }

  async #write(write: Write, by?: string): Promise<WriteResult> {
    if (this.weather.isFull && write.kind === 'put') throw new Fault('exhausted', 'the storage is full')
    const result = await this.#real.write(write)
    if (result.kind === 'committed') this.#onCommit({ key: write.key, value: write.kind === 'put' ? write.value : undefined, revision: result.revision, by })
    if (happens(this.#random, this.weather.lostAnswers)) throw new Fault('unavailable', 'the storage took the request and its answer was lost')
    return result
  }

  async *#watch(life: Life, prefix: string, { options, place }: { readonly options: WatchOptions; readonly place: Place | undefined }): AsyncGenerator<EventBatch> {
    for await (const batch of this.#real.watch(prefix, options)) {
      if (batch.events.length > 0 || life.isPaused) await life.follow(this.#delay())
      if (life.isOver) return
      if (place) await life.follow(this.#whenOpen(place))
      if (life.isOver) return
      if (happens(this.#random, this.weather.brokenWatches)) throw new Fault('unavailable', 'the watch broke')
      yield batch
    }
  }

  /** A request, or its answer, does not come through: nobody knows whether it did. */
  async #mustBeOpen(way: readonly [from: string, to: string] | undefined, place: Place | undefined): Promise<void> {
    if (!way || !place || place.ways.of(...way).isOpen) return
    await sleep(this.#clock, CALL_MS)
    throw new Fault('unavailable', 'the storage does not answer')
  }

  /** What was to come over a way that is shut comes when it opens, or the watch breaks. */
  async #whenOpen({ name, ways }: Place): Promise<void> {
    for (let waitedMs = 0; !ways.isWhole(name, STORAGE); waitedMs += 50) {
      if (waitedMs > WATCH_MS) throw new Fault('unavailable', 'the watch broke')
      await sleep(this.#clock, 50)
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
