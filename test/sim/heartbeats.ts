import type { ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { HeartbeatListener, HeartbeatsOfProcess, LeadStart } from '../../control-plane/heartbeats/port.ts'
import { HeartbeatTracker } from '../../control-plane/heartbeats/tracker.ts'
import type { Link } from '../../node-agent/fencing/links.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between } from './chance.ts'
import type { Life } from './life.ts'
import type { Wires } from './wires.ts'

/** A thread hears of another within this. */
const HOP_MS = 0.3
const AGAIN_MS = 100

export interface SimHeartbeatsOptions {
  /** Of the control plane. */
  readonly name: string
  readonly life: Life
  readonly wires: Wires
  readonly random: Random
  /** Those of the control plane of that name, while it runs. */
  readonly of: (name: string) => SimHeartbeats | undefined
}

/** The room of a control plane's heartbeats, as if in a thread of its own: what it and the main thread tell each other takes a moment. */
export class SimHeartbeats implements HeartbeatsOfProcess {
  readonly life: Life
  readonly tracker: HeartbeatTracker
  readonly #options: SimHeartbeatsOptions
  #listener: HeartbeatListener | undefined
  /** Of the main thread, and as the room knows it: what an old leadership said late counts for nothing. */
  #leadership = 0
  #roomLeadership = 0
  #arrivesMs = 0
  readonly #said: Array<() => void> = []
  #leader: string | undefined
  #link: Link<ToControlPlane> | undefined
  #isOpen = false

  constructor(options: SimHeartbeatsOptions) {
    const { life, random } = options
    this.#options = options
    this.life = life
    const say = (run: (listener: HeartbeatListener) => void): void => {
      const leadership = this.#roomLeadership
      this.#hop(() => void (leadership === this.#leadership && this.#listener && run(this.#listener)))
    }
    this.tracker = new HeartbeatTracker({
      clock: life.clock,
      random,
      listener: {
        onSight: (nodeName, sight) => say((listener) => listener.onSight(nodeName, sight)),
        onEpochAcked: (nodeName, epoch) => say((listener) => listener.onEpochAcked(nodeName, epoch)),
        onVision: (vision) => say((listener) => listener.onVision(vision)),
        onRestart: () => {},
      },
      passOn: (message) => this.#pass(message),
    })
  }

  listen(listener: HeartbeatListener): void {
    this.#listener = listener
  }

  lead(start: LeadStart): void {
    const leadership = ++this.#leadership
    this.#tell(() => {
      this.#roomLeadership = leadership
      this.tracker.lead(start)
    })
  }

  follow(): void {
    this.#tell(() => this.tracker.follow())
  }

  mayAckUntil(ms: number): void {
    this.tracker.mayAckUntil(ms)
  }

  setMembership(inUse: Parameters<HeartbeatsOfProcess['setMembership']>[0]): void {
    this.#tell(() => this.tracker.setMembership(inUse))
  }

  admit(node: Parameters<HeartbeatsOfProcess['admit']>[0]): void {
    this.#tell(() => this.tracker.admit(node))
  }

  fence(...[nodeName, evidence]: Parameters<HeartbeatsOfProcess['fence']>): void {
    this.#tell(() => this.tracker.fence(nodeName, evidence))
  }

  forget(nodeName: string): void {
    this.#tell(() => this.tracker.forget(nodeName))
  }

  setSession(...args: Parameters<HeartbeatsOfProcess['setSession']>): void {
    this.#tell(() => this.tracker.setSession(...args))
  }

  handOnTo(address: string | undefined): void {
    const leader = address?.split(':')[0]
    if (leader === this.#leader) return
    this.#leader = leader
    this.#link?.close()
    this.#link = undefined
    this.#isOpen = false
    this.#dial()
  }

  #pass(message: ToControlPlane): boolean {
    if (!this.#link || !this.#isOpen) return false
    this.#link.send(message)
    return true
  }

  #dial(): void {
    const { name, life, wires, of } = this.#options
    const leader = this.#leader
    if (leader === undefined || this.#link || life.isOver) return
    const link = wires.dial<ToControlPlane, ToAgent>({
      from: name,
      to: leader,
      near: life,
      accept: () => {
        const there = of(leader)
        return there && { life: there.life, connect: (send) => there.tracker.connect({ kind: 'control-plane' }, send) }
      },
      listener: {
        onOpen: () => {
          this.#isOpen = true
          for (const hello of this.tracker.hellos()) this.#pass(hello)
        },
        onMessage: (message) => this.tracker.handOn(message),
        onClose: () => {
          if (this.#link !== link) return
          this.#link = undefined
          this.#isOpen = false
          life.clock.after(AGAIN_MS, () => this.#dial())
        },
      },
    })
    this.#link = link
  }

  /** From the main thread to the room, in order. */
  #tell(run: () => void): void {
    this.#hop(run)
  }

  #hop(run: () => void): void {
    const { clock } = this.life
    this.#arrivesMs = Math.max(this.#arrivesMs, clock.monotonicMs() + between(this.#options.random, 0, HOP_MS))
    // Whichever timer is late: what was said first is heard first.
    this.#said.push(run)
    clock.after(this.#arrivesMs - clock.monotonicMs(), () => this.#said.shift()?.())
  }
}
