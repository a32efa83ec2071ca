/**
 * The class behind {@link Heartbeats}: knows connections only as messages that come and go, so that a thread with sockets and a simulation with its own links
 * drive the same code.
 */
import { NoAck_Reason, type Hello, type ToAgent, type ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { randomInt, type Random } from '../../shared/kit/random.ts'
import type { Membership } from '../../shared/model/fencing.ts'
import { AgentLink, Roster } from './agent-link.ts'
import { Leading } from './leading.ts'
import type { AdmittedNode, FenceEvidence, HeartbeatListener, Heartbeats, LeadStart } from './port.ts'

/** Who is at the other end, by the certificate it showed. */
export type HeartbeatPeer =
  | { readonly kind: 'node'; readonly nodeName: string }
  /** Hands on what nodes send to it. */
  | { readonly kind: 'control-plane' }

/** One connection, as the tracker takes it in. */
export interface HeartbeatConnection {
  /** @throws Fault('permission' | 'invalid') when the peer must not say that: close the connection. */
  take(message: ToControlPlane): void
  closed(): void
}

/** Until when the leadership is certain: shared with the main thread, which renews it. */
export interface AckLimit {
  untilMs(): number
  set(ms: number): void
}

export function plainLimit(): AckLimit {
  let untilMs = Number.NEGATIVE_INFINITY
  return { untilMs: () => untilMs, set: (ms) => void (untilMs = ms) }
}

export interface TrackerOptions {
  /** Its monotonic time is the boot-time clock. */
  readonly clock: Clock
  readonly random: Random
  readonly listener: HeartbeatListener
  readonly limit?: AckLimit | undefined
  readonly sessionGraceMs?: number | undefined
  /** Takes what nodes say while another control plane leads; answers whether it can be passed on. */
  readonly passOn?: ((message: ToControlPlane) => boolean) | undefined
}

/** How often everything is looked at anew. */
export const TICK_MS = 20
export const SESSION_GRACE_MS = 5_000

/** More than a DNS name with a port: what one node says of itself is told to all others. */
const LONGEST_WORD = 300

/** Of one node behind a control plane that follows: one that starts anew is another. */
const AGENTS_KEPT = 8

const NOT_LEADING = { reason: NoAck_Reason.NOT_LEADING, message: 'another control plane leads, or none does' } as const

export class HeartbeatTracker implements Heartbeats {
  readonly #options: TrackerOptions
  readonly #limit: AckLimit
  readonly #roster = new Roster()
  readonly #links = new Set<AgentLink>()
  #leading: Leading | undefined
  #cancelTick: () => void = () => {}

  constructor(options: TrackerOptions) {
    this.#options = options
    this.#limit = options.limit ?? plainLimit()
  }

  lead(start: LeadStart): void {
    const { clock, listener, random, sessionGraceMs = SESSION_GRACE_MS } = this.#options
    this.follow()
    this.#leading = new Leading(start, {
      nowMs: () => clock.monotonicMs(),
      listener,
      roster: this.#roster,
      isCertain: () => clock.monotonicMs() < this.#limit.untilMs(),
      firstAck: 1 + randomInt(random, 2 ** 52),
      sessionGraceMs,
    })
    this.#tick(this.#leading)
  }

  follow(): void {
    this.#cancelTick()
    this.#leading = undefined
  }

  mayAckUntil(ms: number): void {
    this.#limit.set(ms)
  }

  setMembership(inUse: readonly Membership[]): void {
    this.#leading?.setMembership(inUse)
  }

  admit(node: AdmittedNode): void {
    this.#leading?.admit(node)
  }

  fence(nodeName: string, evidence: Exclude<FenceEvidence, { readonly kind: 'lease-ended' }>): void {
    this.#leading?.fence(nodeName, evidence)
  }

  forget(nodeName: string): void {
    this.#leading?.forget(nodeName)
  }

  setSession(nodeName: string, isOpen: boolean, bootId?: string): void {
    this.#leading?.setSession(nodeName, isOpen, bootId)
  }

  /** A connection is there. `send` must not wait and not throw. */
  connect(peer: HeartbeatPeer, send: (message: ToAgent) => void): HeartbeatConnection {
    return peer.kind === 'node' ? this.#connectNode(peer.nodeName, send) : this.#connectRelay(send)
  }

  /** What the leader says to a node, by way of this control plane. */
  handOn(message: ToAgent): void {
    const { relayedNode, relayedInstance } = message
    for (const link of this.#links) if (link.nodeName === relayedNode && (relayedInstance === undefined || link.hello?.instance === relayedInstance)) link.hand(message)
  }

  /** Who has said hello here: told to a leader that has just been reached. */
  hellos(): readonly ToControlPlane[] {
    return [...this.#links].flatMap(({ nodeName, hello }) => (hello ? [{ message: { $case: 'hello', value: hello }, relayedNode: nodeName, relayedInstance: hello.instance } satisfies ToControlPlane] : []))
  }

  #connectNode(nodeName: string, send: (message: ToAgent) => void): HeartbeatConnection {
    const link = new AgentLink(nodeName, send)
    this.#links.add(link)
    return {
      take: (message) => {
        if (message.relayedNode !== '') throw new Fault('permission', `node ${nodeName} hands on what is another's`)
        this.#take(link, message)
      },
      closed: () => {
        this.#links.delete(link)
        this.#leading?.closed(link)
      },
    }
  }

  /** Agents behind a control plane that follows: a link for each, also where two bear one name. What it hands on is not handed on again. */
  #connectRelay(send: (message: ToAgent) => void): HeartbeatConnection {
    const links = new Map<string, Map<string, AgentLink>>()
    return {
      take: (message) => {
        const { relayedNode, relayedInstance } = message
        if (relayedNode === '') throw new Fault('invalid', 'a control plane has no heartbeats of its own')
        const ofNode = links.get(relayedNode) ?? new Map<string, AgentLink>()
        links.set(relayedNode, ofNode)
        const instance = relayedInstance ?? ''
        const link = ofNode.get(instance) ?? new AgentLink(relayedNode, (answer) => send({ ...answer, relayedNode, relayedInstance }))
        // The one that has not spoken for the longest time is the first to be forgotten.
        ofNode.delete(instance)
        ofNode.set(instance, link)
        for (const [oldest, gone] of ofNode) {
          if (ofNode.size <= AGENTS_KEPT) break
          ofNode.delete(oldest)
          this.#leading?.closed(gone)
        }
        if (this.#leading) this.#take(link, message)
        else if (message.message?.$case === 'hello') this.#greet(link, message.message.value)
      },
      closed: () => {
        for (const ofNode of links.values()) for (const link of ofNode.values()) this.#leading?.closed(link)
      },
    }
  }

  #take(link: AgentLink, { message }: ToControlPlane): void {
    if (!message) return
    if (message.$case === 'hello') this.#greet(link, message.value)
    else if (!link.hello) throw new Fault('invalid', 'heartbeats begin with Hello')
    if (this.#leading) return message.$case === 'hello' ? this.#leading.hello(link) : this.#leading.beat(link, message.value)
    if (this.#options.passOn?.({ message, relayedNode: link.nodeName, relayedInstance: link.hello?.instance }) !== true) link.refuse(NOT_LEADING)
  }

  #greet(link: AgentLink, hello: Hello): void {
    if (hello.nodeName !== link.nodeName) throw new Fault('permission', `the certificate is node ${link.nodeName}'s, the agent says it is ${hello.nodeName}`)
    for (const field of ['bootId', 'instance', 'peerAddress'] as const) if (hello[field].length > LONGEST_WORD) throw new Fault('invalid', `node ${link.nodeName}: ${field} is longer than ${LONGEST_WORD} characters`)
    link.hello = hello
    this.#roster.note(link.nodeName, hello.peerAddress)
  }

  #tick(leading: Leading): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      if (this.#leading !== leading) return
      leading.tick()
      this.#tick(leading)
    })
  }
}
