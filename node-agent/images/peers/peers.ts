/** The door of images from other nodes. */
import type { TlsFiles } from '../../../proto/rpc.ts'
import { type Clock, sleep } from '../../../shared/kit/clock.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { Random } from '../../../shared/kit/random.ts'
import type { Digest } from '../digest.ts'
import { Claims } from './claims.ts'
import { PeerCounts, type SourceCounts } from './counts.ts'
import type { Door } from './door.ts'
import { type Holdings, PEER_TIMES, type PeerNode, type PeerTimes, type PeerUse } from './port.ts'
import { PeerSession, type PeerSessionOptions } from './session.ts'
import type { PeerClient } from './client.ts'

export type { PeerNode, PeerUse } from './port.ts'

export interface ImagePeersOptions {
  /** This node's name. */
  readonly self: string
  readonly use: PeerUse
  readonly times?: PeerTimes
  readonly mostUploads?: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface PeersOpening {
  readonly identity: TlsFiles
  readonly holdings: Holdings
  readonly host: string
  readonly port: number
  /** Of this node's store. */
  readonly store: string
  /** All other nodes of the cluster that give images, as they are now. */
  readonly nodes: () => readonly PeerNode[]
  readonly isMember: (name: string) => boolean
}

const LISTEN_AGAIN_MS = 5_000

/** Gives images to the other nodes of the cluster, and takes them from there. */
export class ImagePeers {
  readonly #options: ImagePeersOptions
  readonly #claims = new Claims()
  readonly #counts = new PeerCounts()
  #opened: (PeersOpening & { readonly client: PeerClient }) | undefined
  #identity: TlsFiles | undefined
  #door: Door | undefined

  constructor(options: ImagePeersOptions) {
    this.#options = options
  }

  /** The pull as it goes by way of the other nodes; undefined while there is nobody who could help. */
  around(options: PeerSessionOptions): PeerSession | undefined {
    const opened = this.#opened
    if (opened === undefined || this.#peers().length === 0) return undefined
    const { self, use, times = PEER_TIMES, clock, random, log } = this.#options
    const parts = { self, peers: () => this.#peers(), client: opened.client, claims: this.#claims, counts: this.#counts, times, clock, random, log }
    return new PeerSession(parts, { ...options, asksNames: options.asksNames && use === 'all' })
  }

  /** Serves until the signal aborts; an address that is taken is tried again. */
  async run(opening: PeersOpening, signal: AbortSignal): Promise<void> {
    const { self, use, times = PEER_TIMES, mostUploads, clock, log } = this.#options
    if (use === 'none') return
    const [{ openDoor }, { PeerClient }] = await Promise.all([import('./door.ts'), import('./client.ts')])
    this.#identity = opening.identity
    const identify = (): TlsFiles => this.#identity ?? opening.identity
    this.#opened = { ...opening, client: new PeerClient({ self, identify, times, clock }) }
    const { host, port, holdings, isMember } = opening
    for (let tries = 1; !signal.aborted && this.#door === undefined; tries++) {
      try {
        this.#door = await openDoor({ self, host, port, identify, holdings, claims: this.#claims, isMember, answersNames: use === 'all', ...(mostUploads === undefined ? {} : { mostUploads }), clock, log })
      } catch (error) {
        if (tries === 1) log.warn({ host, port, err: messageOf(error) }, 'images cannot be given to other nodes yet')
        await sleep(clock, LISTEN_AGAIN_MS, signal).catch(() => {})
      }
    }
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await this.#door?.[Symbol.asyncDispose]()
    this.#door = undefined
    this.#opened?.client.close()
    this.#opened = undefined
  }

  identify(identity: TlsFiles): void {
    this.#identity = identity
    this.#opened?.client.renew()
    this.#door?.renew()
  }

  /** Where it listens, once it does. */
  get port(): number | undefined {
    return this.#door?.port
  }

  /** What comes from the registry just now. */
  get fetching(): readonly Digest[] {
    return this.#claims.fetching
  }

  get counts(): SourceCounts {
    return this.#counts.now
  }

  #peers(): readonly PeerNode[] {
    const { self } = this.#options
    const opened = this.#opened
    return (opened?.nodes() ?? []).filter(({ name, store }) => name !== self && store !== opened?.store)
  }
}
