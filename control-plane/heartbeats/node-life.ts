/** What one leadership knows of one node. */
import type { Hello } from '../../proto/gen/node/v1/heartbeat.ts'
import { LAPSE_MEMORY_MS, LAPSES_TOO_MANY } from '../../shared/model/fencing.ts'
import type { AgentLink } from './agent-link.ts'
import type { AdmittedNode, FenceEvidence, NodeSight, Unsteady } from './port.ts'

/** Acks kept for their echo: at ten a second some seconds' worth. */
const ACKS_KEPT = 64

/** The agent that speaks for a node now. Another one takes its place only when it has fallen silent. */
export class Speaker {
  readonly hello: Hello
  readonly links = new Set<AgentLink>()
  heardMs: number
  /** When the oldest ack was sent on each link that is younger than the last proof that acks arrive (an echo it had not given before). */
  readonly #unprovenMs = new Map<AgentLink, number>()
  lastSequence = 0
  readonly #sentMs = new Map<number, number>()

  constructor(hello: Hello, nowMs: number) {
    this.hello = hello
    this.heardMs = nowMs
  }

  isAlive(nowMs: number, withinMs: number): boolean {
    return this.links.size > 0 && this.wasHeard(nowMs, withinMs)
  }

  /** Whether another agent must wait. One of the same boot follows as soon as this one's connections are gone; any other may be a clone, and this one between two connections. */
  keepsOut(other: Hello, nowMs: number, withinMs: number): boolean {
    return other.bootId === this.hello.bootId ? this.isAlive(nowMs, withinMs) : this.wasHeard(nowMs, withinMs)
  }

  wasHeard(nowMs: number, withinMs: number): boolean {
    return nowMs - this.heardMs < withinMs
  }

  /** Acks arrive. */
  prove(): void {
    this.#unprovenMs.clear()
  }

  /** How long acks have been sent on this link without a sign that any arrives on any. */
  unprovenForMs(link: AgentLink, nowMs: number): number {
    return nowMs - (this.#unprovenMs.get(link) ?? nowMs)
  }

  /** Whether there is nothing that it should have echoed and did not. */
  hasEchoed(nowMs: number, withinMs: number): boolean {
    return [...this.#unprovenMs.values()].every((sinceMs) => nowMs - sinceMs < withinMs)
  }

  leave(link: AgentLink): void {
    this.links.delete(link)
    this.#unprovenMs.delete(link)
  }

  noteAck(number: number, link: AgentLink, sentMs: number): void {
    this.#sentMs.set(number, sentMs)
    if (!this.#unprovenMs.has(link)) this.#unprovenMs.set(link, sentMs)
    if (this.#sentMs.size <= ACKS_KEPT) return
    const oldest = this.#sentMs.keys().next()
    if (!oldest.done) this.#sentMs.delete(oldest.value)
  }

  /** When that ack was sent to it; `undefined`: not by this leader, or long ago. */
  ackSentMs(number: number): number | undefined {
    return this.#sentMs.get(number)
  }
}

/** Mutable state, changed by `leading.ts` alone. */
export interface NodeLife {
  readonly name: string
  speaker: Speaker | undefined
  /** By instance, for when one speaks again: what it said before must not count twice. */
  readonly formerSpeakers: Map<string, Speaker>
  admitted: AdmittedNode | undefined
  fenced: FenceEvidence | undefined
  /** Somebody's word that it is dead: counts once its lease is over, unless it is heard before. */
  saidDead: FenceEvidence | undefined
  /** Its Node object is gone. `'unheard'`: and it has not been heard since. */
  forgotten: 'no' | 'heard' | 'unheard'
  /** Of the boot it was last opened by, where that is known. */
  session: { readonly isOpen: boolean; readonly sinceMs: number; readonly bootId?: string | undefined }
  /** Since when an agent speaks that has booted anew and is not admitted yet. */
  rebootedMs: number | undefined
  /** The end of what was granted under the boot before: no ack until then. */
  ackFromMs: number
  /** When it was acked although its pods had been stopped by then, lately. */
  lapsesMs: readonly number[]
  /** How long it had to be steady when it was given up for lapses the last time, and when that was. */
  held: { readonly holdMs: number; readonly atMs: number } | undefined
  /** The newest it has said it decides by. */
  ackedEpoch: number
  /** As last told. */
  told: NodeSight
}

export const newLife = (name: string, nowMs: number): NodeLife => ({
  name,
  speaker: undefined,
  formerSpeakers: new Map(),
  admitted: undefined,
  fenced: undefined,
  saidDead: undefined,
  forgotten: 'no',
  session: { isOpen: false, sinceMs: nowMs },
  rebootedMs: undefined,
  ackFromMs: Number.NEGATIVE_INFINITY,
  lapsesMs: [],
  held: undefined,
  ackedEpoch: 0,
  told: { kind: 'unknown' },
})

/** The first time that a node is given up for its lapses, its agent must be steady for so long before it is admitted again; doubled each time, unless ten minutes were quiet. */
const HOLD_MS = 3_000
const LONGEST_HOLD_MS = 300_000
const QUIET_MS = 600_000

/** A lapse now: of those that count. */
export const lapsesWith = ({ lapsesMs }: NodeLife, nowMs: number): readonly number[] => [...lapsesMs.filter((atMs) => nowMs - atMs < LAPSE_MEMORY_MS), nowMs]

/** What is said of a node whose right ends now, if it has ended too often. */
export function unsteadinessOf(life: NodeLife, nowMs: number): Unsteady | undefined {
  const lapses = lapsesWith(life, nowMs)
  if (lapses.length < LAPSES_TOO_MANY) return undefined
  const { held } = life
  const holdMs = held && nowMs - held.atMs < held.holdMs + QUIET_MS ? Math.min(LONGEST_HOLD_MS, 2 * held.holdMs) : HOLD_MS
  return { times: lapses.length, withinMs: Math.round(nowMs - (lapses[0] ?? nowMs)), holdMs }
}

const FORMER_KEPT = 8

export function rememberSpeaker({ formerSpeakers }: NodeLife, speaker: Speaker): void {
  formerSpeakers.delete(speaker.hello.instance)
  formerSpeakers.set(speaker.hello.instance, speaker)
  const oldest = formerSpeakers.keys().next()
  if (formerSpeakers.size > FORMER_KEPT && !oldest.done) formerSpeakers.delete(oldest.value)
}

export function isSameSight(a: NodeSight, b: NodeSight): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === 'silent' && b.kind === 'silent') return a.undecided?.seen === b.undecided?.seen && a.undecided?.of === b.undecided?.of && a.rebooted?.bootId === b.rebooted?.bootId && a.rebooted?.grantedUntilMs === b.rebooted?.grantedUntilMs
  if (a.kind === 'fenced' && b.kind === 'fenced') return a.evidence === b.evidence
  return true
}
