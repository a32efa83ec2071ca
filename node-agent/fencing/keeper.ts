import { NoAck_Reason, type Ack, type Epoch, type NoAck, type PeerAnswer as WireAnswer, type PeerQuestion, type ToAgent, type ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { randomInt, type Random } from '../../shared/kit/random.ts'
import { assertNever } from '../../shared/model/assert.ts'
import { answerAfter, provenMs, rightToRun, type Membership, type NodeView, type PeerAnswer, type RunRight } from '../../shared/model/fencing.ts'
import { DEFAULT_TERMS, lostAfterMs, type FencingTerms } from '../../shared/model/fencing-terms.ts'
import { KeptLink } from './kept-link.ts'
import type { FencingLinks } from './links.ts'
import { Peers, type PeerSaid, type UnreachablePeer } from './peers.ts'
import type { DeadlineStore, KeeperState } from './port.ts'

/** What the keeper tells people: changes, and what lasts now and then. */
export type KeeperNote =
  | { readonly kind: 'no-ack'; readonly address: string; readonly reason: 'not-leading' | 'not-registered' | 'fenced' | 'doubled' | 'unknown'; readonly message: string }
  | { readonly kind: 'acked'; readonly address: string }
  | { readonly kind: 'link-closed'; readonly address: string; readonly why: string }
  | { readonly kind: 'epoch'; readonly epoch: number; readonly members: readonly string[] }
  | { readonly kind: 'silence'; readonly forMs: number }
  | { readonly kind: 'silence-over'; readonly forMs: number }
  | { readonly kind: 'agent-hangs' }

export interface KeeperListener {
  /** What was decided; pods may be started until `killAtMs`. Called after the deadline has been written. */
  onRight(right: RunRight, killAtMs: number): void
  onReach(unreachable: readonly UnreachablePeer[]): void
  onNote(note: KeeperNote): void
}

export interface KeeperOptions {
  readonly nodeName: string
  readonly bootId: string
  /** Made anew for each keeper. */
  readonly instance: string
  /** ms since the epoch. */
  readonly agentStartedMs: number
  /** host:port where peers ask this node. */
  readonly peerAddress: string
  /** host:port of every control plane. */
  readonly controlPlanes: readonly string[]
  readonly links: FencingLinks
  readonly store: DeadlineStore
  /** Whether the rest of the agent works: one that hangs gives no sign of life. */
  readonly isAgentAlive: () => boolean
  readonly listener: KeeperListener
  readonly clock: Clock
  readonly random: Random
}

/** Written for "until something is heard". */
export const FAR_FUTURE_MS = 9_000_000_000_000
/** How long a beat can still be acked. */
const REMEMBER_BEATS = 600
/** A control plane that is away is tried this often: when it comes back, all nodes must be acked within a short time of each other. */
const RETRY_MS = 50
/** What goes on is said again now and then. */
const SAY_AGAIN_MS = 30_000
/** So often is each member asked within the time its answer counts. */
const QUESTIONS_PER_ANSWER = 6

/** The node's half of fencing: sends beats, takes acks, asks peers, decides, and writes the moment at which the pods must be dead. Lives in a thread of its own. */
export class Keeper {
  readonly #options: KeeperOptions
  readonly #planes: ReadonlyMap<string, KeptLink<ToControlPlane, ToAgent>>
  readonly #peers: Peers
  /** When each beat was sent, oldest first. */
  readonly #sent = new Map<number, number>()
  readonly #answers = new Map<string, PeerAnswer>()
  /** What was said last of each control plane, so that it is said once. */
  readonly #said = new Map<string, { readonly what: string; readonly atMs: number }>()
  #membership: Membership | undefined
  #addresses: Readonly<Record<string, string>> = {}
  #heartbeatSentMs: number | undefined
  #ackReceivedMs: number | undefined
  #provenMs: number | undefined
  #hasEnded = false
  /** What was asked before says nothing of the present epoch. */
  #epochSinceMs = Number.NEGATIVE_INFINITY
  #startedMs = 0
  #sequence: number
  /** The newest beat that was acked. */
  #ackedSequence = 0
  /** The number of the ack that came last. */
  #echo = 0
  #killAtMs: number | undefined
  #right: RunRight = { kind: 'none' }
  #isHanging = false
  #isSilent = false
  #cancelBeat = (): void => {}
  #cancelWake = (): void => {}
  #cancelAsk = (): void => {}

  constructor(options: KeeperOptions) {
    this.#options = options
    const { clock, random, links, listener } = options
    // Anywhere: an ack of a beat that an agent before this one sent, also before a boot, is never taken for one of these.
    this.#sequence = randomInt(random, 2 ** 50)
    this.#planes = new Map(options.controlPlanes.map((address) => [address, this.#keptPlane(address)]))
    this.#peers = new Peers({
      self: options.nodeName,
      links,
      clock,
      random,
      onReach: (unreachable) => listener.onReach(unreachable),
      onAnswer: (name, said) => this.#takeAnswer(name, said),
    })
  }

  /** Goes on where an agent before this one in this boot was, and begins. */
  start(): void {
    this.#startedMs = this.#options.clock.monotonicMs()
    this.#restore(this.#options.store.read())
    this.#decideAnew()
    for (const plane of this.#planes.values()) plane.dial()
    this.#beat()
    this.#awaitSilence()
  }

  /** The pods' deadline stays as it is. */
  stop(): void {
    this.#cancelBeat()
    this.#cancelWake()
    this.#cancelAsk()
    this.#peers.stop()
    for (const plane of this.#planes.values()) plane.close()
  }

  get right(): RunRight {
    return this.#right
  }

  /** As the newest membership has them. */
  get terms(): FencingTerms {
    return this.#membership?.terms ?? DEFAULT_TERMS
  }

  /** To a peer that has lost the control plane. */
  answer({ sequence }: PeerQuestion): WireAnswer {
    const silentMs = this.#options.clock.monotonicMs() - (this.#ackReceivedMs ?? this.#startedMs)
    return { sequence, epoch: this.#membership?.epoch ?? 0, silentMs: Math.max(0, Math.min(2 ** 31, Math.floor(silentMs))) }
  }

  #restore({ killAtMs, state }: ReturnType<DeadlineStore['read']>): void {
    const { nodeName, bootId } = this.#options
    if (state?.nodeName !== nodeName || state.bootId !== bootId) return
    this.#killAtMs = killAtMs
    this.#membership = state.membership
    this.#addresses = state.peerAddresses
    this.#heartbeatSentMs = state.heartbeatSentMs
    this.#ackReceivedMs = state.ackReceivedMs
    this.#provenMs = state.provenMs
    this.#hasEnded = state.hasEnded
    this.#setPeers()
  }

  #keptPlane(address: string): KeptLink<ToControlPlane, ToAgent> {
    const { links, clock, random } = this.#options
    return new KeptLink<ToControlPlane, ToAgent>({
      dial: (listener) => links.dialControlPlane(address, listener),
      retryMs: () => RETRY_MS,
      patienceMs: (failures) => Math.min(2_000, 400 * 2 ** Math.min(failures, 10)),
      silenceMs: () => Math.max(300, 3 * this.terms.heartbeatPeriodMs),
      onOpen: () => this.#greet(address),
      onMessage: (message) => this.#take(address, message),
      onClosed: (why) => this.#sayOnce(address, { kind: 'link-closed', address, why }),
      clock,
      random,
    })
  }

  #greet(address: string): void {
    const { nodeName, bootId, instance, agentStartedMs, peerAddress } = this.#options
    this.#planes.get(address)?.send({ relayedNode: '', message: { $case: 'hello', value: { nodeName, bootId, instance, agentStartedMs, peerAddress } } })
    this.#beat()
  }

  #beat(): void {
    const { clock, isAgentAlive } = this.#options
    this.#cancelBeat()
    this.#cancelBeat = clock.after(this.terms.heartbeatPeriodMs, () => this.#beat())
    if (!isAgentAlive()) {
      if (!this.#isHanging) this.#options.listener.onNote({ kind: 'agent-hangs' })
      this.#isHanging = true
      return
    }
    this.#isHanging = false
    const nowMs = clock.monotonicMs()
    this.#sequence++
    this.#sent.set(this.#sequence, nowMs)
    if (this.#sent.size > REMEMBER_BEATS) this.#sent.delete(this.#sent.keys().next().value ?? 0)
    const beat = { sequence: this.#sequence, echoedAck: this.#echo, epoch: this.#membership?.epoch ?? 0 }
    for (const plane of this.#planes.values()) plane.send({ relayedNode: '', message: { $case: 'beat', value: beat } })
  }

  #take(address: string, { message }: ToAgent): void {
    switch (message?.$case) {
      case undefined:
        return
      case 'ack':
        return this.#takeAck(address, message.value)
      case 'epoch':
        return this.#takeEpoch(message.value)
      case 'noAck':
        return this.#takeNoAck(address, message.value)
      default:
        assertNever(message)
    }
  }

  #takeAck(address: string, { sequence, number }: Ack): void {
    const sentMs = this.#sent.get(sequence)
    if (sentMs === undefined) return
    this.#latch()
    this.#ackedSequence = Math.max(this.#ackedSequence, sequence)
    this.#sayOnce(address, { kind: 'acked', address })
    this.#echo = number
    this.#noteSilence('silence-over')
    this.#heartbeatSentMs = Math.max(this.#heartbeatSentMs ?? sentMs, sentMs)
    this.#ackReceivedMs = this.#options.clock.monotonicMs()
    // One that comes so late grants nothing, and the control plane may have judged meanwhile.
    if (this.#ackReceivedMs < sentMs + this.terms.leaseMs) this.#hasEnded = false
    this.#keepState()
    this.#decide()
    this.#awaitSilence()
  }

  /** An older one is late, and nobody decides by it any more. */
  #takeEpoch({ number, members, heartbeatPeriodMs, leaseMs, seenMs, answerMs, killMs }: Epoch): void {
    if (number < (this.#membership?.epoch ?? 0)) return
    this.#latch()
    const isNew = number !== this.#membership?.epoch
    if (isNew) this.#forgetAnswers()
    this.#membership = { epoch: number, members: members.map(({ name }) => name), terms: { heartbeatPeriodMs, leaseMs, seenMs, answerMs, killMs } }
    // A leader that has just begun has not heard from everybody where they are asked: what was known of that stands.
    this.#addresses = Object.fromEntries(members.map(({ name, peerAddress }) => [name, peerAddress === '' ? (this.#addresses[name] ?? '') : peerAddress]))
    this.#keepState()
    this.#setPeers()
    this.#decide()
    if (!isNew) return
    this.#options.listener.onNote({ kind: 'epoch', epoch: number, members: this.#membership.members })
    this.#beat()
  }

  #takeNoAck(address: string, { reason, message, sequence }: NoAck): void {
    const word = WORDS[reason]
    // It has come by a slower way than the acks that this node was given since it was admitted again.
    if (word === 'fenced' && sequence > 0 && sequence <= this.#ackedSequence) return
    this.#sayOnce(address, { kind: 'no-ack', address, reason: word, message })
    if (word !== 'fenced') return
    // Others have its pods by now: nothing of them may run here for a moment longer.
    this.#hasEnded = true
    this.#keepState()
    this.#decide()
  }

  #takeAnswer(name: string, { epoch, silentMs, askedMs }: PeerSaid): void {
    if (askedMs < this.#epochSinceMs) return
    this.#answers.set(name, answerAfter(this.#answers.get(name), { epoch, isLost: silentMs >= lostAfterMs(this.terms), askedMs }))
    this.#decideAnew()
  }

  #forgetAnswers(): void {
    this.#answers.clear()
    this.#epochSinceMs = this.#options.clock.monotonicMs()
  }

  #setPeers(): void {
    const { nodeName } = this.#options
    const others = (this.#membership?.members ?? []).filter((name) => name !== nodeName)
    for (const name of this.#answers.keys()) if (!others.includes(name)) this.#answers.delete(name)
    this.#peers.set(new Map(others.map((name) => [name, this.#addresses[name] ?? ''])))
  }

  /** Acks stay away: the others are asked, again and again until one comes. */
  #awaitSilence(): void {
    this.#cancelAsk()
    if (this.#membership === undefined || this.#ackReceivedMs === undefined) return
    const { clock } = this.#options
    const ask = (): void => {
      this.#noteSilence('silence')
      if (this.#hasEnded) return
      this.#peers.ask(this.terms)
      this.#cancelAsk = clock.after(this.terms.answerMs / QUESTIONS_PER_ANSWER, ask)
      // It may just have lost the control plane itself.
      this.#decideAnew()
    }
    this.#cancelAsk = clock.after(Math.max(0, this.#ackReceivedMs + this.terms.seenMs - clock.monotonicMs()), ask)
  }

  #view(): NodeView {
    return {
      self: this.#options.nodeName,
      membership: this.#membership,
      heartbeatSentMs: this.#heartbeatSentMs,
      ackReceivedMs: this.#ackReceivedMs,
      answers: this.#answers,
      provenMs: this.#provenMs,
      hasEnded: this.#hasEnded,
      nowMs: this.#options.clock.monotonicMs(),
    }
  }

  /** The moment that was written down has passed, however late this thread finds out: the pods are dead, and whatever is learnt now changes nothing of that. */
  #latch(): void {
    if (this.#heartbeatSentMs === undefined || this.#killAtMs === undefined) return
    if (this.#options.clock.monotonicMs() >= this.#killAtMs + this.terms.killMs) this.#hasEnded = true
  }

  #decideAnew(): void {
    this.#latch()
    this.#decide()
  }

  #decide(): void {
    const { clock, listener } = this.#options
    const view = this.#view()
    const [right, proven] = [rightToRun(view), provenMs(view)]
    this.#cancelWake()
    const hasChanged = proven !== this.#provenMs || (right.kind === 'ended' && !this.#hasEnded)
    this.#provenMs = proven
    this.#hasEnded ||= right.kind === 'ended'
    if (hasChanged) this.#keepState()
    this.#setDeadline(this.#killAtOf(right, view.nowMs))
    this.#right = right
    listener.onRight(right, this.#killAtMs ?? 0)
    if ((right.kind === 'held' || right.kind === 'kept') && right.untilMs < FAR_FUTURE_MS) this.#cancelWake = clock.after(right.untilMs - view.nowMs, () => this.#decideAnew())
  }

  #killAtOf(right: RunRight, nowMs: number): number {
    switch (right.kind) {
      case 'held':
      case 'kept':
        return Math.min(FAR_FUTURE_MS, right.untilMs - this.terms.killMs)
      case 'ended':
        return Math.min(this.#killAtMs ?? 0, nowMs)
      case 'none':
        return 0
      default:
        return assertNever(right)
    }
  }

  /** Written before anybody hears that the right lasts longer. */
  #setDeadline(killAtMs: number): void {
    if (killAtMs === this.#killAtMs) return
    this.#options.store.setDeadline(killAtMs)
    this.#killAtMs = killAtMs
  }

  #keepState(): void {
    const { nodeName, bootId, store } = this.#options
    if (this.#membership === undefined || this.#heartbeatSentMs === undefined || this.#ackReceivedMs === undefined) return
    const state: KeeperState = { nodeName, bootId, membership: this.#membership, peerAddresses: this.#addresses, heartbeatSentMs: this.#heartbeatSentMs, ackReceivedMs: this.#ackReceivedMs, provenMs: this.#provenMs, hasEnded: this.#hasEnded }
    store.setState(state)
  }

  #noteSilence(kind: 'silence' | 'silence-over'): void {
    if (this.#isSilent === (kind === 'silence')) return
    this.#isSilent = kind === 'silence'
    this.#options.listener.onNote({ kind, forMs: Math.round(this.#options.clock.monotonicMs() - (this.#ackReceivedMs ?? 0)) })
  }

  #sayOnce(address: string, note: KeeperNote): void {
    // Messages tell how long something lasts: not each of them is news.
    const what = note.kind === 'no-ack' ? `${note.kind} ${note.reason}` : note.kind
    const nowMs = this.#options.clock.monotonicMs()
    const before = this.#said.get(address)
    if (before?.what === what && (note.kind === 'acked' || nowMs - before.atMs < SAY_AGAIN_MS)) return
    this.#said.set(address, { what, atMs: nowMs })
    this.#options.listener.onNote(note)
  }
}

const WORDS: Readonly<Record<NoAck_Reason, Extract<KeeperNote, { kind: 'no-ack' }>['reason']>> = {
  [NoAck_Reason.NOT_LEADING]: 'not-leading',
  [NoAck_Reason.NOT_REGISTERED]: 'not-registered',
  [NoAck_Reason.FENCED]: 'fenced',
  [NoAck_Reason.DOUBLED]: 'doubled',
  [NoAck_Reason.UNRECOGNIZED]: 'unknown',
}
