import type { AgentMessage, ServerMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex, NodeConnection } from '../../proto/rpc.ts'
import type { NodeDoor } from '../../control-plane/dispatch/node-door.ts'
import { channel, type Channel } from '../../shared/kit/channel.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Life } from './life.ts'
import type { Flow, Ways } from './ways.ts'

/** A connection over which nothing passes is given up after this long (gRPC's keepalive: 10 s and 5 s for the answer). */
const KEEPALIVE_MS = 15_000
/** A call that cannot be made fails after this long. */
const CONNECT_MS = 1_000

/** What is reached at a control plane, and in which process. */
export interface Served<Door> {
  readonly door: Door
  readonly life: Life
}

export interface CableOptions<Door> {
  /** The names of both machines. */
  readonly from: string
  readonly to: string
  /** Whose certificate the near side shows; the machine's own name unless given. */
  readonly as?: (() => string) | undefined
  readonly ways: Ways
  /** The control plane at the other end, if one is reachable. */
  readonly served: () => Served<Door> | undefined
}

type NodeSide = Pick<NodeDoor, 'session' | 'stream' | 'requestToken' | 'findLeader' | 'relay'>

/** The calls of one agent (or control plane) to one control plane: delayed by seed, broken when told. */
export class Cable {
  readonly #options: CableOptions<NodeSide>
  readonly #open = new Set<Connection>()

  constructor(options: CableOptions<NodeSide>) {
    this.#options = options
    const { ways, from, to } = options
    for (const way of [ways.of(from, to), ways.of(to, from)]) way.onChange(() => this.#changed())
  }

  /** One side's process died: its kernel tells the other side. */
  break(): void {
    for (const connection of this.#open) connection.end(new Fault('unavailable', 'the link broke'))
  }

  /** The near side lost its power: nobody tells the other, which finds out by its keepalive. */
  fallSilent(): void {
    for (const connection of this.#open) {
      connection.nearEnd(new Fault('unavailable', 'power loss'))
      this.#options.ways.clock.after(KEEPALIVE_MS, () => connection.end(new Fault('unavailable', 'keepalive timed out')))
    }
  }

  /** As the process on the near side calls it. */
  connection(near: Life): NodeConnection {
    const { from, as = () => from } = this.#options
    return {
      session: (signal) => this.#connect<AgentMessage, ServerMessage>(near, signal, (door, far) => door.session(as(), far)),
      stream: (signal) => this.#connect<StreamFrame, StreamFrame>(near, signal, (door, far) => door.stream(as(), far)),
      relay: (signal) => this.#connect(near, signal, (door, far: Parameters<NodeDoor['relay']>[0]) => door.relay(far)),
      requestToken: (request) => this.#call(near, (door) => door.requestToken(as(), request)),
      findLeader: (ms) => this.#call(near, async (door) => door.findLeader(), ms),
      renew: () => Promise.reject(new Fault('unsupported', 'certificates of simulated nodes do not end')),
      close: () => {},
    }
  }

  #changed(): void {
    const { ways, from, to } = this.#options
    if (ways.isWhole(from, to)) return
    for (const connection of this.#open) ways.clock.after(KEEPALIVE_MS, () => void (ways.isWhole(from, to) || connection.end(new Fault('unavailable', 'keepalive timed out'))))
  }

  async #reach(): Promise<Served<NodeSide>> {
    const { ways, from, to, served } = this.#options
    await sleep(ways.clock, ways.delayMs(from, to))
    if (!ways.isWhole(from, to)) {
      await sleep(ways.clock, CONNECT_MS)
      throw new Fault('unavailable', 'the control plane does not answer')
    }
    const there = served()
    if (!there) throw new Fault('unavailable', 'the control plane refuses the connection')
    return there
  }

  #call<T>(near: Life, work: (door: NodeSide) => Promise<T>, limitMs = 10_000): Promise<T> {
    const { ways, from, to } = this.#options
    const call = async (): Promise<T> => {
      const { door, life } = await this.#reach()
      const answer = await new Promise<T>((resolve, reject) => life.take(() => void life.follow(work(door)).then(resolve, reject)))
      await sleep(ways.clock, ways.delayMs(to, from))
      if (!ways.isWhole(from, to)) throw new Fault('unavailable', 'the answer does not come')
      return answer
    }
    const late = sleep(ways.clock, limitMs).then((): never => {
      throw new Fault('timeout', `no answer within ${limitMs} ms`)
    })
    return near.follow(Promise.race([call(), late]))
  }

  #connect<Up, Down>(near: Life, signal: AbortSignal, serve: (door: NodeSide, far: Duplex<Down, Up>) => Promise<void>): Duplex<Up, Down> {
    const { ways, from, to } = this.#options
    const up = new Direction<Up>(ways.flow(from, to), () => far)
    const down = new Direction<Down>(ways.flow(to, from), () => near)
    let far: Life | undefined
    const connection: Connection = {
      nearEnd(fault) {
        near.take(() => down.end(fault))
        up.stop()
      },
      end: (fault) => {
        this.#open.delete(connection)
        const endUp = (): void => up.end(fault)
        if (far) far.take(endUp)
        else endUp()
        near.take(() => down.end(fault))
      },
    }
    this.#open.add(connection)
    const closed = new Fault('unavailable', 'the other side closed the stream')
    signal.addEventListener('abort', () => connection.end(new Fault('cancelled', 'aborted')), { once: true })
    const farSide: Duplex<Down, Up> = { send: (message) => down.send(message), incoming: up.received, close: () => down.close(() => connection.end(closed)), drained: () => Promise.resolve() }
    this.#reach().then(
      ({ door, life }) => {
        far = life
        up.begin()
        life.take(() => void serve(door, farSide).then(farSide.close, farSide.close))
      },
      (error: unknown) => connection.end(error as Fault),
    )
    return { send: (message) => up.send(message), incoming: down.received, close: () => up.close(() => connection.end(closed)), drained: () => Promise.resolve() }
  }
}

interface Connection {
  /** The near side is gone, the far one hangs. */
  nearEnd(fault: Fault): void
  end(fault: Fault): void
}

/** What one side sends and the other receives, in order. */
class Direction<T> {
  readonly #flow: Flow
  readonly #receiver: () => Life | undefined
  readonly #received: Channel<T> = channel<T>()
  /** What was sent before there was a connection. */
  #early: Array<() => void> | undefined = []
  #isClosing = false

  constructor(flow: Flow, receiver: () => Life | undefined) {
    this.#flow = flow
    this.#receiver = receiver
  }

  get received(): AsyncIterable<T> {
    return this.#received
  }

  begin(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const arrive of early) this.#flow.send(arrive)
  }

  send(message: T): void {
    if (this.#isClosing || this.#received.closed) throw new Fault('unavailable', 'the stream has ended')
    this.#deliver(() => this.#take(() => void this.#received.push(message)))
  }

  /** What was sent before the close still arrives. */
  close(then: () => void): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#deliver(then)
  }

  /** The sender is gone, and nobody is told. */
  stop(): void {
    this.#isClosing = true
    this.#flow.stop()
  }

  end(fault: Fault): void {
    this.stop()
    this.#received.close(fault)
  }

  #deliver(arrive: () => void): void {
    const receiver = this.#receiver()
    if (receiver) return this.#flow.send(arrive)
    if (this.#early) this.#early.push(arrive)
    else this.#flow.send(arrive)
  }

  #take(run: () => void): void {
    this.#receiver()?.take(run)
  }
}
