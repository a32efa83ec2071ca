/** For tests of this room: a clock that is moved by hand, agents that beat, and a tracker that keeps what it says. */
import { NoAck_Reason, type ToAgent } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import type { Membership } from '../../shared/model/fencing.ts'
import type { NodeSight } from './port.ts'
import { HeartbeatTracker, type HeartbeatConnection } from './tracker.ts'

export interface HandClock extends Clock {
  advance(ms: number): void
  /** The whole machine or process stops for so long: timers come late. */
  stall(ms: number): void
}

export function handClock(startMs = 50_000): HandClock {
  let nowMs = startMs
  let due: Array<{ readonly atMs: number; readonly run: () => void }> = []
  const runDue = (untilMs: number): void => {
    for (;;) {
      const [next] = due.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)
      if (!next) return
      due = due.filter((one) => one !== next)
      nowMs = Math.max(nowMs, next.atMs)
      next.run()
    }
  }
  return {
    nowMs: () => 1e12 + nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run }
      due.push(timer)
      return () => void (due = due.filter((one) => one !== timer))
    },
    advance(ms) {
      const endMs = nowMs + ms
      runDue(endMs)
      nowMs = endMs
    },
    stall(ms) {
      nowMs += ms
      runDue(nowMs)
    },
  }
}

export const membership = (epoch: number, ...members: readonly string[]): Membership => ({ epoch, members, terms: DEFAULT_TERMS })

/** An agent's keeper, as far as the control plane sees it. */
export class FakeAgent {
  readonly name: string
  readonly heard: ToAgent[] = []
  epoch = 0
  lastAckMs = Number.NEGATIVE_INFINITY
  /** When the newest beat that was acked was sent. */
  ackedBeatSentMs = Number.NEGATIVE_INFINITY
  readonly #clock: Clock
  readonly #sentMs = new Map<number, number>()
  #connection: HeartbeatConnection | undefined
  #instance: string | undefined
  #sequence = 0
  #echo = 0
  #cancel: () => void = () => {}
  #isUp = true
  #isDown = true
  readonly #heldUp: Array<() => void> = []
  readonly #heldDown: ToAgent[] = []

  constructor(clock: Clock, name: string) {
    this.#clock = clock
    this.name = name
  }

  connect(tracker: Pick<HeartbeatTracker, 'connect'>, { bootId = 'boot-1', instance = `${this.name}-1` }: { readonly bootId?: string; readonly instance?: string } = {}): this {
    this.close()
    // Whoever only connects anew goes on counting.
    if (instance !== this.#instance) this.#sequence = 0
    this.#instance = instance
    const connection = tracker.connect({ kind: 'node', nodeName: this.name }, (message) => connection === this.#connection && this.#receive(message))
    this.#connection = connection
    connection.take({ message: { $case: 'hello', value: { nodeName: this.name, bootId, instance, agentStartedMs: 1, peerAddress: `${this.name}:1` } }, relayedNode: '' })
    this.#beat()
    return this
  }

  /** Its process ends; the kernel says so. */
  close(): void {
    this.#cancel()
    this.#connection?.closed()
    this.#connection = undefined
    this.#heldUp.length = this.#heldDown.length = 0
  }

  /** Whether what it says arrives. What is said meanwhile arrives when it does again, as TCP brings it. */
  set up(isOpen: boolean) {
    this.#isUp = isOpen
    for (const run of isOpen ? this.#heldUp.splice(0) : []) run()
  }

  /** Whether what is said to it arrives. */
  set down(isOpen: boolean) {
    this.#isDown = isOpen
    for (const message of isOpen ? this.#heldDown.splice(0) : []) this.#receive(message)
  }

  get refusal(): string | undefined {
    const last = this.heard.at(-1)?.message
    return last?.$case === 'noAck' ? `${Object.entries(NoAck_Reason).find(([, value]) => value === last.value.reason)?.[0]}: ${last.value.message}` : undefined
  }

  isAcked(withinMs = 250): boolean {
    return this.#clock.monotonicMs() - this.lastAckMs < withinMs
  }

  #beat(): void {
    this.#sequence++
    this.#sentMs.set(this.#sequence, this.#clock.monotonicMs())
    const value = { sequence: this.#sequence, echoedAck: this.#echo, epoch: this.epoch }
    const connection = this.#connection
    const send = (): void => connection?.take({ message: { $case: 'beat', value }, relayedNode: '' })
    if (this.#isUp) send()
    else this.#heldUp.push(send)
    this.#cancel = this.#clock.after(100, () => this.#beat())
  }

  #receive(message: ToAgent): void {
    if (!this.#isDown) return void this.#heldDown.push(message)
    this.heard.push(message)
    // As a keeper: an older one is late.
    if (message.message?.$case === 'epoch') this.epoch = Math.max(this.epoch, message.message.value.number)
    if (message.message?.$case !== 'ack') return
    this.lastAckMs = this.#clock.monotonicMs()
    this.#echo = message.message.value.number
    this.ackedBeatSentMs = Math.max(this.ackedBeatSentMs, this.#sentMs.get(message.message.value.sequence) ?? 0)
  }
}

export interface TrackedWorld {
  readonly clock: HandClock
  readonly tracker: HeartbeatTracker
  readonly sights: Map<string, NodeSight>
  readonly story: string[]
  readonly visions: boolean[]
  readonly acked: Map<string, number>
  agent(name: string): FakeAgent
}

/** A tracker that leads, with members that beat. */
export function trackedWorld(...members: readonly string[]): TrackedWorld {
  const clock = handClock()
  const sights = new Map<string, NodeSight>()
  const story: string[] = []
  const visions: boolean[] = []
  const acked = new Map<string, number>()
  const agents = new Map<string, FakeAgent>()
  const tracker = new HeartbeatTracker({
    clock,
    random: seededRandom(1),
    listener: {
      onSight(name, sight) {
        sights.set(name, sight)
        story.push(`${name} ${sight.kind}${sight.kind === 'silent' && sight.undecided ? '?' : ''}`)
      },
      onEpochAcked: (name, epoch) => void acked.set(name, Math.max(epoch, acked.get(name) ?? 0)),
      onVision: ({ blind }) => void visions.push(blind),
      onRestart: () => {},
    },
  })
  tracker.lead({ inUse: members.length === 0 ? [] : [membership(1, ...members)], fenced: [], admitted: members.map((nodeName) => ({ nodeName, bootId: 'boot-1' })) })
  tracker.mayAckUntil(Number.POSITIVE_INFINITY)
  for (const name of members) {
    tracker.setSession(name, true)
    agents.set(name, new FakeAgent(clock, name).connect(tracker))
  }
  return {
    clock,
    tracker,
    sights,
    story,
    visions,
    acked,
    agent(name) {
      const agent = agents.get(name) ?? new FakeAgent(clock, name)
      agents.set(name, agent)
      return agent
    },
  }
}
