/** One way to a node's agent: its own connection, or one through a control plane that follows and hands on. */
import type { Epoch, Hello, NoAck_Reason, ToAgent } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Membership } from '../../shared/model/fencing.ts'

/** A reason why a beat is not acked, with a sentence for the agent's log. */
export interface Refusal {
  readonly reason: NoAck_Reason
  readonly message: string
}

/** Addresses of peers that changed under the same epoch are told this often at most. */
const ROSTER_EVERY_MS = 500

/** Where each member answers its peers; kept across leaderships, so that a new leader need not hear everybody first. */
export class Roster {
  readonly #addresses = new Map<string, string>()
  #version = 0

  get version(): number {
    return this.#version
  }

  note(nodeName: string, address: string): void {
    if (address === '' || this.#addresses.get(nodeName) === address) return
    this.#addresses.set(nodeName, address)
    this.#version++
  }

  epochOf({ epoch, members, terms }: Membership): Epoch {
    return { number: epoch, members: members.map((name) => ({ name, peerAddress: this.#addresses.get(name) ?? '' })), ...terms }
  }
}

export class AgentLink {
  readonly nodeName: string
  hello: Hello | undefined
  readonly #send: (message: ToAgent) => void
  #told: { readonly epoch: number; readonly rosterVersion: number; readonly atMs: number } | undefined

  constructor(nodeName: string, send: (message: ToAgent) => void) {
    this.nodeName = nodeName
    this.#send = send
  }

  /** Passes a message of the leader on. */
  hand(message: ToAgent): void {
    this.#send({ message: message.message, relayedNode: '' })
  }

  ack(sequence: number, number: number): void {
    this.#send({ message: { $case: 'ack', value: { sequence, number } }, relayedNode: '' })
  }

  /** Before an ack: what the agent decides by, if it has not heard of it on this way. */
  tell(membership: Membership, roster: Roster, nowMs: number): void {
    const told = this.#told
    const isNews = told?.epoch !== membership.epoch || (told.rosterVersion !== roster.version && nowMs - told.atMs >= ROSTER_EVERY_MS)
    if (!isNews) return
    this.#told = { epoch: membership.epoch, rosterVersion: roster.version, atMs: nowMs }
    this.#send({ message: { $case: 'epoch', value: roster.epochOf(membership) }, relayedNode: '' })
  }

  /** What it says has come on another way already, and is answered there: this one works all the same. */
  hear(): void {
    this.#send({ message: undefined, relayedNode: '' })
  }

  /**
   * Each time that it speaks: whoever is not answered takes this way for a broken one, and looks for another.
   *
   * @param sequence of the beat that is not acked; 0: of none
   */
  refuse({ reason, message }: Refusal, sequence = 0): void {
    this.#send({ message: { $case: 'noAck', value: { reason, message, sequence } }, relayedNode: '' })
  }
}
