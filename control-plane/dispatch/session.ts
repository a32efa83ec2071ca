import { Assignments_Type, type AgentMessage, type OpenStream, type Register, type ServerMessage } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { assertNever } from '../../shared/model/assert.ts'
import type { Event, Node } from '../../shared/model/gen/api.ts'
import { NodeAssignments, type AssignmentRef, type AssignmentSources } from './assignments.ts'
import type { NodeIntake } from './node-intake.ts'
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
  readonly heartbeatPeriodMs: number
  /** Whether signs of life may be acked. */
  readonly isConfirmed: () => boolean
  /** The node gave a sign of life. */
  readonly onHeartbeat: () => void
  /** The agent has been told everything and can be asked for streams. */
  readonly onServing: () => void
}

/** The Lease object is renewed this often, as kubelet does. */
const LEASE_EVERY_MS = 10_000

/** One agent's session: sends assignments as they change, takes in heartbeats, statuses and events. Lives as long as its stream. */
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
  #leaseRenewedMs = Number.NEGATIVE_INFINITY
  /** What the agent last said of its node, and whether it is stored. */
  #nodeStatus: NonNullable<Node['status']> = {}
  #isNodeStored = true
  #isNodeWriting = false
  #ended = false

  constructor(register: Register, options: SessionOptions) {
    this.nodeName = options.nodeName
    this.register = register
    this.#options = options
    this.#assignments = new NodeAssignments(options.nodeName, { sources: options.sources, maps: options.maps, onReleased: () => this.#schedule() })
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

  /** Registers the node, then serves until the stream ends. */
  async run(): Promise<void> {
    const { nodes, stream, heartbeatPeriodMs, sessionId, log } = this.#options
    try {
      this.#options.onHeartbeat()
      const node = this.#nodeObject()
      this.#nodeStatus = node.status ?? {}
      await nodes.register(node)
      this.#send({ message: { $case: 'registered', value: { heartbeatPeriodMs, sessionId } } })
      this.#sendAssignments()
      this.#options.onServing()
      for await (const message of stream.incoming) this.#take(message)
    } catch (error) {
      log.info({ node: this.nodeName, err: messageOf(error) }, 'session ended')
      if (isFault(error, 'permission')) this.refuse(error.message)
    } finally {
      this.#end()
    }
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
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
      case 'heartbeat':
        this.#options.onHeartbeat()
        if (this.#options.isConfirmed()) this.#send({ message: { $case: 'heartbeatAck', value: { sequence: message.value.sequence, nextPeriodMs: this.#options.heartbeatPeriodMs } } })
        this.#renewLease()
        this.#keepNode()
        return
      case 'podStatuses':
        for (const report of message.value.reports) this.#options.statuses.accept(this.nodeName, report)
        return
      case 'nodeStatus':
        this.#nodeStatus = JSON.parse(message.value.status.toString()) as NonNullable<Node['status']>
        this.#isNodeStored = false
        this.#keepNode()
        return
      case 'event':
        this.#background('event', this.#options.storeEvent(JSON.parse(message.value.event.toString()) as Event))
        return
      case 'serviceMapsAck':
        this.#ackedMaps = Math.max(this.#ackedMaps, message.value.revision)
        this.#options.maps.readersChanged()
        return
      case 'chainBroken':
        throw new Fault('conflict', `the agent expected assignments after ${message.value.wanted} and got ${message.value.got}`)
      case 'nothingLeft':
        return
      case 'register':
        throw new Fault('invalid', 'a second Register in one session')
      default:
        assertNever(message)
    }
  }

  #renewLease(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#leaseRenewedMs < LEASE_EVERY_MS) return
    this.#leaseRenewedMs = nowMs
    this.#background('lease', this.#options.nodes.renewLease(this.nodeName))
  }

  /**
   * Stores what the agent last said of its node where that has not happened yet, or where others have called the node unknown meanwhile although it
   * lives (it was cut off for a while, and this stream outlived that). Asked at each heartbeat, so that nothing depends on one write.
   */
  #keepNode(): void {
    const stored = this.#options.sources.nodes.get(this.nodeName)
    const isUnknown = stored?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'Unknown') === true && this.#nodeStatus.conditions?.some(({ type }) => type === 'Ready') === true
    if (this.#isNodeWriting || (this.#isNodeStored && !isUnknown)) return
    this.#isNodeWriting = true
    const write = async (): Promise<void> => {
      try {
        let status
        do {
          status = this.#nodeStatus
          await this.#options.nodes.status(this.nodeName, status)
        } while (status !== this.#nodeStatus && !this.#ended)
        this.#isNodeStored = true
      } finally {
        this.#isNodeWriting = false
      }
    }
    this.#background('node status', write())
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
