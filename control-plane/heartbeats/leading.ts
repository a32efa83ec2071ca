/**
 * One leadership's view of all nodes: takes beats in, acks them, judges who is silent. Nothing of it outlives the leadership. docs/adr/0005-fencing.md has
 * the rules and why they are safe; what is decided there is decided by `shared/model/fencing.ts` alone.
 */
import { NoAck_Reason, type Beat } from '../../proto/gen/node/v1/heartbeat.ts'
import { hasLapsed, judgeNode, LAPSES_TOO_MANY, LAPSE_MEMORY_MS, visionOf, type LeaderView, type Membership, type Sighting, type Vision } from '../../shared/model/fencing.ts'
import { DEFAULT_TERMS, lostAfterMs, type FencingTerms } from '../../shared/model/fencing-terms.ts'
import type { AgentLink, Refusal, Roster } from './agent-link.ts'
import { isSameSight, lapsesWith, newLife, rememberSpeaker, Speaker, unsteadinessOf, type NodeLife } from './node-life.ts'
import type { AdmittedNode, FenceEvidence, HeartbeatListener, LeadStart, NodeSight } from './port.ts'

export interface LeadingParts {
  readonly nowMs: () => number
  readonly listener: HeartbeatListener
  readonly roster: Roster
  /** Whether the leadership is certain at this moment. */
  readonly isCertain: () => boolean
  /** Of the first ack: no other leader's are near. */
  readonly firstAck: number
  /** A node whose session has been away for longer is not acked any more. */
  readonly sessionGraceMs: number
}

/** After the begin of a leadership agents have this long to open their sessions, and until one that is not heard is called undecided. */
const START_SESSIONS_MS = 30_000
const START_PATIENCE_MS = 5_000
/** A machine that has booted anew has this long to be admitted again: then its pods start in place. After it they are given to others. */
export const REBOOT_PATIENCE_MS = 3_000
/** While its agent has a session, or has lost it a moment ago, it is about to be admitted, however slow it is: then it has this long. */
export const ADMISSION_PATIENCE_MS = 30_000

export class Leading {
  readonly #parts: LeadingParts
  readonly #lives = new Map<string, NodeLife>()
  readonly #sightings = new Map<string, Sighting>()
  readonly #startedMs: number
  #inUse: readonly Membership[]
  #members: ReadonlySet<string> = new Set()
  #clearSinceMs: number | undefined
  #vision: Vision = { blind: true, seen: 0, of: 0 }
  #toldBlind: boolean | undefined
  /** Until then the vision cannot get worse than it was when last looked at. */
  #sureUntilMs = Number.NEGATIVE_INFINITY
  #lookedMs: number
  #nextAck: number

  constructor(start: LeadStart, parts: LeadingParts) {
    this.#parts = parts
    this.#startedMs = this.#lookedMs = parts.nowMs()
    this.#nextAck = parts.firstAck
    this.#inUse = start.inUse
    this.#members = new Set(start.inUse.at(-1)?.members)
    for (const node of start.admitted) this.#life(node.nodeName, this.#startedMs).admitted = node
    for (const { nodeName, evidence } of start.fenced) {
      const life = this.#life(nodeName, this.#startedMs)
      life.fenced = evidence
      life.admitted = undefined
      life.told = { kind: 'fenced', evidence }
      const unsteady = evidence.kind === 'lease-ended' ? evidence.unsteady : undefined
      if (unsteady) life.held = { holdMs: unsteady.holdMs, atMs: this.#startedMs }
    }
  }

  get terms(): FencingTerms {
    return this.#inUse.at(-1)?.terms ?? DEFAULT_TERMS
  }

  setMembership(inUse: readonly Membership[]): void {
    // Blindness may end by the change: that there was one must not go unnoticed.
    this.#look(this.#parts.nowMs())
    this.#inUse = inUse
    this.#members = new Set(inUse.at(-1)?.members)
    this.#sureUntilMs = Number.NEGATIVE_INFINITY
  }

  admit(node: AdmittedNode): void {
    const life = this.#life(node.nodeName)
    if (life.fenced && node.wasFenced !== true) return
    const nowMs = this.#parts.nowMs()
    const before = this.#sightings.get(node.nodeName)?.ackSentMs ?? this.#startedMs
    if (life.admitted && life.admitted.bootId !== node.bootId) life.ackFromMs = before + this.#leaseMs()
    // Its lease counts from here; it will be acked in a moment. Only where that is news: a session that comes anew is no ack.
    if (life.fenced || life.admitted?.bootId !== node.bootId) this.#sightings.set(node.nodeName, { ...this.#sightings.get(node.nodeName), ackSentMs: Math.max(nowMs, life.ackFromMs) })
    // It may have booted anew while it was being admitted: then whoever speaks for it now waits for that to be told.
    const rebootedMs = life.speaker && life.speaker.hello.bootId !== node.bootId ? nowMs : undefined
    Object.assign(life, { admitted: node, fenced: undefined, saidDead: undefined, rebootedMs, forgotten: 'no' } satisfies Partial<NodeLife>)
    this.#show(life, nowMs)
  }

  fence(nodeName: string, evidence: FenceEvidence): void {
    const life = this.#lives.get(nodeName)
    if (!life?.admitted || life.fenced) return
    const nowMs = this.#parts.nowMs()
    if (evidence.kind === 'rebooted') return this.#giveUp(life, evidence)
    if (!this.#isSeen(nodeName, nowMs)) life.saidDead = evidence
  }

  forget(nodeName: string): void {
    const life = this.#lives.get(nodeName)
    if (!life) return
    if (life.admitted) life.forgotten = this.#isSeen(nodeName, this.#parts.nowMs()) ? 'heard' : 'unheard'
    else this.#drop(life)
  }

  setSession(nodeName: string, isOpen: boolean, bootId?: string): void {
    const life = this.#life(nodeName)
    const sinceMs = life.session.isOpen === isOpen ? life.session.sinceMs : this.#parts.nowMs()
    life.session = { isOpen, sinceMs, bootId: isOpen ? bootId : life.session.bootId }
  }

  /** An agent says who it is: it speaks for its node if nobody else does. */
  hello(link: AgentLink): void {
    const nowMs = this.#parts.nowMs()
    const life = this.#life(link.nodeName)
    const speaker = this.#speakerFor(life, link, nowMs)
    if (speaker) speaker.heardMs = nowMs
    else link.refuse(this.#doubled(life, link, nowMs))
  }

  closed(link: AgentLink): void {
    this.#lives.get(link.nodeName)?.speaker?.leave(link)
  }

  beat(link: AgentLink, beat: Beat): void {
    const nowMs = this.#parts.nowMs()
    this.#look(nowMs)
    const life = this.#life(link.nodeName)
    const speaker = this.#speakerFor(life, link, nowMs)
    if (!speaker) return link.refuse(this.#doubled(life, link, nowMs), beat.sequence)
    speaker.heardMs = nowMs
    // The same beat may come on several ways.
    if (beat.sequence <= speaker.lastSequence) return link.hear()
    speaker.lastSequence = beat.sequence
    this.#hear(life, { speaker, beat })
    const refusal = this.#whyNotAck(life, link, nowMs)
    if (refusal) return link.refuse(refusal, beat.sequence)
    this.#ack(life, link, beat)
  }

  /** Looks at everything anew; called every 20 ms or so. */
  tick(): void {
    const nowMs = this.#parts.nowMs()
    this.#sureUntilMs = Number.NEGATIVE_INFINITY
    this.#look(nowMs)
    for (const life of this.#lives.values()) {
      if (life.admitted && !life.fenced && this.#members.has(life.name)) this.#judge(life, nowMs)
      this.#show(life, nowMs)
    }
  }

  #life(name: string, nowMs = this.#parts.nowMs()): NodeLife {
    const known = this.#lives.get(name)
    if (known) return known
    const life = newLife(name, nowMs)
    this.#lives.set(name, life)
    return life
  }

  #drop(life: NodeLife): void {
    this.#lives.delete(life.name)
    this.#sightings.delete(life.name)
  }

  /** The agent behind this link, if it speaks for the node or may from now on. */
  #speakerFor(life: NodeLife, link: AgentLink, nowMs: number): Speaker | undefined {
    const { hello } = link
    if (!hello) return undefined
    const { speaker } = life
    if (speaker?.hello.instance === hello.instance) {
      speaker.links.add(link)
      return speaker
    }
    // That the one that is admitted speaks shows that whoever waits in its place is a clone, and no reboot of it: it is heard first.
    const isReturn = life.admitted?.bootId === hello.bootId && speaker?.hello.bootId !== hello.bootId
    if (!isReturn && speaker?.keepsOut(hello, nowMs, this.terms.seenMs)) return undefined
    const next = life.formerSpeakers.get(hello.instance) ?? new Speaker(hello, nowMs)
    next.heardMs = nowMs
    next.links.add(link)
    if (speaker) rememberSpeaker(life, speaker)
    life.speaker = next
    const { echoedAckSentMs: _, ...sighting } = this.#sightings.get(life.name) ?? {}
    this.#sightings.set(life.name, sighting)
    this.#sureUntilMs = Number.NEGATIVE_INFINITY
    life.rebootedMs = life.admitted && life.admitted.bootId !== hello.bootId ? nowMs : undefined
    return next
  }

  #doubled({ name, speaker }: NodeLife, link: AgentLink, nowMs: number): Refusal {
    const heard = `boot id ${speaker?.hello.bootId ?? '?'}, heard ${Math.round(nowMs - (speaker?.heardMs ?? nowMs))} ms ago`
    return { reason: NoAck_Reason.DOUBLED, message: `another agent lives as node "${name}" (${heard}); this one has boot id ${link.hello?.bootId ?? '?'}: give this one another name, or stop that one` }
  }

  #hear(life: NodeLife, { speaker, beat }: { readonly speaker: Speaker; readonly beat: Beat }): void {
    const echoedMs = speaker.ackSentMs(beat.echoedAck)
    const sighting = this.#sightings.get(life.name)
    if (echoedMs !== undefined && echoedMs > (sighting?.echoedAckSentMs ?? Number.NEGATIVE_INFINITY)) {
      this.#sightings.set(life.name, { ...sighting, echoedAckSentMs: echoedMs })
      speaker.prove()
      life.saidDead = undefined
      if (life.forgotten === 'unheard') life.forgotten = 'heard'
    }
    if (life.admitted?.bootId !== speaker.hello.bootId || beat.epoch <= life.ackedEpoch) return
    life.ackedEpoch = beat.epoch
    this.#parts.listener.onEpochAcked(life.name, beat.epoch)
  }

  #whyNotAck(life: NodeLife, link: AgentLink, nowMs: number): Refusal | undefined {
    const { admitted, session, speaker } = life
    const unregistered = (message: string): Refusal => ({ reason: NoAck_Reason.NOT_REGISTERED, message })
    if (!this.#parts.isCertain()) return { reason: NoAck_Reason.NOT_LEADING, message: 'this control plane is not certain at this moment that it leads' }
    if (life.fenced) return { reason: NoAck_Reason.FENCED, message: `the pods of "${life.name}" were given to others: it may run pods again when it has registered and nothing of them is left` }
    if (life.forgotten !== 'no') return unregistered(`the Node object of "${life.name}" was deleted`)
    if (!admitted || !this.#members.has(life.name)) return unregistered(`"${life.name}" has not registered, or not yet said that nothing is left of what is not its own`)
    if (admitted.bootId !== speaker?.hello.bootId) return unregistered(`"${life.name}" was registered under boot id ${admitted.bootId}, and has to register anew under ${speaker?.hello.bootId}`)
    if (nowMs < life.ackFromMs) return unregistered(`what "${life.name}" was granted before it booted ends in ${Math.ceil(life.ackFromMs - nowMs)} ms`)
    // Acks that do not arrive keep nothing alive but its lease here: without an end to them its pods would stop there and be started nowhere.
    const unprovenMs = speaker.unprovenForMs(link, nowMs)
    if (unprovenMs >= lostAfterMs(this.terms)) return unregistered(`acks of ${Math.round(unprovenMs)} ms have not arrived at "${life.name}": none more until one is echoed, or it connects anew`)
    const graceMs = session.sinceMs === this.#startedMs ? START_SESSIONS_MS : this.#parts.sessionGraceMs
    if (!session.isOpen && nowMs - session.sinceMs >= graceMs) return unregistered(`"${life.name}" has had no session for ${Math.round(nowMs - session.sinceMs)} ms`)
    // Each time it would start its pods anew and soon lose them again. Refused, it is judged in a moment, and they run elsewhere.
    const lapses = lapsesWith(life, nowMs).length
    if (lapses >= LAPSES_TOO_MANY && hasLapsed(this.#view(nowMs), life.name)) return unregistered(`heartbeats of "${life.name}" came back too late for its pods ${lapses} times within ${LAPSE_MEMORY_MS / 1_000} s: it is given up, until its agent is steady`)
    return undefined
  }

  /** Whoever decides by something that is not in use any more (or by nothing yet) is told first what is, and acked when it says that. */
  #ack(life: NodeLife, link: AgentLink, { sequence, epoch }: Beat): void {
    const { speaker } = life
    const newest = this.#inUse.at(-1)
    if (!newest || !speaker) return
    const nowMs = this.#parts.nowMs()
    link.tell(newest, this.#parts.roster, nowMs)
    if (!this.#inUse.some((one) => one.epoch === epoch)) return
    const number = this.#nextAck++
    if (hasLapsed(this.#view(nowMs), life.name)) life.lapsesMs = lapsesWith(life, nowMs)
    speaker.noteAck(number, link, nowMs)
    this.#sightings.set(link.nodeName, { ...this.#sightings.get(link.nodeName), ackSentMs: nowMs })
    link.ack(sequence, number)
  }

  /**
   * Whether this control plane sees enough, and whether it did without a gap. Blind also when it was late itself: it cannot know then what it would have seen.
   * Between two ticks it is looked at only as often as it can have become worse.
   */
  #look(nowMs: number): void {
    const wasLate = nowMs - this.#lookedMs > this.terms.heartbeatPeriodMs
    this.#lookedMs = nowMs
    if (wasLate) this.#clearSinceMs = undefined
    if (nowMs >= this.#sureUntilMs || wasLate) {
      this.#vision = visionOf({ inUse: this.#inUse, sightings: this.#sightings, nowMs })
      this.#sureUntilMs = this.#earliestLoss(nowMs)
    }
    if (this.#vision.blind) this.#clearSinceMs = undefined
    else this.#clearSinceMs ??= nowMs
    this.#showVision()
  }

  #earliestLoss(nowMs: number): number {
    const seenMs = Math.min(...this.#inUse.map(({ terms }) => terms.seenMs))
    let earliest = Number.POSITIVE_INFINITY
    for (const { echoedAckSentMs } of this.#sightings.values()) if (echoedAckSentMs !== undefined && nowMs - echoedAckSentMs < seenMs) earliest = Math.min(earliest, echoedAckSentMs + seenMs)
    return earliest
  }

  #showVision(): void {
    if (this.#toldBlind === this.#vision.blind) return
    this.#toldBlind = this.#vision.blind
    this.#parts.listener.onVision(this.#vision)
  }

  #view(nowMs: number): LeaderView {
    return { inUse: this.#inUse, sightings: this.#sightings, clearSinceMs: this.#clearSinceMs, nowMs }
  }

  #leaseMs(): number {
    return Math.max(this.terms.leaseMs, ...this.#inUse.map(({ terms }) => terms.leaseMs))
  }

  #isSeen(name: string, nowMs: number): boolean {
    const sentMs = this.#sightings.get(name)?.echoedAckSentMs
    return sentMs !== undefined && nowMs - sentMs < this.terms.seenMs
  }

  /**
   * It has been seen and speaks on, and only this control plane does not ack (because it is not certain to lead): that is no silence, though no proof of anything either. Nor is
   * the moment in which it replaces one connection by another.
   */
  #isHeard({ name, speaker, admitted }: NodeLife, nowMs: number): boolean {
    const wasSeen = this.#sightings.get(name)?.echoedAckSentMs !== undefined
    return wasSeen && speaker !== undefined && speaker.hello.bootId === admitted?.bootId && speaker.wasHeard(nowMs, this.terms.seenMs) && speaker.hasEchoed(nowMs, this.terms.seenMs)
  }

  /** When its right to run pods ends, if only acks are counted. */
  #leaseEndMs(name: string): number {
    return (this.#sightings.get(name)?.ackSentMs ?? this.#startedMs) + this.#leaseMs()
  }

  /** How long there has been no proof that it lives. */
  #silentSinceMs(name: string): number {
    const { echoedAckSentMs, ackSentMs } = this.#sightings.get(name) ?? {}
    return echoedAckSentMs ?? ackSentMs ?? this.#startedMs
  }

  #judge(life: NodeLife, nowMs: number): void {
    if (nowMs < this.#leaseEndMs(life.name)) return
    const isUnheard = !this.#isSeen(life.name, nowMs)
    // A leader that has just begun has not heard anybody yet.
    const wasAwaited = this.#sightings.get(life.name)?.ackSentMs !== undefined || nowMs >= this.#startedMs + START_PATIENCE_MS
    if (isUnheard && life.saidDead && wasAwaited) return this.#giveUp(life, life.saidDead)
    if (isUnheard && life.forgotten === 'unheard' && wasAwaited) return this.#giveUp(life, { kind: 'confirmed', by: 'the deletion of its Node object' })
    const { speaker, rebootedMs } = life
    // One greeting alone may be of before the boot that is admitted, and have been handed on late: who has booted goes on speaking.
    if (rebootedMs !== undefined && speaker?.isAlive(nowMs, this.terms.seenMs) === true) {
      if (nowMs >= admissionEndMs(life, speaker.hello.bootId, Math.max(rebootedMs, this.#leaseEndMs(life.name)))) this.#giveUp(life, { kind: 'rebooted', bootId: speaker.hello.bootId })
      return
    }
    const verdict = judgeNode(this.#view(nowMs), life.name)
    if (verdict.kind !== 'expired') return
    const unsteady = unsteadinessOf(life, nowMs)
    if (unsteady) life.held = { holdMs: unsteady.holdMs, atMs: nowMs }
    this.#giveUp(life, { kind: 'lease-ended', silentForMs: nowMs - this.#silentSinceMs(life.name), seen: verdict.vision.seen, of: verdict.vision.of, ...(unsteady ? { unsteady } : {}) })
  }

  #giveUp(life: NodeLife, evidence: FenceEvidence): void {
    life.fenced = evidence
    life.admitted = undefined
    life.saidDead = undefined
    life.rebootedMs = undefined
    const { ackSentMs } = this.#sightings.get(life.name) ?? {}
    this.#sightings.set(life.name, ackSentMs === undefined ? {} : { ackSentMs })
    this.#sureUntilMs = Number.NEGATIVE_INFINITY
    this.#show(life, this.#parts.nowMs())
  }

  #sightOf(life: NodeLife, nowMs: number): NodeSight {
    if (life.fenced) return { kind: 'fenced', evidence: life.fenced }
    if (!life.admitted) return { kind: 'unknown' }
    if (this.#isSeen(life.name, nowMs) || this.#isHeard(life, nowMs)) return { kind: 'seen' }
    const { seen, of, blind } = this.#vision
    const isUndecided = blind && nowMs >= Math.max(this.#leaseEndMs(life.name), this.#startedMs + START_PATIENCE_MS)
    const rebooted = life.rebootedMs === undefined || !life.speaker ? {} : { rebooted: { bootId: life.speaker.hello.bootId, grantedUntilMs: this.#leaseEndMs(life.name) } }
    return { kind: 'silent', sinceMs: this.#silentSinceMs(life.name), ...(isUndecided ? { undecided: { seen, of } } : {}), ...rebooted }
  }

  #show(life: NodeLife, nowMs: number): void {
    const sight = this.#sightOf(life, nowMs)
    if (isSameSight(life.told, sight)) return
    life.told = sight
    this.#parts.listener.onSight(life.name, sight)
  }
}

/** Until when a machine that has booted anew may be admitted. `fromMs`: since when it could have been. */
function admissionEndMs({ session }: NodeLife, bootId: string, fromMs: number): number {
  const patientMs = fromMs + REBOOT_PATIENCE_MS
  if (session.bootId !== bootId) return patientMs
  return Math.max(patientMs, Math.min(fromMs + ADMISSION_PATIENCE_MS, session.isOpen ? Number.POSITIVE_INFINITY : session.sinceMs + REBOOT_PATIENCE_MS))
}
