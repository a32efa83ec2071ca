/**
 * The leader's knowledge of nodes' lives, on the main thread: who is a member is stored first and then told to the heartbeats; what these decide is stored
 * first and then acted upon. One for each leadership.
 */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { lostAfterMs, type FencingTerms } from '../../shared/model/fencing-terms.ts'
import type { Vision } from '../../shared/model/fencing.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { nodes } from '../../shared/model/resources.ts'
import type { NodeLiveness, NodeState } from '../dispatch/liveness-port.ts'
import { AGENT_ANNOTATION } from '../dispatch/node-intake.ts'
import type { FenceEvidence, HeartbeatListener, HeartbeatsOfProcess, NodeSight, Rebooted } from '../heartbeats/port.ts'
import type { Informer, Informers } from '../informers/port.ts'
import type { Guard, Storage } from '../storage/port.ts'
import { Absentees } from './absentees.ts'
import type { NodeChronicle } from './chronicle.ts'
import type { Admissions } from './port.ts'
import { membersOf, startOf, withVerdicts } from './record.ts'
import { MembershipStore } from './store.ts'
import { whoSaid, wordOf } from './word-of-death.ts'
import { lengthText } from './words.ts'

export interface NodeWatchOptions {
  readonly storage: Storage
  /** Throws once the leadership is over. */
  readonly guard: () => Guard | undefined
  readonly signal: AbortSignal
  /** Calls with the moment until which the leadership is certain, now and whenever that becomes later. */
  readonly onConfirmed: (listener: (untilMs: number) => void) => () => void
  readonly heartbeats: HeartbeatsOfProcess
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
  readonly terms: FencingTerms
  readonly chronicle: NodeChronicle
}

/** A node whose Node object was deleted although it lives goes on for so long, as in Kubernetes: it may be registered anew. */
export const DELETED_GRACE_MS = 38_000

export class NodeWatch implements NodeLiveness, Admissions, HeartbeatListener {
  readonly #options: NodeWatchOptions
  readonly #store: MembershipStore
  readonly #nodes: Informer<Node>
  readonly #states = new Map<string, NodeState>()
  readonly #reboots = new Map<string, Rebooted>()
  /** Since when each is open, and of which boot of its node. */
  readonly #sessions = new Map<string, { readonly sinceMs: number; readonly bootId: string | undefined }>()
  readonly #listeners = new Set<(nodeName: string) => void>()
  readonly #acked = new Map<string, number>()
  /** Verdicts that are not stored yet: a thread that begins anew must not ack these nodes, because what it gave up before stands. */
  readonly #verdicts = new Map<string, FenceEvidence>()
  /** Words that were there while the node was seen: they said nothing of a death. */
  readonly #idleWords = new Map<string, string>()
  readonly #forgetting = new Map<string, () => void>()
  readonly #absentees: Absentees
  readonly #begun = Promise.withResolvers<void>()
  #isLeading = false
  #knowsNodes = false

  constructor(options: NodeWatchOptions) {
    this.#options = options
    this.#nodes = options.informers.for(nodes)
    this.#store = new MembershipStore({ ...options, onStored: ({ inUse }) => options.heartbeats.setMembership(inUse) })
    this.#absentees = new Absentees({ clock: options.clock, isAbsent: (name) => this.#isAbsent(name), onAbsent: (name) => this.#background('a verdict', this.#neverAdmitted(name)) })
  }

  /** Takes over what the leaders before have stored, and leads until the signal aborts. */
  async run(): Promise<void> {
    const { heartbeats, signal, terms, onConfirmed } = this.#options
    await this.#store.load()
    signal.throwIfAborted()
    this.#begin()
    this.#begun.resolve()
    const unconfirm = onConfirmed((untilMs) => heartbeats.mayAckUntil(untilMs))
    this.#nodes.subscribe(({ key, before, after }) => this.#nodeChanged(key, before, after))
    if (this.#knowsNodes) this.#lookForMissing()
    const over = new Promise<void>((resolve) => {
      const end = (): void => {
        unconfirm()
        this.#absentees.end()
        heartbeats.follow()
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
    })
    this.#background('terms', this.#store.change({ kind: 'terms', terms }))
    await over
  }

  /** Resolves when the memberships are known: before that a node with an agent looks like one without. Never, if the leadership ends first. */
  get begun(): Promise<void> {
    return this.#begun.promise
  }

  /** The informers have come to what the leaders before wrote: from now on a Node object that is not there does not exist. */
  knowsNodes(): void {
    this.#knowsNodes = true
    if (this.#isLeading) this.#lookForMissing()
  }

  #lookForMissing(): void {
    for (const name of membersOf(this.#store.record)) if (!this.#nodes.get(name)) this.#forgetLater(name)
    for (const name of Object.keys(this.#store.record.fenced)) if (!this.#nodes.get(name)) this.#background('a deleted node', this.#store.change({ kind: 'drop', nodeName: name }))
  }

  stateOf(nodeName: string): NodeState {
    return this.#states.get(nodeName) ?? { kind: this.#sessions.has(nodeName) ? 'seen' : 'no-agent' }
  }

  onChange(listener: (nodeName: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  setSession(nodeName: string, isOpen: boolean, bootId?: string): void {
    if (isOpen) this.#sessions.set(nodeName, { sinceMs: this.#options.clock.monotonicMs(), bootId })
    else this.#sessions.delete(nodeName)
    if (this.#isLeading) this.#options.heartbeats.setSession(nodeName, isOpen, bootId)
    if (!this.#states.has(nodeName)) this.#tell(nodeName)
  }

  doubled(nodeName: string, message: string): void {
    this.#options.chronicle.doubled(nodeName, message)
  }

  async admit(nodeName: string, bootId: string, fencedAtMs?: number): Promise<void> {
    const { heartbeats, chronicle, clock } = this.#options
    const holdMs = this.#holdMs(nodeName)
    if (holdMs > 0) await this.#untilSteady(nodeName, holdMs)
    const { fenced, bootIds } = this.#store.record
    const before = this.#states.get(nodeName)
    // A verdict is not stored any more once the Node object of then is gone: the heartbeats have it still.
    const judgedAtMs = fenced[nodeName]?.atMs ?? (before?.kind === 'fenced' ? before.atMs : undefined)
    if (judgedAtMs !== undefined && judgedAtMs !== fencedAtMs) throw new Fault('conflict', `node "${nodeName}" was given up after its agent was told what to keep`)
    const wasFenced = judgedAtMs !== undefined
    const isNews = bootIds[nodeName] !== bootId || wasFenced
    // From here on nothing of it is removed by force any more: what is asked for already comes before the record is changed.
    if (wasFenced) this.#states.set(nodeName, { kind: 'silent', sinceMs: clock.nowMs() })
    try {
      await this.#store.change({ kind: 'admit', nodeName, bootId, fencedAtMs })
    } catch (error) {
      if (wasFenced && before) this.#states.set(nodeName, before)
      throw error
    }
    // What was judged meanwhile stands: the session ends then, and the next one asks again.
    if (this.#store.record.bootIds[nodeName] !== bootId) throw new Fault('conflict', `node "${nodeName}" was given up while it was being admitted`)
    // It lives: what was said before of its death is over.
    const word = wordOf(this.#nodes.get(nodeName))
    if (word !== undefined) this.#idleWords.set(nodeName, word)
    heartbeats.admit({ nodeName, bootId, wasFenced })
    this.#stopForgetting(nodeName)
    if (isNews) chronicle.admitted(nodeName, { bootIdBefore: bootIds[nodeName], bootId, wasFenced })
  }

  async whenGrantsAreOver(nodeName: string, bootId: string, signal: AbortSignal): Promise<void> {
    const { clock, terms } = this.#options
    // A machine that boots at once is seen for a moment longer.
    const patientUntilMs = clock.monotonicMs() + lostAfterMs(terms)
    for (;;) {
      signal.throwIfAborted()
      const admitted = this.#store.record.bootIds[nodeName]
      if (admitted === undefined || admitted === bootId) return
      const isSeen = this.stateOf(nodeName).kind === 'seen'
      const patienceMs = patientUntilMs - clock.monotonicMs()
      if (isSeen && patienceMs <= 0) throw this.#refusal(nodeName, { bootId, admitted })
      const rebooted = this.#reboots.get(nodeName)
      const leftMs = rebooted?.bootId === bootId ? rebooted.grantedUntilMs - clock.monotonicMs() : Number.POSITIVE_INFINITY
      if (leftMs <= 0) return
      await this.#changed(nodeName, signal, isSeen ? patienceMs : leftMs)
    }
  }

  /** Its session came first, after an election perhaps: if it went on waiting it would stand in the way of the one that lives. */
  #refusal(nodeName: string, { bootId, admitted }: { readonly bootId: string; readonly admitted: string }): Fault {
    const message = `another agent is registered as node "${nodeName}" (boot id ${admitted}): give this one another name, or stop that one`
    this.doubled(nodeName, `an agent with boot id ${bootId} was refused: ${message}`)
    return new Fault('permission', message)
  }

  /** Resolves when something is heard of the node, the time is over, or the signal aborts. */
  #changed(nodeName: string, signal: AbortSignal, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        stop()
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const stop = this.onChange((name) => void (name === nodeName && done()))
      const cancel = Number.isFinite(ms) ? this.#options.clock.after(ms, done) : (): void => {}
      signal.addEventListener('abort', done, { once: true })
    })
  }

  /** How long its session must go on before it is admitted: it was given up for its lapses. */
  #holdMs(nodeName: string): number {
    const state = this.#states.get(nodeName)
    return state?.kind === 'fenced' && state.evidence.kind === 'lease-ended' ? (state.evidence.unsteady?.holdMs ?? 0) : 0
  }

  /** @throws Fault('conflict') when the session ends before that */
  async #untilSteady(nodeName: string, holdMs: number): Promise<void> {
    const { clock, signal } = this.#options
    const sinceMs = this.#sessions.get(nodeName)?.sinceMs
    if (sinceMs !== undefined) await sleep(clock, Math.max(0, sinceMs + holdMs - clock.monotonicMs()), signal)
    if (sinceMs === undefined || this.#sessions.get(nodeName)?.sinceMs !== sinceMs) throw new Fault('conflict', `node "${nodeName}" was given up for its lapses, and its agent has not been steady for ${lengthText(holdMs)} since`)
  }

  onSight(nodeName: string, sight: NodeSight): void {
    if (this.#options.signal.aborted) return
    if (sight.kind === 'silent' && sight.rebooted) this.#reboots.set(nodeName, sight.rebooted)
    else this.#reboots.delete(nodeName)
    if (sight.kind === 'fenced') return void this.#fenced(nodeName, sight.evidence)
    if (sight.kind === 'unknown') {
      if (this.#states.delete(nodeName)) this.#tell(nodeName)
      return
    }
    const { clock, chronicle } = this.#options
    const before = this.#states.get(nodeName)
    const silentMs = sight.kind === 'silent' ? clock.monotonicMs() - sight.sinceMs : 0
    const undecided = sight.kind === 'silent' && sight.undecided ? { ...sight.undecided, silentForMs: silentMs } : undefined
    this.#states.set(nodeName, sight.kind === 'seen' ? sight : { kind: 'silent', sinceMs: clock.nowMs() - silentMs, ...(undecided ? { undecided } : {}) })
    if (undecided && !(before?.kind === 'silent' && before.undecided)) chronicle.undecided(nodeName, undecided)
    if (sight.kind === 'seen' && before?.kind === 'silent' && before.undecided) chronicle.backUndecided(nodeName, clock.nowMs() - before.sinceMs)
    this.#listenToPeople(nodeName)
    this.#tell(nodeName)
  }

  onEpochAcked(nodeName: string, epoch: number): void {
    if (this.#options.signal.aborted) return
    this.#acked.set(nodeName, Math.max(epoch, this.#acked.get(nodeName) ?? 0))
    if (epoch > (this.#store.record.inUse.at(-1)?.epoch ?? 0)) this.#background('overtaking epochs', this.#store.change({ kind: 'overtake', epoch }))
    this.#settle()
  }

  onVision(vision: Vision): void {
    if (!this.#options.signal.aborted) this.#options.chronicle.vision(vision)
  }

  onRestart(): void {
    if (!this.#isLeading || this.#options.signal.aborted) return
    this.#begin()
    if (this.#knowsNodes) this.#lookForMissing()
  }

  #settle(): void {
    if (this.#store.record.inUse.length > 1) this.#background('settling epochs', this.#store.change({ kind: 'settle', ackedEpoch: (name) => this.#acked.get(name) }))
  }

  #begin(): void {
    const { heartbeats, clock, chronicle } = this.#options
    const start = startOf(this.#store.record)
    heartbeats.listen(this)
    heartbeats.lead(withVerdicts(start, this.#verdicts))
    this.#isLeading = true
    for (const [name, { bootId }] of this.#sessions) heartbeats.setSession(name, true, bootId)
    for (const { nodeName } of start.admitted) this.#states.set(nodeName, { kind: 'silent', sinceMs: clock.nowMs() })
    for (const { nodeName, evidence } of start.fenced) this.#states.set(nodeName, { kind: 'fenced', evidence, atMs: this.#store.record.fenced[nodeName]?.atMs ?? clock.nowMs() })
    for (const name of this.#states.keys()) this.#tell(name)
    chronicle.leads(start.admitted.length)
  }

  /** Stored first: until then nobody may act on it, and a leader after this one would not know. */
  async #fenced(nodeName: string, evidence: FenceEvidence): Promise<void> {
    const { clock, chronicle } = this.#options
    const before = this.#states.get(nodeName)
    if (before?.kind === 'fenced' && before.evidence === evidence) return
    const fenced = { evidence, atMs: clock.nowMs() }
    this.#verdicts.set(nodeName, evidence)
    try {
      await this.#store.change({ kind: 'fence', nodeName, fenced })
    } catch (error) {
      return this.#options.log.info({ node: nodeName, err: messageOf(error) }, 'a verdict was not stored: whoever leads now judges anew')
    } finally {
      this.#verdicts.delete(nodeName)
    }
    this.#states.set(nodeName, { kind: 'fenced', ...fenced })
    chronicle.fenced(nodeName, fenced)
    this.#tell(nodeName)
    this.#settle()
    if (this.#knowsNodes && !this.#nodes.get(nodeName)) this.#background('a deleted node', this.#store.change({ kind: 'drop', nodeName }))
  }

  /** An agent registered it, has no session, and the record that was begun with knows nothing of it. */
  #isAbsent(nodeName: string): boolean {
    return this.#isLeading && !this.#options.signal.aborted && this.#nodes.get(nodeName)?.metadata.annotations?.[AGENT_ANNOTATION] !== undefined && this.stateOf(nodeName).kind === 'no-agent'
  }

  /**
   * No ack is sent before an admission is stored, and whoever was a member left by a verdict: a node of which the record knows nothing when this is stored
   * has no right. Heartbeats need not hear of it, they ack no node that is not a member.
   */
  async #neverAdmitted(nodeName: string): Promise<void> {
    const { clock, chronicle } = this.#options
    const fenced = { evidence: { kind: 'never-admitted' }, atMs: clock.nowMs() } as const
    await this.#store.change({ kind: 'fence', nodeName, fenced })
    // It may have been admitted while that was stored: then nothing was.
    const stored = this.#store.record.fenced[nodeName]
    if (stored?.evidence.kind !== 'never-admitted' || stored.atMs !== fenced.atMs) return
    this.#states.set(nodeName, { kind: 'fenced', ...fenced })
    chronicle.fenced(nodeName, fenced)
    this.#tell(nodeName)
    if (this.#knowsNodes && !this.#nodes.get(nodeName)) this.#background('a deleted node', this.#store.change({ kind: 'drop', nodeName }))
  }

  #nodeChanged(nodeName: string, before: Node | undefined, after: Node | undefined): void {
    this.#absentees.look(nodeName)
    if (after) {
      this.#stopForgetting(nodeName)
      if (!before) this.#nodeAppeared(nodeName, after)
      this.#listenToPeople(nodeName)
      return
    }
    if (!before) return
    const state = this.stateOf(nodeName)
    if (state.kind === 'fenced') this.#background('a deleted node', this.#store.change({ kind: 'drop', nodeName }))
    else if (state.kind === 'seen') this.#forgetLater(nodeName)
    else this.#options.heartbeats.forget(nodeName)
  }

  /** Under the name of one that was deleted after it was given up. Its agent may be back: it is admitted as ever. Somebody may have made it by API: then nobody speaks for it. */
  #nodeAppeared(nodeName: string, { metadata }: Node): void {
    const isFormer = this.#isLeading && this.#states.get(nodeName)?.kind === 'fenced' && !this.#store.record.fenced[nodeName]
    if (!isFormer || metadata.annotations?.[AGENT_ANNOTATION] !== undefined) return
    this.#states.delete(nodeName)
    this.#options.heartbeats.forget(nodeName)
    this.#tell(nodeName)
  }

  #forgetLater(nodeName: string): void {
    this.#stopForgetting(nodeName)
    this.#forgetting.set(nodeName, this.#options.clock.after(DELETED_GRACE_MS, () => {
      this.#forgetting.delete(nodeName)
      if (!this.#options.signal.aborted && !this.#nodes.get(nodeName)) this.#options.heartbeats.forget(nodeName)
    }))
  }

  #stopForgetting(nodeName: string): void {
    this.#forgetting.get(nodeName)?.()
    this.#forgetting.delete(nodeName)
  }

  /** The taint counts as somebody's word where it was put on the node while that was silent. */
  #listenToPeople(nodeName: string): void {
    const node = this.#nodes.get(nodeName)
    const word = wordOf(node)
    const state = this.#states.get(nodeName)
    if (word === undefined) return void this.#idleWords.delete(nodeName)
    if (state?.kind === 'seen') this.#idleWords.set(nodeName, word)
    else if (state?.kind === 'silent' && this.#idleWords.get(nodeName) !== word) this.#options.heartbeats.fence(nodeName, { kind: 'confirmed', by: whoSaid(node) })
  }

  #tell(nodeName: string): void {
    this.#absentees.look(nodeName)
    for (const listener of this.#listeners) listener(nodeName)
  }

  #background(what: string, work: Promise<void>): void {
    work.catch((error: unknown) => void (this.#options.signal.aborted || this.#options.log.warn({ err: messageOf(error) }, `${what}: not stored`)))
  }
}
