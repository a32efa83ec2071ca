import type { AgentMessage, ServerMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import type { Dispatch } from '../../control-plane/dispatch/dispatch.ts'
import type { ControlPlaneLink } from '../../node-agent/session/port.ts'
import { channel, type Channel } from '../../shared/kit/channel.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'

/** How a cable behaves now. */
export interface LinkState {
  up: boolean
  /** Each message takes between these, ms. Order within one direction of a stream is kept, as TCP keeps it; streams overtake each other. */
  minDelayMs: number
  maxDelayMs: number
}

export interface SimLinkOptions {
  readonly nodeName: string
  readonly clock: Clock
  readonly random: Random
  readonly state: LinkState
  /** The control plane at the other end, if one is alive. */
  readonly plane: () => Dispatch | undefined
}

/** A cable between one agent and the control plane: delays by seed, breaks when told. */
export class SimLink implements ControlPlaneLink {
  readonly #options: SimLinkOptions
  readonly #open = new Set<(fault: Fault) => void>()

  constructor(options: SimLinkOptions) {
    this.#options = options
  }

  /** Everything under way is lost, both ends learn of it. */
  break(): void {
    for (const end of [...this.#open]) end(new Fault('unavailable', 'the link broke'))
    this.#open.clear()
  }

  async openSession(signal: AbortSignal): Promise<Duplex<AgentMessage, ServerMessage>> {
    const dispatch = await this.#reach()
    const [agent, server] = this.#pair<AgentMessage, ServerMessage>(signal)
    dispatch.session(this.#options.nodeName, server).then(
      () => server.close(),
      () => server.close(),
    )
    return agent
  }

  async openStream(signal: AbortSignal): Promise<Duplex<StreamFrame, StreamFrame>> {
    const dispatch = await this.#reach()
    const [agent, server] = this.#pair<StreamFrame, StreamFrame>(signal)
    dispatch.stream(this.#options.nodeName, server).then(
      () => server.close(),
      () => server.close(),
    )
    return agent
  }

  async requestToken(request: Parameters<ControlPlaneLink['requestToken']>[0]): ReturnType<ControlPlaneLink['requestToken']> {
    const dispatch = await this.#reach()
    return dispatch.requestToken(this.#options.nodeName, request)
  }

  #delayMs(): number {
    const { random, state } = this.#options
    return state.minDelayMs + random.next() * (state.maxDelayMs - state.minDelayMs)
  }

  async #reach(): Promise<Dispatch> {
    const { clock, state, plane } = this.#options
    await new Promise<void>((resolve) => void clock.after(this.#delayMs(), resolve))
    const dispatch = state.up ? plane() : undefined
    if (!dispatch) throw new Fault('unavailable', 'the control plane cannot be reached')
    return dispatch
  }

  #pair<Up, Down>(signal: AbortSignal): [Duplex<Up, Down>, Duplex<Down, Up>] {
    const up = channel<Up>()
    const down = channel<Down>()
    let over = false
    const end = (fault?: Fault): void => {
      if (over) return
      over = true
      this.#open.delete(end)
      up.close(fault)
      down.close(fault)
    }
    this.#open.add(end)
    signal.addEventListener('abort', () => end(new Fault('cancelled', 'aborted')), { once: true })
    return [this.#side(up, down, { end, isOver: () => over }), this.#side(down, up, { end, isOver: () => over })]
  }

  #side<Out, In>(out: Channel<Out>, incoming: Channel<In>, { end, isOver }: { readonly end: (fault?: Fault) => void; readonly isOver: () => boolean }): Duplex<Out, In> {
    let arrivesMs = 0
    return {
      send: (message) => {
        if (isOver()) throw new Fault('unavailable', 'the stream has ended')
        arrivesMs = Math.max(arrivesMs, this.#options.clock.monotonicMs() + this.#delayMs())
        this.#options.clock.after(arrivesMs - this.#options.clock.monotonicMs(), () => void (isOver() || out.push(message)))
      },
      drained: () => Promise.resolve(),
      incoming,
      // What was sent before the close still arrives.
      close: () => void this.#options.clock.after(Math.max(0, arrivesMs - this.#options.clock.monotonicMs()), () => end()),
    }
  }
}
