/** Some bytes for this node: from another node that has them, or over the uplink, which one node crosses for all that want them at the same time. */
import { sleep, type Clock } from '../../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../../shared/kit/faults.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { Random } from '../../../shared/kit/random.ts'
import type { Digest } from '../digest.ts'
import { choose, inOrder } from './choose.ts'
import type { Claim, Claims } from './claims.ts'
import type { PeerClient } from './client.ts'
import type { Answer, BlobState, PeerNode, PeerTimes, ShownLogin } from './port.ts'
import type { PeerCounts } from './counts.ts'

export interface SupplyParts {
  readonly self: string
  /** The other nodes that have a store of their own. */
  readonly peers: () => readonly PeerNode[]
  readonly client: PeerClient
  readonly claims: Claims
  readonly counts: PeerCounts
  readonly times: PeerTimes
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface SupplyOptions {
  readonly claim: Claim
  /** By which this pull may have private bytes. */
  readonly shown: readonly ShownLogin[]
  readonly signal: AbortSignal
  /** From the registry, from a byte on. */
  readonly fetch: (from: number) => AsyncIterable<Buffer>
  /** Whether the registry is known not to answer: other nodes are waited for longer then. */
  readonly isRegistryGone: boolean
}

export interface WantedBytes {
  readonly digest: Digest
  /** Missing where nobody has said it yet: of a document. */
  readonly sizeBytes?: number
}

/** So many nodes are asked; of more, the same ones by everybody who wants the same. */
const MOST_ASKED = 48
/** After so many who did not bring what they were waited for, nobody is waited for any more. */
const MOST_IN_VAIN = 3
/** More often no source is changed. */
const MOST_SOURCES = 64
const BUSY_MS = { first: 100, longest: 2_000 }

/** One reading of some bytes, from wherever they come. What was read is to be checked against its digest by whoever reads: see `sources`. */
export class Supply {
  readonly #parts: SupplyParts
  readonly #options: SupplyOptions
  readonly #descriptor: WantedBytes
  /** Nodes of whose bytes some were passed on. */
  readonly sources = new Set<PeerNode>()
  /** Who gave nothing, or is not to be asked again for these bytes. */
  readonly #ignored: Set<string>
  #inVain = 0
  #busySinceMs: number | undefined
  #failure: unknown

  constructor(parts: SupplyParts, descriptor: WantedBytes, options: SupplyOptions & { readonly ignored: ReadonlySet<string> }) {
    this.#parts = parts
    this.#options = options
    this.#descriptor = descriptor
    this.#ignored = new Set(options.ignored)
  }

  async *read(): AsyncGenerator<Buffer> {
    const { sizeBytes = Number.POSITIVE_INFINITY, digest } = this.#descriptor
    const { claim } = this.#options
    const { counts, log } = this.#parts
    let offset = 0
    for (let tries = 0; ; tries++) {
      if (tries >= MOST_SOURCES) throw this.#failure ?? new Fault('unavailable', `nobody gives the whole of ${digest}`)
      const source = await this.#next(offset)
      if (source.kind === 'peer') this.sources.add(source.peer)
      try {
        for await (const chunk of source.body) {
          offset += chunk.length
          if (offset > sizeBytes) throw new Fault('corrupt', `${digest} is longer than the ${sizeBytes} bytes its manifest says`)
          claim.doneBytes = offset
          counts.bytes(source.kind, chunk.length)
          yield chunk
        }
        if (source.kind === 'registry') return
        if (sizeBytes !== Number.POSITIVE_INFINITY && offset < sizeBytes) throw new Fault('unavailable', `node ${source.peer.name} gave ${offset} of ${sizeBytes} bytes`)
        counts.blob('peer')
        return log.debug({ digest, peer: source.peer.name, bytes: offset }, 'image bytes came from another node')
      } catch (error) {
        this.#options.signal.throwIfAborted()
        if (source.kind === 'registry') {
          // Who waits for this node is not to wait any longer; and somebody may have it by now.
          claim.state = 'failed'
          this.#parts.claims.wake(digest)
          if (!isFault(error, 'unavailable') || this.#failure !== undefined) throw error
          this.#failure = error
          this.#inVain = MOST_IN_VAIN
          continue
        }
        if (!isFault(error, 'unavailable')) throw error
        this.#ignored.add(source.peer.name)
        log.info({ digest, peer: source.peer.name, err: messageOf(error) }, 'another node ended in the middle of image bytes')
      }
    }
  }

  /** Where the bytes come from `offset` on. */
  async #next(offset: number): Promise<Source> {
    const { claim, fetch, signal } = this.#options
    const { claims, counts } = this.#parts
    const { digest } = this.#descriptor
    for (;;) {
      signal.throwIfAborted()
      // Who asks from now on is a rival; who asked before and still wants it says so itself.
      claim.rivals.clear()
      const answers = await this.#ask()
      const choice = choose({ self: this.#parts.self, digest, answers: states(answers), rivals: claim.rivals, ignored: this.#ignored })
      if (choice.kind === 'have') {
        const source = await this.#open(choice.names, offset)
        if (source !== undefined) return source
        if (!this.#isTooBusy()) continue
      }
      if (choice.kind === 'wait' && this.#inVain < MOST_IN_VAIN) {
        const source = await this.#await(choice.name, offset)
        if (source !== undefined) return source
        continue
      }
      // It was tried, and nobody else has it.
      if (this.#failure !== undefined) throw this.#failure
      claim.state = 'fetching'
      claims.wake(digest)
      counts.blob('registry')
      this.#busySinceMs = undefined
      return { kind: 'registry', body: fetch(offset) }
    }
  }

  /** Everybody at once; and then whom they name. */
  async #ask(): Promise<ReadonlyMap<string, Answer>> {
    const peers = this.#peers()
    const first = inOrder([...peers.keys()], this.#descriptor.digest).slice(0, MOST_ASKED)
    const answers = new Map(await this.#askAll(first.flatMap((name) => peers.get(name) ?? [])))
    const named = new Set([...answers.values()].flatMap(({ also }) => also).filter((name) => !first.includes(name)))
    const more = [...named].slice(-MOST_ASKED).flatMap((name) => peers.get(name) ?? [])
    return new Map([...answers, ...(await this.#askAll(more))])
  }

  /** As soon as one has it the others are not waited for. */
  async #askAll(peers: readonly PeerNode[]): Promise<ReadonlyArray<readonly [string, Answer]>> {
    const { client } = this.#parts
    const { shown, signal } = this.#options
    const said: Array<readonly [string, Answer]> = []
    const { promise: isFound, resolve: found } = Promise.withResolvers<void>()
    const asked = peers.map(async (peer) => {
      const answer = await client.ask(peer, { digest: this.#descriptor.digest, shown, signal })
      if (answer === undefined) return
      said.push([peer.name, answer])
      if (answer.state === 'have' && !this.#ignored.has(peer.name)) found()
    })
    await Promise.race([Promise.all(asked), isFound])
    return [...said]
  }

  #peers(): ReadonlyMap<string, PeerNode> {
    const { peers, client } = this.#parts
    return new Map(peers().flatMap((peer) => (this.#ignored.has(peer.name) || client.isAway(peer) ? [] : [[peer.name, peer] as const])))
  }

  async #open(names: readonly string[], from: number): Promise<Source | undefined> {
    const { client, clock } = this.#parts
    const { signal, shown } = this.#options
    const peers = this.#peers()
    for (const name of names) {
      const peer = peers.get(name)
      if (peer === undefined) continue
      const opened = await this.#tryOpen(peer, () => client.open(peer, { digest: this.#descriptor.digest, shown, signal }, { from, waitMs: 0 }))
      if (opened?.kind === 'bytes') {
        this.#busySinceMs = undefined
        return { kind: 'peer', peer, body: opened.body }
      }
      if (opened?.kind === 'busy') this.#busySinceMs ??= clock.monotonicMs()
      else this.#ignored.add(name)
    }
    if (this.#busySinceMs !== undefined) await this.#pause(this.#busySinceMs)
    return undefined
  }

  /** Longer and longer, and not all at the same time. */
  async #pause(busySinceMs: number): Promise<void> {
    const { clock, random } = this.#parts
    const busyMs = clock.monotonicMs() - busySinceMs
    await sleep(clock, (0.5 + random.next()) * Math.min(BUSY_MS.longest, BUSY_MS.first + busyMs / 4), this.#options.signal)
  }

  #isTooBusy(): boolean {
    const { clock, times } = this.#parts
    if (this.#busySinceMs === undefined) return false
    return clock.monotonicMs() - this.#busySinceMs > times.patienceMs * (this.#options.isRegistryGone ? 10 : 1)
  }

  /** As long as it brings something. Who does not is not waited for again. */
  async #await(name: string, from: number): Promise<Source | undefined> {
    const { client, clock, times, counts } = this.#parts
    const { signal, shown } = this.#options
    const peer = this.#peers().get(name)
    const waitMs = Math.min(times.waitMs, times.patienceMs)
    let doneBytes = -1
    let turnedAwayMs: number | undefined
    counts.wait()
    for (let movedMs = clock.monotonicMs(); peer !== undefined && clock.monotonicMs() - movedMs <= times.patienceMs; ) {
      const askedMs = clock.monotonicMs()
      const opened = await this.#tryOpen(peer, () => client.open(peer, { digest: this.#descriptor.digest, shown, signal }, { from, waitMs }))
      if (opened?.kind === 'bytes') return { kind: 'peer', peer, body: opened.body }
      if (opened?.kind !== 'pending' && opened?.kind !== 'busy') return this.#waitedInVain()
      // It has it now, for others first: who has it is asked anew.
      if (opened.doneBytes === undefined) return undefined
      if (opened.doneBytes !== doneBytes) movedMs = clock.monotonicMs()
      doneBytes = opened.doneBytes
      // Too many wait there: this one waits here. Older agents answer at once then, as if the time were over.
      const isTurnedAway = opened.kind === 'busy' || clock.monotonicMs() - askedMs < waitMs
      turnedAwayMs = isTurnedAway ? (turnedAwayMs ?? askedMs) : undefined
      if (turnedAwayMs !== undefined) await this.#pause(turnedAwayMs)
    }
    this.#ignored.add(name)
    return this.#waitedInVain()
  }

  #waitedInVain(): undefined {
    this.#inVain++
  }

  async #tryOpen<T>(peer: PeerNode, open: () => Promise<T>): Promise<T | undefined> {
    try {
      return await open()
    } catch (error) {
      this.#options.signal.throwIfAborted()
      if (!isFault(error, 'unavailable')) throw error
      this.#parts.client.putAway(peer)
      this.#ignored.add(peer.name)
      return undefined
    }
  }
}

type Source = { readonly kind: 'peer'; readonly peer: PeerNode; readonly body: AsyncIterable<Buffer> } | { readonly kind: 'registry'; readonly body: AsyncIterable<Buffer> }

const states = (answers: ReadonlyMap<string, Answer>): ReadonlyMap<string, BlobState> => new Map([...answers].map(([name, { state }]) => [name, state]))
