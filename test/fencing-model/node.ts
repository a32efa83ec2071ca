import { answerAfter, type Membership, type NodeView, type PeerAnswer, type RunRight } from '../../shared/model/fencing.ts'
import { whomToAsk, type AskedPeer } from '../../shared/model/fencing-questions.ts'
import { happens } from '../sim/chance.ts'
import { Process, type Arena, type MachineClock } from './arena.ts'
import type { Rules } from './rules.ts'

export interface Beat {
  readonly node: string
  readonly boot: number
  /** Of the agent, made anew at each of its starts. */
  readonly instance: number
  readonly sequence: number
  readonly echo: number
  readonly epoch: number
}

export type Answer = { readonly kind: 'ack'; readonly sequence: number; readonly number: number } | { readonly kind: 'epoch'; readonly membership: Membership }

export interface PeerSays {
  readonly epoch: number
  readonly silentMs: number
}

/** What an agent leaves to the next one on the same boot. */
interface Saved {
  readonly membership: Membership | undefined
  readonly heartbeatSentMs: number | undefined
  readonly ackReceivedMs: number | undefined
  readonly hasEnded: boolean
  readonly provenMs: number | undefined
}

export interface NodeOptions {
  readonly name: string
  readonly arena: Arena
  readonly clock: MachineClock
  readonly rules: Rules
  /** To every control plane. */
  readonly beat: (beat: Beat) => void
  readonly ask: (peer: string, sequence: number) => void
  readonly onPods: (isRunning: boolean) => void
}

const FENCER_MS = 5

/** A machine with a keeper (in the agent) and a fencer (outside it). Its pods run whenever they may. */
export class ModelNode {
  readonly name: string
  readonly agent: Process
  boot = 1
  podsRun = false
  /** Of this boot the right was granted once. */
  hadRight = false
  right: RunRight = { kind: 'none' }
  readonly #options: NodeOptions
  #saved: Saved | undefined
  #deadlineMs: number | undefined
  #endMs = Number.NEGATIVE_INFINITY
  #membership: Membership | undefined
  #sentMs = new Map<number, number>()
  #heartbeatSentMs: number | undefined
  #ackReceivedMs: number | undefined
  #provenMs: number | undefined
  #answers = new Map<string, PeerAnswer>()
  #asked = new Map<number, number>()
  readonly #known = new Map<string, AskedPeer>()
  readonly #few: number
  #hasEnded = false
  #sequence = 0
  #instance = 0
  #question = 0
  #echo = 0
  #startedMs = 0
  #savedMs = 0
  #isOn = true

  constructor(options: NodeOptions) {
    this.#options = options
    this.name = options.name
    this.agent = new Process(options.arena, options.clock)
    this.#few = options.rules.fewPeers(options.arena.random)
    this.#fence()
  }

  get membership(): Membership | undefined {
    return this.#membership
  }

  get isOn(): boolean {
    return this.#isOn
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs
  }

  startAgent(): void {
    if (this.agent.isUp && this.#startedMs > 0) return
    this.#isOn = true
    this.agent.start()
    const saved = this.#saved
    this.#startedMs = this.#nowMs
    this.#membership = saved?.membership
    this.#heartbeatSentMs = saved?.heartbeatSentMs
    this.#ackReceivedMs = saved?.ackReceivedMs
    this.#provenMs = saved?.provenMs
    this.#hasEnded = saved?.hasEnded ?? false
    this.#instance++
    this.#sequence = this.#options.rules.ownSequence ? Math.floor(this.#options.arena.random.next() * 2 ** 48) : 0
    this.#sentMs = new Map()
    this.#answers = new Map()
    this.#asked = new Map()
    this.#known.clear()
    this.#echo = 0
    this.#endMs = this.#deadlineMs === undefined ? Number.NEGATIVE_INFINITY : this.#deadlineMs + (saved?.membership?.terms.killMs ?? 0)
    this.#beat()
    this.#askPeers()
    this.#look()
  }

  crashAgent(): void {
    this.agent.kill()
  }

  losePower(): void {
    this.crashAgent()
    this.#isOn = false
    this.#saved = undefined
    this.#deadlineMs = undefined
    this.hadRight = false
    this.right = { kind: 'none' }
    if (this.podsRun) this.#setPods(false)
    this.boot++
  }

  /** Something of a control plane came. */
  hear(answer: Answer): void {
    this.#latch()
    if (answer.kind === 'epoch') this.#takeOver(answer.membership)
    else this.#acked(answer)
    this.#decide()
  }

  /** What a peer is told: by which epoch this node decides, and for how long no ack has come; of a machine that has had none, since its agent began. */
  answer(): PeerSays {
    return { epoch: this.#membership?.epoch ?? 0, silentMs: this.#nowMs - (this.#ackReceivedMs ?? this.#startedMs) }
  }

  answered(peer: string, sequence: number, { epoch, silentMs }: PeerSays): void {
    this.#latch()
    const askedMs = this.#asked.get(sequence)
    const terms = this.#membership?.terms
    if (askedMs !== undefined) this.#known.set(peer, { name: peer, askedMs: this.#known.get(peer)?.askedMs, answered: { askedMs, silentMs } })
    if (askedMs !== undefined && terms) this.#answers.set(peer, answerAfter(this.#answers.get(peer), { epoch, isLost: silentMs >= this.#options.rules.lostAfterMs(terms), askedMs }))
    this.#decide()
  }

  #takeOver(membership: Membership): void {
    if (membership.epoch <= (this.#membership?.epoch ?? 0)) return
    this.#membership = membership
    if (this.#options.rules.forgetsAnswers) {
      this.#answers = new Map()
      this.#asked = new Map()
    }
    this.#save()
  }

  #acked({ sequence, number }: Extract<Answer, { kind: 'ack' }>): void {
    const { rules } = this.#options
    const sentMs = this.#sentMs.get(sequence)
    if (sentMs === undefined) return
    const countedMs = rules.countsFromBeat ? sentMs : this.#nowMs
    this.#heartbeatSentMs = Math.max(this.#heartbeatSentMs ?? Number.NEGATIVE_INFINITY, countedMs)
    this.#ackReceivedMs = this.#nowMs
    this.#echo = rules.numbersAcks ? number : Math.max(this.#echo, sequence)
    const leaseMs = this.#membership?.terms.leaseMs ?? 0
    if (!rules.refusesLateAcks || this.#nowMs < countedMs + leaseMs) this.#hasEnded = false
    this.#save()
  }

  #save(): void {
    if (!this.#options.rules.savesFirst && this.#saved && this.#nowMs - this.#savedMs < 1_000) return
    this.#savedMs = this.#nowMs
    this.#saved = { membership: this.#membership, heartbeatSentMs: this.#heartbeatSentMs, ackReceivedMs: this.#ackReceivedMs, hasEnded: this.#hasEnded, provenMs: this.#provenMs }
  }

  #view(): NodeView {
    return { self: this.name, membership: this.#membership, heartbeatSentMs: this.#heartbeatSentMs, ackReceivedMs: this.#ackReceivedMs, answers: this.#answers, hasEnded: this.#hasEnded, provenMs: this.#provenMs, nowMs: this.#nowMs }
  }

  /** The moment that was written down has passed: whatever is learnt from now on, the pods were killed then. */
  #latch(): void {
    if (this.right.kind !== 'none' && this.#nowMs >= this.#endMs && this.#options.rules.latchesEnd) this.#hasEnded = true
  }

  #decide(): void {
    const { rules, arena } = this.#options
    const before = this.right.kind
    this.#provenMs = rules.provenMs(this.#view())
    this.right = rules.rightToRun(this.#view())
    if (this.right.kind === 'held' || this.right.kind === 'kept') {
      this.hadRight = true
      this.#endMs = this.right.untilMs
      this.#deadlineMs = this.#endMs - (this.#membership?.terms.killMs ?? 0)
      if (this.#nowMs < this.#deadlineMs && !this.podsRun) this.#setPods(true)
    } else if (this.right.kind === 'ended') {
      if (rules.latchesEnd) this.#hasEnded = true
      this.#deadlineMs = Math.min(this.#deadlineMs ?? this.#nowMs, this.#nowMs)
      this.#endMs = Math.min(this.#endMs, this.#nowMs)
    }
    if (before !== this.right.kind) arena.say(`${this.name}: ${JSON.stringify(this.right)} under epoch ${this.#membership?.epoch}`)
    this.#save()
  }

  #setPods(areRunning: boolean): void {
    this.podsRun = areRunning
    this.#options.onPods(areRunning)
  }

  /** Looks every few ms whether the deadline has passed. Killing takes most of the time there is for it. */
  #fence(): void {
    const { arena, clock } = this.#options
    const isDue = (): boolean => this.#deadlineMs !== undefined && clock.nowMs >= this.#deadlineMs
    const { boot } = this
    if (isDue() && this.podsRun) arena.after(arena.random.next() * 85, () => void (isDue() && this.podsRun && boot === this.boot && this.#setPods(false)))
    arena.after(FENCER_MS, () => this.#fence())
  }

  #beat(): void {
    this.#sequence++
    this.#sentMs.set(this.#sequence, this.#nowMs)
    this.#sentMs.delete(this.#sequence - 200)
    this.#options.beat({ node: this.name, boot: this.boot, instance: this.#instance, sequence: this.#sequence, echo: this.#echo, epoch: this.#membership?.epoch ?? 0 })
    this.#save()
    this.agent.timer(this.#membership?.terms.heartbeatPeriodMs ?? 100, () => this.#beat())
  }

  #askPeers(): void {
    const { membership } = this
    if (membership && this.#nowMs - (this.#ackReceivedMs ?? 0) >= membership.terms.seenMs) {
      for (const peer of this.#whomToAsk(membership)) {
        this.#known.set(peer, { ...this.#known.get(peer), name: peer, askedMs: this.#nowMs })
        this.#asked.set(++this.#question, this.#nowMs)
        this.#asked.delete(this.#question - 200)
        this.#options.ask(peer, this.#question)
      }
    }
    this.agent.timer((membership?.terms.answerMs ?? 200) / (this.#few === 0 ? 6 : 3), () => this.#askPeers())
  }

  #whomToAsk({ members, terms }: Membership): readonly string[] {
    const others = [...members.filter((name) => name > this.name), ...members.filter((name) => name < this.name)]
    return whomToAsk(others.map((name) => this.#known.get(name) ?? { name }), { terms, nowMs: this.#nowMs, few: this.#few }).map(({ name }) => name)
  }

  #look(): void {
    this.#latch()
    this.#decide()
    this.agent.timer(happens(this.#options.arena.random, 0.1) ? 40 : 20, () => this.#look())
  }
}
