/** A cluster of keepers under virtual time, with a leader that is as simple as the rules allow. For tests. */
import type { PeerAnswer, PeerQuestion, ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Random } from '../../shared/kit/random.ts'
import { judgeNode, visionOf, type Membership, type RunRight, type Sighting, type Verdict } from '../../shared/model/fencing.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { fakeDeadlines, type FakeDeadlines } from './fake.ts'
import { Keeper, type KeeperNote } from './keeper.ts'
import type { Link, LinkListener } from './links.ts'
import type { UnreachablePeer } from './peers.ts'

export const PLANE = 'plane:6446'

interface WireOptions<Out, In> {
  readonly from: string
  readonly to: string
  readonly listener: LinkListener<In>
  readonly serve: (message: Out) => readonly In[]
}

/** Delays messages by chance; drops what meets a way that is cut. */
export class Wires {
  readonly clock: VirtualClock
  readonly #random: Random
  /** `from>to` */
  readonly cut = new Set<string>()
  maxDelayMs = 3

  constructor(clock: VirtualClock, random: Random) {
    this.clock = clock
    this.#random = random
  }

  cutBoth(a: string, b: string): void {
    this.cut.add(`${a}>${b}`).add(`${b}>${a}`)
  }

  isolate(name: string, others: readonly string[]): void {
    for (const other of others) if (other !== name) this.cutBoth(name, other)
  }

  carry(from: string, to: string, arrive: () => void): void {
    if (this.cut.has(`${from}>${to}`)) return
    this.clock.after(0.1 + this.#random.next() * this.maxDelayMs, () => void (this.cut.has(`${from}>${to}`) || arrive()))
  }

  dial<Out, In>({ from, to, listener, serve }: WireOptions<Out, In>): Link<Out> {
    let isClosed = false
    const alive = (run: () => void) => () => void (isClosed || run())
    this.carry(from, to, () => this.carry(to, from, alive(() => listener.onOpen())))
    return {
      send: (message) => this.carry(from, to, alive(() => serve(message).forEach((answer) => this.carry(to, from, alive(() => listener.onMessage(answer)))))),
      close: () => void (isClosed = true),
    }
  }
}

/** Acks whoever it may, sees, is blind, and judges: by the decider and nothing else. */
export class TestPlane {
  readonly clock: VirtualClock
  readonly sightings = new Map<string, Sighting>()
  readonly fenced = new Set<string>()
  readonly #acks = new Map<number, number>()
  #numbers = 0
  readonly #toldEpoch = new Map<string, number>()
  inUse: readonly Membership[]
  isUp = true
  clearSinceMs: number | undefined
  /** Called with each verdict that ends a node, at its moment. */
  onExpired: (name: string, verdict: Extract<Verdict, { kind: 'expired' }>) => void = () => {}
  onAck: (name: string) => void = () => {}
  /** What an agent hears beside the answer to its beat: it has been under way for long. */
  late: (name: string, sequence: number) => readonly ToAgent[] = () => []

  constructor(clock: VirtualClock, members: readonly string[], terms: FencingTerms) {
    this.clock = clock
    this.inUse = [{ epoch: 1, members, terms }]
    this.#watch()
  }

  take(name: string, { message }: ToControlPlane): readonly ToAgent[] {
    if (!this.isUp || message?.$case !== 'beat') return []
    this.#look()
    const { sequence, echoedAck } = message.value
    if (this.fenced.has(name)) return [{ relayedNode: '', message: { $case: 'noAck', value: { reason: 2, message: `${name} is fenced`, sequence } } }]
    const nowMs = this.clock.monotonicMs()
    const echoedMs = this.#acks.get(echoedAck)
    const before = this.sightings.get(name)
    this.sightings.set(name, { ackSentMs: nowMs, echoedAckSentMs: echoedMs ?? before?.echoedAckSentMs })
    const number = ++this.#numbers
    this.#acks.set(number, nowMs)
    this.onAck(name)
    const ack: ToAgent = { relayedNode: '', message: { $case: 'ack', value: { sequence, number } } }
    const newest = this.inUse.at(-1)
    if (!newest || this.#toldEpoch.get(name) === newest.epoch) return [ack, ...this.late(name, sequence)]
    this.#toldEpoch.set(name, newest.epoch)
    return [{ relayedNode: '', message: { $case: 'epoch', value: { number: newest.epoch, members: newest.members.map((member) => ({ name: member, peerAddress: `${member}:6447` })), ...newest.terms } } }, ack]
  }

  /** Another leader takes over: it has seen nobody. */
  startOver(): void {
    this.sightings.clear()
    this.#acks.clear()
    this.#toldEpoch.clear()
    this.clearSinceMs = undefined
  }

  #look(): void {
    const nowMs = this.clock.monotonicMs()
    const { blind } = visionOf({ inUse: this.inUse, sightings: this.sightings, nowMs })
    this.clearSinceMs = blind ? undefined : (this.clearSinceMs ?? nowMs)
  }

  #watch(): void {
    this.clock.after(20, () => {
      this.#watch()
      if (!this.isUp) return
      this.#look()
      for (const name of this.inUse[0]?.members ?? []) {
        if (this.fenced.has(name)) continue
        const verdict = judgeNode({ inUse: this.inUse, sightings: this.sightings, clearSinceMs: this.clearSinceMs, nowMs: this.clock.monotonicMs() }, name)
        if (verdict.kind !== 'expired') continue
        this.fenced.add(name)
        this.onExpired(name, verdict)
      }
    })
  }
}

export interface TestNode {
  readonly name: string
  readonly store: FakeDeadlines
  readonly notes: KeeperNote[]
  keeper: Keeper
  right: RunRight
  unreachable: readonly UnreachablePeer[]
  isAlive: boolean
  bootId: string
  /** When its pods were killed, if they were. Back to undefined by {@link TestCluster.grant}. */
  killedMs: number | undefined
}

export interface TestCluster {
  readonly clock: VirtualClock
  readonly wires: Wires
  readonly plane: TestPlane
  readonly nodes: readonly TestNode[]
  node(name: string): TestNode
  /** The agent's process dies and another one is started after a while. */
  restart(name: string, afterMs: number): Promise<void>
  /** How many times the pods of any node were killed. */
  kills(): number
}

/** Keepers n1…, all started, none acked yet. Each has a fencer that kills at the very moment that is written. */
export function testCluster(size: number, terms: FencingTerms, random: Random): TestCluster {
  const clock = new VirtualClock()
  const wires = new Wires(clock, random)
  const names = Array.from({ length: size }, (_, at) => `n${at + 1}`)
  const plane = new TestPlane(clock, names, terms)
  let starts = 0
  let kills = 0
  const keeperOf = (node: TestNode): Keeper =>
    new Keeper({
      nodeName: node.name,
      bootId: node.bootId,
      instance: String(++starts),
      agentStartedMs: clock.nowMs(),
      peerAddress: `${node.name}:6447`,
      controlPlanes: [PLANE],
      links: {
        dialControlPlane: (_address, listener) => wires.dial<ToControlPlane, ToAgent>({ from: node.name, to: 'plane', listener, serve: (message) => plane.take(node.name, message) }),
        dialPeer: (peer, listener) => wires.dial<PeerQuestion, PeerAnswer>({ from: node.name, to: peer.name, listener, serve: (question) => (nodeNamed(peer.name).isAlive ? [nodeNamed(peer.name).keeper.answer(question)] : []) }),
      },
      store: node.store,
      isAgentAlive: () => node.isAlive,
      listener: {
        onRight: (right) => void (node.right = right),
        onReach: (unreachable) => void (node.unreachable = unreachable),
        onNote: (note) => void node.notes.push(note),
      },
      clock,
      random,
    })
  const newNode = (name: string): TestNode => {
    let cancelKill = (): void => {}
    const kill = (): void => {
      if (node.killedMs === undefined) kills++
      node.killedMs ??= clock.monotonicMs()
    }
    const store = fakeDeadlines(() => {
      cancelKill()
      const { killAtMs } = store
      if (killAtMs === undefined) return
      if (killAtMs > clock.monotonicMs()) node.killedMs = undefined
      if (killAtMs > 0) cancelKill = clock.after(killAtMs - clock.monotonicMs(), kill)
    })
    const node: TestNode = { name, store, notes: [], keeper: undefined as unknown as Keeper, right: { kind: 'none' }, unreachable: [], isAlive: true, bootId: 'boot', killedMs: 0 }
    return node
  }
  const nodes = names.map(newNode)
  const nodeNamed = (name: string): TestNode => nodes.find((one) => one.name === name) as TestNode
  for (const node of nodes) {
    node.keeper = keeperOf(node)
    node.keeper.start()
  }
  return {
    clock,
    wires,
    plane,
    nodes,
    node: nodeNamed,
    kills: () => kills,
    async restart(name, afterMs) {
      const node = nodeNamed(name)
      node.keeper.stop()
      node.isAlive = false
      await clock.advance(afterMs)
      node.isAlive = true
      node.right = { kind: 'none' }
      node.keeper = keeperOf(node)
      node.keeper.start()
    },
  }
}
