import { LAPSE_MEMORY_MS, LAPSES_TOO_MANY, type LeaderView, type Membership, type Sighting } from '../../shared/model/fencing.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import { happens } from '../sim/chance.ts'
import { Process, type Arena, type Links, type MachineClock } from './arena.ts'
import type { Answer, Beat, ModelNode } from './node.ts'
import type { Rules } from './rules.ts'

/** What etcd keeps. Writes land in an order, each only while its writer holds the key. */
export interface Store {
  term: number
  holder: string | undefined
  renewedMs: number
  inUse: readonly Membership[]
  fenced: ReadonlySet<string>
  /** How often each node was fenced: what was decided before the last time does not land after it. */
  fences: ReadonlyMap<string, number>
  /** Under which boot a node is registered. */
  admitted: ReadonlyMap<string, number>
}

/** How long a leadership is certain after the request that confirmed it was sent, and how long others wait before they take it. */
export const CERTAIN_MS = 1_000
const TAKE_MS = 1_050
const LOOK_MS = 20

export interface PlaneOptions {
  readonly name: string
  readonly arena: Arena
  readonly clock: MachineClock
  readonly links: Links
  readonly rules: Rules
  readonly store: Store
  readonly terms: FencingTerms
  readonly planes: ReadonlyMap<string, ModelPlane>
  readonly nodes: ReadonlyMap<string, ModelNode>
  /** The true leader says so: nothing of the node may run. */
  readonly onVerdict: (node: string, why: string) => void
}

/** One control plane: election, memberships, and the room that acks and judges. */
export class ModelPlane {
  readonly name: string
  readonly process: Process
  term: number | undefined
  readonly #options: PlaneOptions
  #certainUntilMs = Number.NEGATIVE_INFINITY
  #leaderHint: string | undefined
  #inUse: readonly Membership[] = []
  #sightings = new Map<string, Sighting>()
  #speakers = new Map<string, { instance: number; sequence: number; heardMs: number }>()
  #epochs = new Map<string, number>()
  #acks = new Map<number, { readonly node: string; readonly sentMs: number }>()
  #lapses = new Map<string, readonly number[]>()
  #fenced = new Set<string>()
  #admitted = new Map<string, number>()
  #clearSinceMs: number | undefined
  #lookedMs = 0
  #hasSeen = false
  #ackNumber = 0
  #fences = new Map<string, number>()
  #isWriting = false
  #life = 0

  constructor(options: PlaneOptions) {
    this.#options = options
    this.name = options.name
    this.process = new Process(options.arena, options.clock)
  }

  /** What it says, lands. */
  get isLeading(): boolean {
    return this.term !== undefined && this.#holds(this.term)
  }

  get #identity(): string {
    return `${this.name}.${this.#life}`
  }

  #holds(term: number | undefined): boolean {
    return this.#options.store.holder === this.#identity && this.#options.store.term === term
  }

  start(): void {
    this.process.start()
    this.term = undefined
    this.#isWriting = false
    this.#campaign()
    this.#tick()
    this.#keepMembers()
  }

  crash(): void {
    this.process.kill()
    this.#life++
    this.term = undefined
  }

  /** A beat has come, from the node itself or handed on by another control plane. */
  hear(beat: Beat, via?: string): void {
    if (this.term === undefined) {
      const leader = this.#leaderHint === undefined ? undefined : this.#options.planes.get(this.#leaderHint)
      if (via === undefined && leader && leader !== this) this.#options.links.send(this.name, leader.name, () => leader.process.take(() => leader.hear(beat, this.name)))
      return
    }
    const { rules } = this.#options
    if (rules.looksFirst) this.#look()
    const boot = this.#admitted.get(beat.node)
    if (boot !== undefined && boot !== beat.boot) {
      // A machine that has booted goes on speaking; one beat alone may be of a boot that is over, and come late.
      const goesOn = via === undefined && this.#options.nodes.get(beat.node)?.boot === beat.boot
      if ((goesOn || rules.trustsRelayedBoots) && !this.#fenced.has(beat.node)) this.#fence(beat.node, 'rebooted')
      return
    }
    if (!this.#mayEnter(beat)) return
    this.#takeIn(beat)
    if (!rules.looksFirst) this.#look()
    this.#answer(beat, via)
  }

  /** The agent's main thread registers: `isEmpty` says that nothing is left of what ran before. */
  register(node: string, boot: number, isEmpty: boolean): void {
    if (this.term === undefined) return
    if (this.#admitted.get(node) === boot && !this.#fenced.has(node)) return
    if (this.#admitted.has(node) && this.#admitted.get(node) !== boot && !this.#fenced.has(node)) return this.#fence(node, 'rebooted')
    if (!isEmpty) return
    const fences = this.#fences.get(node) ?? 0
    this.#write((store) => {
      if ((store.fences.get(node) ?? 0) !== fences) return false
      store.fenced = without(store.fenced, node)
      store.admitted = new Map(store.admitted).set(node, boot)
      return true
    }, () => {
      if ((this.#fences.get(node) ?? 0) !== fences) return
      this.#fenced.delete(node)
      this.#admitted.set(node, boot)
      // As if acked now: its lease has to begin somewhere.
      this.#sightings.set(node, { ackSentMs: this.#nowMs })
    })
  }

  /** One agent speaks for a node, and each of its beats counts once, unless a newer one has come. */
  #mayEnter(beat: Beat): boolean {
    const speaker = this.#speakers.get(beat.node)
    if (speaker && speaker.instance !== beat.instance && this.#nowMs - speaker.heardMs < this.#options.terms.seenMs) return false
    if (speaker?.instance === beat.instance && beat.sequence <= speaker.sequence && this.#options.rules.ignoresOldBeats) return false
    this.#speakers.set(beat.node, { instance: beat.instance, sequence: beat.sequence, heardMs: this.#nowMs })
    return true
  }

  #takeIn(beat: Beat): void {
    this.#epochs.set(beat.node, Math.max(beat.epoch, this.#epochs.get(beat.node) ?? 0))
    const sight = this.#sightings.get(beat.node) ?? {}
    const echoed = this.#acks.get(beat.echo)
    const echoMs = this.#options.rules.seesByBeats ? this.#nowMs : echoed?.node === beat.node ? echoed.sentMs : undefined
    if (echoMs !== undefined && echoMs > (sight.echoedAckSentMs ?? Number.NEGATIVE_INFINITY)) this.#sightings.set(beat.node, { ...sight, echoedAckSentMs: echoMs })
  }

  #answer(beat: Beat, via: string | undefined): void {
    const { rules } = this.#options
    const newest = this.#inUse.at(-1)
    if (this.#admitted.get(beat.node) !== beat.boot || this.#fenced.has(beat.node) || !newest?.members.includes(beat.node)) return
    if (rules.heedsCertainty && this.#nowMs >= this.#certainUntilMs) return
    if (beat.epoch < newest.epoch) this.#send(beat.node, { kind: 'epoch', membership: newest }, via)
    if (rules.acksInUseOnly && !this.#inUse.some(({ epoch }) => epoch === beat.epoch)) return
    if (this.#isOneLapseTooMany(beat.node)) return
    const number = rules.numbersAcks ? (this.term ?? 0) * 1_000_000 + ++this.#ackNumber : beat.sequence
    this.#acks.set(number, { node: beat.node, sentMs: this.#nowMs })
    this.#sightings.set(beat.node, { ...this.#sightings.get(beat.node), ackSentMs: this.#nowMs })
    this.#send(beat.node, { kind: 'ack', sequence: beat.sequence, number }, via)
  }

  /** Notes a lapse, unless it is one too many. */
  #isOneLapseTooMany(node: string): boolean {
    if (!this.#options.rules.hasLapsed(this.#view, node)) return false
    const lapses = [...(this.#lapses.get(node) ?? []).filter((atMs) => this.#nowMs - atMs < LAPSE_MEMORY_MS), this.#nowMs]
    if (lapses.length >= LAPSES_TOO_MANY) return true
    this.#lapses.set(node, lapses)
    return false
  }

  get #view(): LeaderView {
    return { inUse: this.#inUse, sightings: this.#sightings, clearSinceMs: this.#clearSinceMs, nowMs: this.#nowMs }
  }

  #send(name: string, answer: Answer, via: string | undefined): void {
    const { links, nodes, planes } = this.#options
    const node = nodes.get(name)
    const deliver = (from: string): void => links.send(from, name, () => node?.agent.take(() => node.hear(answer)))
    if (via === undefined) return deliver(this.name)
    links.send(this.name, via, () => planes.get(via)?.process.take(() => deliver(via)))
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs
  }

  #look(): void {
    if (this.term === undefined) return
    const nowMs = this.#nowMs
    const { blind } = this.#options.rules.visionOf({ inUse: this.#inUse, sightings: this.#sightings, nowMs })
    const wasLate = nowMs - this.#lookedMs > LOOK_MS + this.#options.terms.heartbeatPeriodMs
    this.#lookedMs = nowMs
    if (blind && (this.#options.rules.beginsBlind || this.#hasSeen)) this.#clearSinceMs = undefined
    else if (blind) return
    else if (wasLate || this.#clearSinceMs === undefined) this.#clearSinceMs = nowMs
    this.#hasSeen ||= !blind
  }

  #tick(): void {
    this.#look()
    if (this.term !== undefined && this.#inUse.length > 0) {
      for (const name of this.#inUse.at(-1)?.members ?? []) {
        if (this.#fenced.has(name)) continue
        const verdict = this.#options.rules.judgeNode(this.#view, name)
        if (verdict.kind === 'expired') this.#fence(name, `its lease has ended, ${verdict.vision.seen} of ${verdict.vision.of} seen`)
      }
    }
    this.process.timer(LOOK_MS, () => this.#tick())
  }

  /** Never acked from now on; the write makes it true for all. */
  #fence(node: string, why: string): void {
    const { arena } = this.#options
    if (this.#fenced.has(node)) return
    this.#fenced.add(node)
    this.#fences.set(node, (this.#fences.get(node) ?? 0) + 1)
    arena.say(`${this.name} fences ${node}: ${why}${this.isLeading ? '' : ' (deposed)'}; clear since ${(this.#nowMs - (this.#clearSinceMs ?? Number.NaN)).toFixed(0)} ms ago; ${this.#inUse.map(({ epoch, members }) => `${epoch}: ${members.join(' ')}`).join(', ')}`)
    if (this.isLeading) this.#options.onVerdict(node, why)
    this.#write((stored) => {
      stored.fenced = new Set([...stored.fenced, node])
      stored.fences = new Map(stored.fences).set(node, (stored.fences.get(node) ?? 0) + 1)
      this.#options.onVerdict(node, why)
    }, () => {}, true)
  }

  /** Proposes memberships, and drops those that nobody decides by any more. */
  #keepMembers(): void {
    if (this.term !== undefined && !this.#isWriting) {
      const left = this.#options.rules.stillInUse(this.#inUse, (name) => this.#epochs.get(name))
      const members = [...this.#admitted.keys()].filter((name) => !this.#fenced.has(name)).toSorted()
      const newest = this.#inUse.at(-1)
      const isSame = newest?.members.join() === members.join()
      if (!isSame && (members.length > 0 || newest)) this.#propose([...left, { epoch: (newest?.epoch ?? 0) + 1, members, terms: this.#options.terms }])
      else if (left.length < this.#inUse.length) this.#propose(left)
    }
    this.process.timer(50, () => this.#keepMembers())
  }

  #propose(inUse: readonly Membership[]): void {
    this.#isWriting = true
    this.#write((store) => void (store.inUse = inUse), () => {
      this.#isWriting = false
      if (this.#options.rules.looksFirst) this.#look()
      this.#inUse = inUse
      if (this.#options.rules.looksFirst) this.#look()
    }, true)
  }

  /** Lands once, and only while this is the leader of that term; tried again while its outcome is unknown. */
  #write(change: (store: Store) => boolean | void, then: () => void, mustLand = false): void {
    const { links, store, arena } = this.#options
    const { term } = this
    const identity = this.#identity
    let [hasLanded, isAnswered] = [false, false]
    const attempt = (): void => {
      if (isAnswered || this.term !== term) return
      links.send(this.name, 'etcd', () => {
        if (store.holder !== identity || store.term !== term) return
        if (!hasLanded && change(store) === false) return
        hasLanded = true
        links.send('etcd', this.name, () => this.process.take(() => {
          if (isAnswered || this.term !== term || this.#identity !== identity) return
          isAnswered = true
          then()
        }))
      })
      if (mustLand) this.process.timer(300 + 100 * arena.random.next(), attempt)
    }
    attempt()
  }

  /** Asks for the leadership, again and again; each answer says who has it. */
  #campaign(): void {
    const { links, store, arena, clock } = this.#options
    const askedMs = clock.nowMs
    const identity = this.#identity
    links.send(this.name, 'etcd', () => {
      if (store.holder !== identity && arena.nowMs >= store.renewedMs + TAKE_MS) Object.assign(store, { holder: identity, term: store.term + 1 })
      if (store.holder === identity) store.renewedMs = arena.nowMs
      const seen = { ...store }
      links.send('etcd', this.name, () => this.process.take(() => this.#learn(seen, askedMs)))
    })
    this.process.timer(150 + (happens(arena.random, 0.2) ? 100 : 0), () => this.#campaign())
  }

  #learn(store: Store, askedMs: number): void {
    this.#leaderHint = store.holder?.split('.')[0]
    if (store.holder !== this.#identity || store.term < (this.term ?? 0)) {
      if (store.term >= (this.term ?? 0)) this.term = undefined
      return
    }
    this.#certainUntilMs = Math.max(this.#certainUntilMs, askedMs + CERTAIN_MS)
    if (this.term === store.term) return
    this.term = store.term
    this.#options.arena.say(`${this.name} leads (term ${store.term})`)
    this.#inUse = store.inUse
    this.#fenced = new Set(store.fenced)
    this.#admitted = new Map(store.admitted)
    this.#sightings = new Map()
    this.#lapses = new Map()
    this.#speakers = new Map()
    this.#epochs = new Map()
    this.#fences = new Map(store.fences)
    this.#acks = new Map()
    this.#isWriting = false
    this.#lookedMs = this.#nowMs
    this.#clearSinceMs = this.#options.rules.beginsBlind ? undefined : Number.NEGATIVE_INFINITY
    this.#hasSeen = false
  }
}

const without = (set: ReadonlySet<string>, name: string): ReadonlySet<string> => new Set([...set].filter((one) => one !== name))
