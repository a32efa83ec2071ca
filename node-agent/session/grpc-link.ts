import type { AgentMessage, ServerMessage } from '../../proto/gen/node/v1/session.ts'
import { dialControlPlane, parseAddress, type Address, type Duplex, type NodeConnection, type TlsFiles } from '../../proto/rpc.ts'
import { backoffMs } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { firstToAnswer } from './first-to-answer.ts'
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

/** How long a control plane may take to say whether it leads, and how long one is waited for before the next is asked for what any can answer. */
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

const nobodyLeads = (causes: readonly unknown[]): Fault => new Fault('unavailable', `no control plane leads: ${causes.map(messageOf).join('; ')}`)

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
  requestToken(request: Parameters<ControlPlaneLink['requestToken']>[0]): ReturnType<ControlPlaneLink['requestToken']> {
    const addresses = [this.#leader, ...[...this.#connections.keys()].filter((address) => address !== this.#leader)]
    return firstToAnswer(addresses.map((address) => () => this.#connectionTo(address).requestToken(request)), { clock: this.#clock, ms: ANSWER_MS })
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

  /** Asks until one leads, nobody twice at a time: who vanished without a word keeps the others from nothing. @throws Fault('unavailable') with what was last heard, now and then. */
  async #look(signal: AbortSignal): Promise<string> {
    const startMs = this.#clock.monotonicMs()
    const asking = new Set<string>()
    const said = new Map<string, unknown>()
    const found = new AbortController()
    let leader: string | undefined
    const ask = async (address: string): Promise<void> => {
      asking.add(address)
      try {
        leader ??= await this.#askOne(address)
        found.abort()
      } catch (error) {
        said.set(address, error)
      } finally {
        asking.delete(address)
      }
    }
    const either = AbortSignal.any([signal, found.signal])
    for (let failures = 1; ; failures++) {
      for (const address of this.#connections.keys()) if (!asking.has(address)) void ask(address)
      await sleep(this.#clock, backoffMs(ASK_AGAIN, failures), either).catch(() => {})
      if (leader !== undefined) return leader
      signal.throwIfAborted()
      if (this.#clock.monotonicMs() - startMs > LOOK_MS) throw nobodyLeads([...said.values()])
    }
  }

  /** The first that says it leads. Asks once. */
  async #ask(): Promise<string> {
    try {
      return await Promise.any([...this.#connections.keys()].map((address) => this.#askOne(address)))
    } catch (error) {
      throw nobodyLeads(error instanceof AggregateError ? error.errors : [error])
    }
  }

  /** Its address if it leads. Whom it names otherwise is asked as well, the next time. */
  async #askOne(address: string): Promise<string> {
    const { isLeading, leader } = await this.#connectionTo(address).findLeader(ANSWER_MS)
    if (isLeading) return address
    this.#learn(leader)
    throw new Fault('unavailable', leader === '' ? `${address} knows no leader` : `${address} says that ${leader} leads, which does not say so (yet)`)
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
      close: () => {
        cancel()
        stream.close()
      },
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
