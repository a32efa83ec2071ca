import type { PeerAnswer as WireAnswer, PeerQuestion } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import { FEW_PEERS, whomToAsk, type AskedPeer } from '../../shared/model/fencing-questions.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import { KeptLink } from './kept-link.ts'
import type { FencingLinks } from './links.ts'

/** A member that has not answered for so long is told of. */
export const UNREACHABLE_AFTER_MS = 5_000
/** How often connections are tried out while nothing is to be asked: each peer costs a question and an answer. */
const TRY_OUT_MS = 2_000
const TRY_OUT_EACH_MS = 10
/** A connection that is missing when it matters is dialled at most this often. */
const HURRY_MS = 250
/** Questions that were not answered within this are forgotten. */
const FORGET_MS = 5_000
const LONGEST_RETRY_MS = 5_000

export interface UnreachablePeer {
  readonly name: string
  readonly address: string
  readonly why: string
}

/** What a peer said, and when it was asked. */
export interface PeerSaid {
  readonly epoch: number
  /** For how long it has received no ack. */
  readonly silentMs: number
  readonly askedMs: number
}

export interface PeersOptions {
  /** This node's name. */
  readonly self: string
  readonly links: FencingLinks
  readonly clock: Clock
  readonly random: Random
  readonly onAnswer: (name: string, said: PeerSaid) => void
  /** Who cannot be reached has changed. */
  readonly onReach: (unreachable: readonly UnreachablePeer[]) => void
}

const byName = (a: Peer, b: Peer): number => (a.name < b.name ? -1 : 1)

interface Peer {
  readonly name: string
  readonly address: string
  readonly link: KeptLink<PeerQuestion, WireAnswer> | undefined
  askedMs: number | undefined
  answered: AskedPeer['answered']
  heardMs: number
  diallingMs: number
  why: string
}

/** Connections to the other members, kept open so that a question costs no handshake when it matters. */
export class Peers {
  readonly #options: PeersOptions
  readonly #peers = new Map<string, Peer>()
  /** When each question was sent. */
  readonly #asked = new Map<number, number>()
  /** Not dialled yet: one after the other, so that a node that starts does not meet all others at once. */
  #waiting: Peer[] = []
  #sequence = 0
  #told = ''
  #cancelTryOut = (): void => {}

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** @param members name → address of all others; an empty address is not known yet. */
  set(members: ReadonlyMap<string, string>): void {
    for (const [name, peer] of this.#peers) {
      if (members.get(name) === peer.address) continue
      peer.link?.close()
      this.#peers.delete(name)
    }
    for (const [name, address] of members) if (!this.#peers.has(name)) this.#add(name, address)
    this.#waiting = this.#waiting.filter((peer) => this.#peers.get(peer.name) === peer)
    this.#dialNext()
    this.#tellReach()
    this.#scheduleTryOut()
  }

  /** Asks everybody, or as many as a majority wants; who has no connection is dialled. */
  ask(terms: FencingTerms): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#question(nowMs, whomToAsk(this.#inTurn(), { terms, nowMs }))
    for (const peer of this.#peers.values()) {
      if (peer.link?.isOpen !== false || nowMs - peer.diallingMs < HURRY_MS) continue
      peer.diallingMs = nowMs
      peer.link.dial()
    }
  }

  stop(): void {
    this.#cancelTryOut()
    for (const { link } of this.#peers.values()) link?.close()
    this.#peers.clear()
    this.#waiting = []
  }

  /** From the next by name on, each node from another one. */
  #inTurn(): readonly Peer[] {
    const all = [...this.#peers.values()]
    if (all.length <= FEW_PEERS) return all
    const { self } = this.#options
    return [...all.filter(({ name }) => name > self).toSorted(byName), ...all.filter(({ name }) => name < self).toSorted(byName)]
  }

  #question(nowMs: number, peers: Iterable<Peer> = this.#peers.values()): void {
    const sequence = ++this.#sequence
    for (const [old, askedMs] of this.#asked) {
      if (nowMs - askedMs < FORGET_MS) break
      this.#asked.delete(old)
    }
    // Before it is sent: an answer counts from the question on.
    this.#asked.set(sequence, nowMs)
    for (const peer of peers) {
      peer.askedMs = nowMs
      peer.link?.send({ sequence })
    }
  }

  #add(name: string, address: string): void {
    const { links, clock, random } = this.#options
    const link =
      address === ''
        ? undefined
        : new KeptLink<PeerQuestion, WireAnswer>({
            dial: (listener) => links.dialPeer({ name, address }, listener),
            retryMs: (failures) => Math.min(LONGEST_RETRY_MS, 100 * 2 ** Math.min(failures, 10)),
            patienceMs: (failures) => Math.min(2_000, 500 * 2 ** Math.min(failures, 10)),
            silenceMs: () => 1_000,
            onOpen: () => {
              this.#firstTryOver(name)
              // At once, so that what is known of it is fresh, and its reach too.
              this.#question(clock.monotonicMs(), [peer])
            },
            onMessage: (answer) => this.#answered(name, answer),
            onClosed: (why) => {
              const peer = this.#peers.get(name)
              if (peer) peer.why = why
              this.#firstTryOver(name)
            },
            clock,
            random,
          })
    const peer: Peer = { name, address, link, askedMs: undefined, answered: undefined, heardMs: clock.monotonicMs(), diallingMs: Number.NEGATIVE_INFINITY, why: address === '' ? 'its address is not known' : 'no answer' }
    this.#peers.set(name, peer)
    if (link) this.#waiting.push(peer)
  }

  #answered(name: string, { sequence, epoch, silentMs }: WireAnswer): void {
    const askedMs = this.#asked.get(sequence)
    const peer = this.#peers.get(name)
    if (askedMs === undefined || !peer) return
    if (askedMs >= (peer.answered?.askedMs ?? askedMs)) peer.answered = { askedMs, silentMs }
    const wasAway = this.#isAway(peer)
    peer.heardMs = this.#options.clock.monotonicMs()
    if (wasAway) this.#tellReach()
    this.#options.onAnswer(name, { epoch, silentMs, askedMs })
  }

  #dialNext(): void {
    const next = this.#waiting[0]
    if (!next || next.diallingMs > Number.NEGATIVE_INFINITY) return
    next.diallingMs = this.#options.clock.monotonicMs()
    next.link?.dial()
  }

  #firstTryOver(name: string): void {
    if (this.#waiting[0]?.name !== name) return
    this.#waiting.shift()
    this.#dialNext()
  }

  #scheduleTryOut(): void {
    this.#cancelTryOut()
    if (this.#peers.size === 0) return
    this.#cancelTryOut = this.#options.clock.after(Math.max(TRY_OUT_MS, this.#peers.size * TRY_OUT_EACH_MS), () => {
      this.#question(this.#options.clock.monotonicMs())
      this.#tellReach()
      this.#scheduleTryOut()
    })
  }

  #isAway({ heardMs }: Peer): boolean {
    return this.#options.clock.monotonicMs() - heardMs > Math.max(UNREACHABLE_AFTER_MS, 2 * this.#peers.size * TRY_OUT_EACH_MS)
  }

  #tellReach(): void {
    const away = [...this.#peers.values()].filter((peer) => this.#isAway(peer)).map(({ name, address, why }): UnreachablePeer => ({ name, address, why }))
    const text = away.map(({ name, address }) => `${name} ${address}`).join('\n')
    if (text === this.#told) return
    this.#told = text
    this.#options.onReach(away)
  }
}
