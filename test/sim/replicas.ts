import { createApiServer } from '../../control-plane/apiserver/apiserver.ts'
import type { Handle } from '../../control-plane/apiserver/request.ts'
import { kinds } from '../../control-plane/registry/registry.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import { check } from '../history/check.ts'
import { Client } from '../history/client.ts'
import type { Door } from '../history/door.ts'
import { Follower } from '../history/follower.ts'
import { handleDoor } from '../history/handle-door.ts'
import type { Change, Operation, Violation } from '../history/history.ts'
import { Recorder } from '../history/recorder.ts'
import { configMapsIn, type Subject } from '../history/subject.ts'
import { work } from '../history/workload.ts'
import { between, pick, streamOf, whole } from './chance.ts'
import { Life } from './life.ts'
import { calmStorage, SimStorage } from './storage.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface ReplicasOutcome {
  readonly violations: readonly Violation[]
  readonly operations: readonly Operation[]
  readonly changes: readonly Change[]
}

const WORKERS = 5
const LIMIT_MS = 30_000

/** Several API servers over one storage, each with a cache of its own that lags, and clients that go from one to the other; nothing else of a cluster. */
export async function runReplicas(seed: number): Promise<ReplicasOutcome> {
  const world = new Replicas(seed)
  try {
    await world.run()
  } finally {
    world.end()
  }
  const { operations, changes, forgotten } = world.recorder.history(world.changes)
  return { violations: check({ operations, changes, forgotten }), operations, changes }
}

class Replicas {
  readonly clock = new VirtualClock()
  readonly recorder = new Recorder(this.clock)
  readonly changes: Change[] = []
  readonly #seed: number
  readonly #random: Random
  readonly #subject: Subject = configMapsIn('default', 4)
  readonly #storage: SimStorage
  readonly #servers: Replica[]
  readonly #stop = new AbortController()

  constructor(seed: number) {
    this.#seed = seed
    this.#random = streamOf(seed, 'replicas')
    this.#storage = new SimStorage({
      clock: this.clock,
      random: streamOf(seed, 'storage'),
      onCommit: (commit) => {
        const change = this.#subject.changeOf(commit)
        if (change) this.changes.push(change)
      },
    })
    this.#servers = Array.from({ length: whole(this.#random, 2, 3) }, (_, index) => new Replica(`s${index + 1}`, this.clock, this.#storage))
  }

  async run(): Promise<void> {
    for (const server of this.#servers) this.#start(server)
    await this.#until(() => this.#servers.every(({ door }) => door !== undefined))
    const client = (name: string): Client => {
      const random = streamOf(this.#seed, name)
      return new Client({ name, recorder: this.recorder, subject: this.#subject, door: () => pick(random, this.#servers.flatMap(({ door }) => door ?? [])) })
    }
    const followers = [false, true].map((streams, index) => new Follower({ client: client(`f${index}`), clock: this.clock, streams, watchSeconds: 3 + index * 4 }))
    const newcomer = new Follower({ client: client('newcomer'), clock: this.clock, streams: true, watchSeconds: 1, forgets: true })
    const ended = new AbortController()
    for (let index = 0; index < WORKERS; index++) void work({ client: client(`c${index}`), clock: this.clock, random: streamOf(this.#seed, `work ${index}`), restMs: between(this.#random, 5, 400) }, ended.signal)
    for (const follower of [...followers, newcomer]) void follower.run(this.#stop.signal)
    this.#trouble(ended.signal)
    await this.clock.advance(between(this.#random, 10_000, 25_000))
    ended.abort()
    this.#calm()
    // Longer than any watch lasts, and than anything that was asked takes.
    await this.clock.advance(15_000)
    for (const follower of followers) follower.tell(true)
  }

  end(): void {
    this.#stop.abort()
    for (const server of this.#servers) server.crash()
  }

  #start(server: Replica): void {
    // Its cache begins with what is there now: what was before is not known to it.
    this.recorder.begins()
    void server.start().then(() => this.recorder.begins())
  }

  async #until(holds: () => boolean): Promise<void> {
    for (let passedMs = 0; !holds(); passedMs += 50) {
      if (passedMs > LIMIT_MS) throw new Error('the servers do not come up')
      await this.clock.advance(50)
    }
  }

  #trouble(signal: AbortSignal): void {
    const strike = (): void => {
      if (signal.aborted) return
      pick(this.#random, [() => this.#crash(signal), () => this.#slow(signal), () => this.#fail(signal), () => this.#forget()])?.()
      this.clock.after(between(this.#random, 100, 3_000), strike)
    }
    this.clock.after(between(this.#random, 100, 2_000), strike)
  }

  #later(signal: AbortSignal, ms: number, run: () => void): void {
    this.clock.after(ms, () => void (signal.aborted || run()))
  }

  #crash(signal: AbortSignal): void {
    const server = pick(this.#random, this.#servers)
    server?.crash()
    this.#later(signal, between(this.#random, 10, 2_000), () => server && this.#start(server))
  }

  #slow(signal: AbortSignal): void {
    Object.assign(this.#storage.weather, { minDelayMs: 1, maxDelayMs: between(this.#random, 50, 1_500) })
    this.#later(signal, between(this.#random, 200, 4_000), () => Object.assign(this.#storage.weather, { minDelayMs: calmStorage.minDelayMs, maxDelayMs: calmStorage.maxDelayMs }))
  }

  #fail(signal: AbortSignal): void {
    const failures = pick(this.#random, [0.05, 0.3, 1]) ?? 0
    Object.assign(this.#storage.weather, { failures, lostAnswers: failures / 2, brokenWatches: failures / 20 })
    this.#later(signal, between(this.#random, 100, 3_000), () => Object.assign(this.#storage.weather, { failures: 0, lostAnswers: 0, brokenWatches: 0 }))
  }

  #forget(): void {
    this.recorder.forgets()
    void this.#storage.compact()
  }

  #calm(): void {
    Object.assign(this.#storage.weather, calmStorage)
    for (const server of this.#servers) this.#start(server)
  }
}

class Replica {
  readonly #name: string
  readonly #clock: VirtualClock
  readonly #storage: SimStorage
  #starts = 0
  #life: Life | undefined
  /** Once it serves. */
  door: Door | undefined

  constructor(name: string, clock: VirtualClock, storage: SimStorage) {
    this.#name = name
    this.#clock = clock
    this.#storage = storage
  }

  async start(): Promise<void> {
    if (this.#life) return
    const life = new Life(this.#clock)
    this.#life = life
    const server = `${this.#name}.${++this.#starts}`
    const nodeStreams = { open: () => Promise.reject(new Error('no nodes here')) }
    const api = createApiServer({ storage: this.#storage.view(life), kinds, clock: life.clock, random: streamOf(this.#starts, server), log: silentLog, authorize: () => ({ kind: 'allow', reason: '' }), nodeStreams })
    void api.run(life.signal)
    // One that dies meanwhile is ready never.
    await life.follow(api.whenReady(life.signal))
    const handle: Handle = (request) => life.follow(api.handle(request))
    this.door = handleDoor({ server, handle, dead: life.signal })
  }

  crash(): void {
    this.#life?.end()
    this.#life = undefined
    this.door = undefined
  }
}
