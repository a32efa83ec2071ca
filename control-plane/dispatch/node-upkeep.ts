import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import type { Lister } from '../informers/port.ts'
import type { NodeLiveness } from './liveness-port.ts'
import type { NodeIntake } from './node-intake.ts'

export interface NodeUpkeepOptions {
  readonly nodeName: string
  readonly nodes: Lister<Node>
  readonly intake: NodeIntake
  readonly liveness: NodeLiveness
  readonly clock: Clock
  readonly log: Log
}

/** The Lease object is renewed this often, as kubelet does. */
const LEASE_EVERY_MS = 10_000
/** Looked at this often, so that nothing depends on one write. */
const EVERY_MS = 1_000

/**
 * Keeps the stored Node and its Lease true to what the agent last said: also where others have called the node unknown meanwhile although it lives. Says
 * nothing of a node that is given up or that nobody hears: what the controllers say of it stands then.
 */
export class NodeUpkeep {
  readonly #options: NodeUpkeepOptions
  #said: NonNullable<Node['status']> = {}
  #isStored = true
  #isWriting = false
  #leaseRenewedMs = Number.NEGATIVE_INFINITY
  #isOver = false
  #cancel: () => void = () => {}

  constructor(options: NodeUpkeepOptions) {
    this.#options = options
  }

  /** Whether the agent's word counts now. */
  get hasSay(): boolean {
    const state = this.#options.liveness.stateOf(this.#options.nodeName)
    return state.kind === 'seen' || state.kind === 'no-agent' || (state.kind === 'silent' && !state.undecided)
  }

  start(): void {
    this.look()
    this.#cancel = this.#options.clock.after(EVERY_MS, () => this.start())
  }

  end(): void {
    this.#isOver = true
    this.#cancel()
  }

  /** What the agent says of its node now. @param isStored whether it stands in the API already */
  say(status: NonNullable<Node['status']>, isStored: boolean): void {
    this.#said = status
    this.#isStored = isStored
  }

  /** Writes what is to be written. */
  look(): void {
    if (this.#isOver || !this.hasSay) return
    this.#renewLease()
    this.#keepStatus()
  }

  #renewLease(): void {
    const { clock, intake, liveness, nodeName } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#leaseRenewedMs < LEASE_EVERY_MS || liveness.stateOf(nodeName).kind !== 'seen') return
    this.#leaseRenewedMs = nowMs
    this.#background('lease', intake.renewLease(nodeName))
  }

  #keepStatus(): void {
    const { nodes, nodeName } = this.#options
    const stored = nodes.get(nodeName)
    const isUnknown = stored?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'Unknown') === true && this.#said.conditions?.some(({ type }) => type === 'Ready') === true
    if (this.#isWriting || (this.#isStored && !isUnknown)) return
    this.#isWriting = true
    this.#background('node status', this.#write())
  }

  async #write(): Promise<void> {
    const { intake, nodeName } = this.#options
    try {
      let status
      do {
        status = this.#said
        await intake.status(nodeName, status)
      } while (status !== this.#said && !this.#isOver && this.hasSay)
      this.#isStored = true
    } finally {
      this.#isWriting = false
    }
  }

  #background(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.log.warn({ node: this.#options.nodeName, err: messageOf(error) }, `${what} not written`))
  }
}
