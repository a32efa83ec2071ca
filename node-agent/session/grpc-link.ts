import type { AgentMessage, ServerMessage } from '../../proto/gen/node/v1/session.ts'
import { dialControlPlane, parseAddress, type Address, type Duplex, type NodeConnection, type TlsFiles } from '../../proto/rpc.ts'
import { backoffMs } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { ControlPlaneLink } from './port.ts'

/** The link to the control plane over gRPC and mTLS: of several control planes, to the one that leads. */
export interface GrpcLink extends ControlPlaneLink, Disposable {
  /** Calls from now on show this certificate; streams that are open go on as they are. */
  identify(tls: TlsFiles): void
  /** The leader is not heard of: if another says that it leads, the session of now is ended. Asks once. */
  suspect(): Promise<void>
}

export interface GrpcLinkOptions {
  /** Of the control planes that are known; redirections may name more. */
  readonly addresses: readonly Address[]
  readonly tls: TlsFiles
  readonly clock: Clock
  readonly dial?: (address: Address, tls: TlsFiles) => NodeConnection
}

/** How long a control plane may take to say whether it leads. */
const ANSWER_MS = 500
/** How soon to ask again while nobody leads: soon, because nodes without a session learn nothing new. */
const ASK_AGAIN = { baseMs: 30, capMs: 150, factor: 1.3 }
/** How long to look for a leader before the log hears of it. */
const LOOK_MS = 10_000
/** A session that says nothing for so long may be one with a control plane that does not lead any more. Who hears of acks asks sooner ({@link GrpcLink.suspect}). */
const SILENCE_MS = 5_000

export function createGrpcLink(options: GrpcLinkOptions): GrpcLink {
  return new LeaderLink(options)
}

const nameOf = ({ host, port }: Address): string => `${host}:${port}`

class LeaderLink implements GrpcLink {
  readonly #clock: Clock
  readonly #dial: (address: Address, tls: TlsFiles) => NodeConnection
  #tls: TlsFiles
  /** Of the control planes that are known, by `host:port`. */
  readonly #connections = new Map<string, NodeConnection | undefined>()
  /** Who leads, as it said itself. */
  #leader: string
  #session: { readonly leader: string; readonly end: (fault: Fault) => void } | undefined

  constructor({ addresses, tls, clock, dial = dialControlPlane }: GrpcLinkOptions) {
    this.#clock = clock
    this.#dial = dial
    this.#tls = tls
    for (const address of addresses) this.#connections.set(nameOf(address), undefined)
    this.#leader = [...this.#connections.keys()][0] ?? ''
  }

  async openSession(signal: AbortSignal): Promise<Duplex<AgentMessage, ServerMessage>> {
    this.#leader = await this.#look(signal)
    const over = new AbortController()
    const abort = (): void => over.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const session = { leader: this.#leader, end: (fault: Fault) => over.abort(fault) }
    this.#session = session
    const ended = (): void => {
      signal.removeEventListener('abort', abort)
      if (this.#session === session) this.#session = undefined
    }
    return this.#watched(this.#connectionTo(session.leader).session(over.signal), ended)
  }

  openStream(signal: AbortSignal): ReturnType<ControlPlaneLink['openStream']> {
    return Promise.resolve(this.#connectionTo(this.#leader).stream(signal))
  }

  /** Every control plane answers: the leader is asked first, because it hears of new pods first. */
  async requestToken(request: Parameters<ControlPlaneLink['requestToken']>[0]): ReturnType<ControlPlaneLink['requestToken']> {
    const others = [...this.#connections.keys()].filter((address) => address !== this.#leader)
    for (const address of [this.#leader, ...others].slice(0, -1)) {
      try {
        return await this.#connectionTo(address).requestToken(request)
      } catch (error) {
        if (!isFault(error, 'unavailable') && !isFault(error, 'timeout')) throw error
      }
    }
    return this.#connectionTo(others.at(-1) ?? this.#leader).requestToken(request)
  }

  async suspect(): Promise<void> {
    const session = this.#session
    if (!session || this.#connections.size < 2) return
    const found = await this.#ask().catch(() => undefined)
    if (found !== undefined && found !== session.leader) session.end(new Fault('unavailable', `${found} leads now`))
  }

  identify(tls: TlsFiles): void {
    this.#tls = tls
    for (const [address, connection] of this.#connections) {
      connection?.close()
      this.#connections.set(address, undefined)
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.values()) connection?.close()
  }

  #connectionTo(address: string): NodeConnection {
    const known = this.#connections.get(address)
    if (known) return known
    const connection = this.#dial(parseAddress(address), this.#tls)
    this.#connections.set(address, connection)
    return connection
  }

  /** Asks until one leads. @throws Fault('unavailable') with what was last heard, now and then. */
  async #look(signal: AbortSignal): Promise<string> {
    const startMs = this.#clock.monotonicMs()
    for (let failures = 1; ; failures++) {
      try {
        return await this.#ask()
      } catch (error) {
        if (this.#clock.monotonicMs() - startMs > LOOK_MS) throw error
        await sleep(this.#clock, backoffMs(ASK_AGAIN, failures), signal)
      }
    }
  }

  /** The first that says it leads. Whom others name is asked as well, the next time. */
  async #ask(): Promise<string> {
    const asking = [...this.#connections.keys()].map(async (address) => {
      const { isLeading, leader } = await this.#connectionTo(address).findLeader(ANSWER_MS)
      if (isLeading) return address
      this.#learn(leader)
      throw new Fault('unavailable', leader === '' ? `${address} knows no leader` : `${address} says that ${leader} leads, which does not say so (yet)`)
    })
    try {
      return await Promise.any(asking)
    } catch (error) {
      const causes = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)]
      throw new Fault('unavailable', `no control plane leads: ${causes.join('; ')}`, { cause: error })
    }
  }

  #learn(leader: string): void {
    if (leader !== '' && !this.#connections.has(leader)) this.#connections.set(leader, undefined)
  }

  /** The session as it is, with an eye on redirections and on silence. */
  #watched(stream: Duplex<AgentMessage, ServerMessage>, ended: () => void): Duplex<AgentMessage, ServerMessage> {
    let heardMs = this.#clock.monotonicMs()
    const listen = (): (() => void) =>
      this.#clock.after(SILENCE_MS, () => {
        if (this.#clock.monotonicMs() - heardMs >= SILENCE_MS) void this.suspect()
        cancel = listen()
      })
    let cancel = listen()
    const learn = (leader: string): void => this.#learn(leader)
    const clock = this.#clock
    return {
      send: (message) => stream.send(message),
      drained: () => stream.drained(),
      close: () => stream.close(),
      incoming: {
        async *[Symbol.asyncIterator]() {
          try {
            for await (const message of stream.incoming) {
              heardMs = clock.monotonicMs()
              if (message.message?.$case === 'redirected') learn(message.message.value.leader)
              yield message
            }
          } finally {
            cancel()
            ended()
          }
        },
      },
    }
  }
}
