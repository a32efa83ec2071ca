import { Assignments_Type, type AgentMessage, type OpenStream, type Register, type ServerMessage } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { assertNever } from '../../shared/model/assert.ts'
import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { NodeAssignments, type AssignmentRef, type AssignmentSources } from './assignments.ts'
import type { Admissions } from '../membership/port.ts'
import type { NodeLiveness } from './liveness-port.ts'
import type { NodeIntake } from './node-intake.ts'
import { NodeUpkeep } from './node-upkeep.ts'
import type { MapsReader, ServiceMaps } from './service-maps.ts'
import type { StatusIntake } from './status-intake.ts'

export interface SessionOptions {
  readonly nodeName: string
  readonly sessionId: string
  readonly stream: Duplex<ServerMessage, AgentMessage>
  readonly clock: Clock
  readonly log: Log
  readonly sources: AssignmentSources
  readonly maps: ServiceMaps
  readonly statuses: StatusIntake
  readonly nodes: NodeIntake
  readonly storeEvent: (event: Event) => Promise<void>
  /** Brings the mirrors of the node's static pods up to date. */
  readonly mirrorPods: (said: readonly Pod[]) => Promise<void>
  readonly liveness: NodeLiveness
  readonly admissions: Admissions
  /** Resolves when nothing is bound to the node any more that was given to others. */
  readonly whenEvacuated: (signal: AbortSignal) => Promise<void>
  /** The agent has been told everything and can be asked for streams. */
  readonly onServing: () => void
}

/** One agent's session: sends assignments as they change, takes in statuses and events. Lives as long as its stream. */
export class NodeSession implements MapsReader {
  readonly nodeName: string
  readonly register: Register
  readonly #options: SessionOptions
  readonly #assignments: NodeAssignments
  #chain = 0
  #complete = false
  #flushPending = false
  #ackedMaps = 0
  #mapsDirty = false
  readonly #upkeep: NodeUpkeep
  /** When the node was given up that this session is of, if it was. */
  readonly #fencedAtMs: number | undefined
  readonly #over = new AbortController()
  #mirrored: Promise<void> = Promise.resolve()
  /** What was said before the agent was told what it shall run. */
  #early: AgentMessage[] | undefined = []

  constructor(register: Register, options: SessionOptions) {
    this.nodeName = options.nodeName
    this.register = register
    this.#options = options
    this.#upkeep = new NodeUpkeep({ ...options, nodes: options.sources.nodes, intake: options.nodes })
    this.#fencedAtMs = fencedAtMs(options)
    this.#assignments = new NodeAssignments(options.nodeName, { sources: options.sources, maps: options.maps, onReleased: () => this.#schedule() })
  }

  get #ended(): boolean {
    return this.#over.signal.aborted
  }

  ackedServiceMaps(): number {
    return this.#ended ? Number.POSITIVE_INFINITY : this.#ackedMaps
  }

  /** Something changed that may concern this node. */
  touch(ref: AssignmentRef): void {
    if (!this.#assignments.touch(ref)) return
    if (ref.kind === 'SERVICE' || ref.kind === 'ENDPOINT_SLICE') this.#mapsDirty = true
    this.#schedule()
  }

  openStream(request: OpenStream): void {
    this.#send({ message: { $case: 'openStream', value: request } })
  }

  /** Ends the session with a sentence for the agent's log. */
  refuse(message: string): void {
    this.#send({ message: { $case: 'refused', value: { message } } })
    this.#end()
  }

  /** The node's life looks different. One that was given up since this session began has to begin anew: only after a COMPLETE can it say that nothing is left. */
  livenessChanged(): void {
    const atMs = fencedAtMs(this.#options)
    if (atMs !== undefined && atMs !== this.#fencedAtMs) this.#end()
    else this.#upkeep.look()
  }

  /** Registers the node, then serves until the stream ends. */
  async run(): Promise<void> {
    const { nodes, sessionId, log } = this.#options
    const reading = this.#read()
    reading.catch(() => {})
    try {
      const node = this.#nodeObject()
      const hasSay = this.#upkeep.hasSay
      await nodes.register(node, { withStatus: hasSay })
      this.#upkeep.say(node.status ?? {}, hasSay)
      this.#send({ message: { $case: 'registered', value: { sessionId } } })
      await this.#options.admissions.whenGrantsAreOver(this.nodeName, this.register.bootId, this.#over.signal)
      await this.#options.whenEvacuated(this.#over.signal)
      this.#sendAssignments()
      this.#upkeep.start()
      this.#options.onServing()
      this.#listen()
      await reading
    } catch (error) {
      log.info({ node: this.nodeName, err: messageOf(error) }, 'session ended')
      if (isFault(error, 'permission')) this.refuse(error.message)
    } finally {
      this.#end()
    }
  }

  /** From the first moment on, since only who reads hears that the other side has gone: also while it waits. */
  async #read(): Promise<void> {
    try {
      for await (const message of this.#options.stream.incoming) {
        // What was said before the end and is only read now is of the past: a NothingLeft of before a verdict says nothing of what runs after it.
        if (this.#ended) break
        if (this.#early) this.#early.push(message)
        else this.#take(message)
      }
    } finally {
      this.#end()
    }
  }

  #listen(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const message of early) if (!this.#ended) this.#take(message)
  }

  #end(): void {
    if (this.#ended) return
    this.#over.abort(new Fault('unavailable', 'the session has ended'))
    this.#upkeep.end()
    this.#options.stream.close()
    this.#options.maps.readersChanged()
  }

  #nodeObject(): Node {
    const node = JSON.parse(this.register.node.toString()) as Node
    return { ...node, metadata: { ...node.metadata, name: this.nodeName } }
  }

  #take({ message }: AgentMessage): void {
    if (!message) return
    switch (message.$case) {
      case 'podStatuses':
        for (const report of message.value.reports) this.#options.statuses.accept(this.nodeName, report)
        return
      case 'nodeStatus':
        this.#upkeep.say(JSON.parse(message.value.status.toString()) as NonNullable<Node['status']>, false)
        this.#upkeep.look()
        return
      case 'event':
        this.#background('event', this.#options.storeEvent(JSON.parse(message.value.event.toString()) as Event))
        return
      case 'staticPods': {
        const said = message.value.pods.map((bytes) => JSON.parse(bytes.toString()) as Pod)
        // One after the other: the last word counts.
        this.#mirrored = this.#mirrored.then(() => this.#options.mirrorPods(said)).catch((error: unknown) => this.#options.log.warn({ node: this.nodeName, err: messageOf(error) }, 'static pods not shown'))
        return
      }
      case 'serviceMapsAck':
        this.#ackedMaps = Math.max(this.#ackedMaps, message.value.revision)
        this.#options.maps.readersChanged()
        return
      case 'chainBroken':
        throw new Fault('conflict', `the agent expected assignments after ${message.value.wanted} and got ${message.value.got}`)
      case 'nothingLeft':
        this.#background('admission', this.#options.admissions.admit(this.nodeName, this.register.bootId, this.#fencedAtMs))
        return
      case 'register':
        throw new Fault('invalid', 'a second Register in one session')
      default:
        assertNever(message)
    }
  }

  #background(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.log.warn({ node: this.nodeName, err: messageOf(error) }, `${what} not written`))
  }

  /** Changes of one moment go out together. */
  #schedule(): void {
    if (this.#flushPending || !this.#complete) return
    this.#flushPending = true
    this.#options.clock.after(0, () => {
      this.#flushPending = false
      if (!this.#ended) this.#sendAssignments()
    })
  }

  #sendAssignments(): void {
    const first = !this.#complete
    this.#complete = true
    const changes = first ? this.#assignments.complete() : this.#assignments.changes()
    const hasMaps = first || this.#mapsDirty
    this.#mapsDirty = false
    if (changes.length === 0 && !hasMaps) return
    const appliesTo = first ? '' : String(this.#chain)
    this.#chain++
    this.#send({
      message: {
        $case: 'assignments',
        value: { type: first ? Assignments_Type.COMPLETE : Assignments_Type.INCREMENTAL, appliesTo, resultsIn: String(this.#chain), changes, serviceMapsRevision: hasMaps ? this.#options.maps.revision : 0 },
      },
    })
  }

  #send(message: ServerMessage): void {
    if (this.#ended) return
    try {
      this.#options.stream.send(message)
    } catch (error) {
      this.#options.log.debug({ node: this.nodeName, err: messageOf(error) }, 'not sent')
      this.#end()
    }
  }
}

function fencedAtMs({ liveness, nodeName }: SessionOptions): number | undefined {
  const state = liveness.stateOf(nodeName)
  return state.kind === 'fenced' ? state.atMs : undefined
}
