import type { AgentMessage, ServerMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import type { NodeDoor } from '../../control-plane/dispatch/node-door.ts'
import type { ControlPlaneLink } from '../../node-agent/session/port.ts'
import { channel, type Channel } from '../../shared/kit/channel.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between } from './chance.ts'

/** How a cable behaves now. */
export interface CableWeather {
  /** Whether messages pass from the agent, and to it. What is sent meanwhile is sent again when they do, as TCP does. */
  upOpen: boolean
  downOpen: boolean
  /** Each message takes between these, ms. Order within one direction of a stream is kept, as TCP keeps it; streams overtake each other. */
  minDelayMs: number
  maxDelayMs: number
}

export const calmCable: Readonly<CableWeather> = { upOpen: true, downOpen: true, minDelayMs: 0.2, maxDelayMs: 3 }

/** A connection over which nothing passes is given up after this long (gRPC's keepalive: 10 s and 5 s for the answer). */
const KEEPALIVE_MS = 15_000
/** A call that cannot be made fails after this long. */
const CONNECT_MS = 1_000

export interface CableOptions {
  readonly nodeName: string
  /** The world's own: what is under way arrives though its sender is dead. */
  readonly clock: Clock
  readonly random: Random
  /** The control plane at the other end, if one is reachable. */
  readonly plane: () => NodeDoor | undefined
}

/** A cable between one agent and the control plane: delays by seed, breaks when told. */
export class Cable implements ControlPlaneLink {
  readonly weather: CableWeather = { ...calmCable }
  readonly #options: CableOptions
  readonly #open = new Set<Connection>()

  constructor(options: CableOptions) {
    this.#options = options
  }

  /** One side's process died: its kernel tells the other side. */
  break(): void {
    for (const connection of this.#open) connection.end(new Fault('unavailable', 'the link broke'))
  }

  /** The node lost its power: nobody tells the control plane, which finds out by its keepalive. */
  fallSilent(): void {
    for (const connection of this.#open) {
      connection.agentEnd(new Fault('unavailable', 'power loss'))
      this.#options.clock.after(KEEPALIVE_MS, () => connection.end(new Fault('unavailable', 'keepalive timed out')))
    }
  }

  /** Opens or shuts the directions. */
  set(directions: Partial<Pick<CableWeather, 'upOpen' | 'downOpen'>>): void {
    Object.assign(this.weather, directions)
    for (const connection of this.#open) {
      if (this.#isWhole()) connection.resume()
      else this.#options.clock.after(KEEPALIVE_MS, () => void (this.#isWhole() || connection.end(new Fault('unavailable', 'keepalive timed out'))))
    }
  }

  async openSession(signal: AbortSignal): Promise<Duplex<AgentMessage, ServerMessage>> {
    return this.#connect<AgentMessage, ServerMessage>(signal, (door, server) => door.session(this.#options.nodeName, server))
  }

  async openStream(signal: AbortSignal): Promise<Duplex<StreamFrame, StreamFrame>> {
    return this.#connect<StreamFrame, StreamFrame>(signal, (door, server) => door.stream(this.#options.nodeName, server))
  }

  async requestToken(request: Parameters<ControlPlaneLink['requestToken']>[0]): ReturnType<ControlPlaneLink['requestToken']> {
    const door = await this.#reach()
    const answer = await door.requestToken(this.#options.nodeName, request)
    await this.#reach()
    return answer
  }

  #isWhole(): boolean {
    return this.weather.upOpen && this.weather.downOpen
  }

  #delayMs(): number {
    return between(this.#options.random, this.weather.minDelayMs, this.weather.maxDelayMs)
  }

  async #reach(): Promise<NodeDoor> {
    const { clock, plane } = this.#options
    await sleep(clock, this.#delayMs())
    if (!this.#isWhole()) {
      await sleep(clock, CONNECT_MS)
      throw new Fault('unavailable', 'the control plane does not answer')
    }
    const door = plane()
    if (!door) throw new Fault('unavailable', 'the control plane refuses the connection')
    return door
  }

  async #connect<Up, Down>(signal: AbortSignal, serve: (door: NodeDoor, server: Duplex<Down, Up>) => Promise<void>): Promise<Duplex<Up, Down>> {
    const door = await this.#reach()
    const { clock } = this.#options
    const delayMs = (): number => this.#delayMs()
    const up = new Direction<Up>({ clock, delayMs, isOpen: () => this.weather.upOpen })
    const down = new Direction<Down>({ clock, delayMs, isOpen: () => this.weather.downOpen })
    const connection: Connection = {
      agentEnd(fault) {
        down.end(fault)
        up.stop()
      },
      end: (fault) => {
        this.#open.delete(connection)
        up.end(fault)
        down.end(fault)
      },
      resume() {
        up.resume()
        down.resume()
      },
    }
    this.#open.add(connection)
    const closed = new Fault('unavailable', 'the other side closed the stream')
    const sides = { agent: { send: (message: Up) => up.send(message), incoming: down.received, close: () => up.close(() => connection.end(closed)) }, server: { send: (message: Down) => down.send(message), incoming: up.received, close: () => down.close(() => connection.end(closed)) } }
    signal.addEventListener('abort', () => connection.end(new Fault('cancelled', 'aborted')), { once: true })
    const over = (): void => sides.server.close()
    serve(door, { ...sides.server, drained: () => Promise.resolve() }).then(over, over)
    return { ...sides.agent, drained: () => Promise.resolve() }
  }
}

interface Connection {
  /** The agent's side is gone, the server's hangs. */
  agentEnd(fault: Fault): void
  end(fault: Fault): void
  resume(): void
}

interface DirectionOptions {
  readonly clock: Clock
  readonly delayMs: () => number
  readonly isOpen: () => boolean
}

/** What one side sends and the other receives, in order, each message after its delay, none while the direction is shut. */
class Direction<T> {
  readonly #options: DirectionOptions
  readonly #received: Channel<T> = channel<T>()
  #arrivesMs = 0
  /** Deliveries that wait for the direction to be open again. */
  #held: Array<() => void> = []
  #isStopped = false
  #isClosing = false

  constructor(options: DirectionOptions) {
    this.#options = options
  }

  get received(): AsyncIterable<T> {
    return this.#received
  }

  send(message: T): void {
    if (this.#isStopped || this.#isClosing || this.#received.closed) throw new Fault('unavailable', 'the stream has ended')
    this.#deliver(() => void this.#received.push(message))
  }

  /** What was sent before the close still arrives. */
  close(then: () => void): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#deliver(then)
  }

  /** The sender is gone, and nobody is told. */
  stop(): void {
    this.#isStopped = true
    this.#held = []
  }

  end(fault: Fault): void {
    this.#isStopped = true
    this.#held = []
    this.#received.close(fault)
  }

  resume(): void {
    const held = this.#held
    this.#held = []
    for (const run of held) this.#deliver(run)
  }

  #deliver(run: () => void): void {
    if (!this.#options.isOpen() || this.#held.length > 0) return void this.#held.push(run)
    const { clock, delayMs } = this.#options
    this.#arrivesMs = Math.max(this.#arrivesMs, clock.monotonicMs() + delayMs())
    clock.after(this.#arrivesMs - clock.monotonicMs(), () => void (this.#isStopped || run()))
  }
}
