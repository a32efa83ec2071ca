/** What the agent's main thread and the keeper's thread tell each other. */
import type { TlsFiles } from '../../proto/rpc.ts'
import type { RunRight } from '../../shared/model/fencing.ts'
import type { KeeperNote } from './keeper.ts'
import type { UnreachablePeer } from './peers.ts'

/** Given to the thread at its start. */
export interface ThreadStart {
  readonly nodeName: string
  readonly bootId: string
  readonly instance: string
  readonly agentStartedMs: number
  /** Where it listens for its peers. */
  readonly peerHost: string
  readonly peerPort: number
  readonly controlPlanes: readonly string[]
  readonly folder: string
  readonly identity: TlsFiles
  readonly cells: SharedArrayBuffer
}

export type ToThread = { readonly kind: 'identify'; readonly identity: TlsFiles } | { readonly kind: 'stop' }

export type FromThread =
  /** The deadline file is there: a fencer may be started. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'right'; readonly right: RunRight; readonly killMs: number }
  | { readonly kind: 'reach'; readonly unreachable: readonly UnreachablePeer[] }
  | { readonly kind: 'note'; readonly note: KeeperNote }
  | { readonly kind: 'trouble'; readonly message: string }

/** What both threads see at once, whole ms of the boot-time clock. */
export class SharedCells {
  static readonly BYTES = 16
  readonly #cells: BigInt64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new BigInt64Array(buffer)
  }

  /** Pods may be started until then. */
  get killAtMs(): number {
    return Number(Atomics.load(this.#cells, 0))
  }

  set killAtMs(ms: number) {
    Atomics.store(this.#cells, 0, BigInt(Math.floor(ms)))
  }

  /** When the main thread last said that it works. */
  get tickMs(): number {
    return Number(Atomics.load(this.#cells, 1))
  }

  set tickMs(ms: number) {
    Atomics.store(this.#cells, 1, BigInt(Math.floor(ms)))
  }
}
