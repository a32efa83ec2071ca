/** The agent's side of the session: dials, registers, takes assignments in, sends statuses, dials again. */
import type { AgentMessage, Assignments, OpenStream, ServerMessage } from '../../proto/gen/node/v1/session.ts'
import { backoffMs, jittered } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import { assertNever } from '../../shared/model/assert.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { keyOf, uidOf } from '../../shared/model/meta.ts'
import type { PodWorkers } from '../pods/port.ts'
import type { AssignmentStore } from './assignment-store.ts'
import { toWire, type Outbox } from './outbox.ts'
import type { ControlPlaneLink, Duplex } from './port.ts'

const RECONNECT = { baseMs: 50, capMs: 1_000, factor: 2 }

export interface SessionOptions {
  readonly nodeName: string
  readonly bootId: string
  readonly version: string
  readonly link: ControlPlaneLink
  readonly workers: PodWorkers
  readonly outbox: Outbox
  readonly store: AssignmentStore
  /** The Node as the agent would have it now. */
  readonly node: () => Node
  /** Services, slices or endpoints changed: program them, then call `ack`. */
  readonly onServices: (ack: () => void) => void
  readonly onNodes: () => void
  /** The pods of the node's own files, as they are to be shown; `undefined` where there is nothing to tell. */
  readonly staticPods: () => readonly Pod[] | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export class AgentSession {
  readonly #options: SessionOptions
  readonly #startedMs: number
  #stream: Duplex<AgentMessage, ServerMessage> | undefined
  /** There was a COMPLETE in this session. */
  #isTold = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#startedMs = options.clock.nowMs()
  }

  /** Keeps a session open until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      const openedMs = clock.monotonicMs()
      try {
        await this.#once(signal)
      } catch (error) {
        if (signal.aborted) return
        log.info({ err: messageOf(error) }, 'session lost')
      }
      failures = clock.monotonicMs() - openedMs > 5_000 ? 1 : failures + 1
      await sleep(clock, jittered(backoffMs(RECONNECT, failures), 0.2, random), signal).catch(() => {})
    }
  }

  /** Conditions, images or capacity changed. */
  nodeChanged(): void {
    this.#send({ message: { $case: 'nodeStatus', value: { status: Buffer.from(JSON.stringify(this.#options.node().status ?? {})) } } })
  }

  /** Files came or went, or the mirror of one is gone. */
  staticPodsChanged(): void {
    const pods = this.#isTold ? this.#options.staticPods() : undefined
    if (pods) this.#send({ message: { $case: 'staticPods', value: { pods: pods.map((pod) => Buffer.from(JSON.stringify(pod))) } } })
  }

  /** Ends this session and opens another. */
  reopen(): void {
    this.#stream?.close()
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { link, nodeName, bootId, version, store, outbox } = this.#options
    const stream = await link.openSession(signal)
    const ended = new AbortController()
    const both = AbortSignal.any([signal, ended.signal])
    try {
      store.startOver()
      this.#stream = stream
      stream.send({ message: { $case: 'register', value: { nodeName, bootId, agentStartedMs: Math.floor(this.#startedMs), node: Buffer.from(JSON.stringify(this.#options.node())), version } } })
      for await (const message of stream.incoming) this.#take(message, both)
    } finally {
      this.#stream = undefined
      this.#isTold = false
      outbox.disconnect()
      ended.abort(new Fault('unavailable', 'the session has ended'))
      stream.close()
    }
  }

  #take({ message }: ServerMessage, signal: AbortSignal): void {
    if (!message) return
    switch (message.$case) {
      case 'registered':
        return
      case 'assignments':
        return this.#assign(message.value)
      case 'openStream':
        this.#serve(message.value, signal)
        return
      case 'refused':
        throw new Fault('permission', `the control plane refused this agent: ${message.value.message}`)
      case 'redirected':
        throw new Fault('unavailable', `this control plane does not lead${message.value.leader === '' ? '' : `: ${message.value.leader} does`}`)
      default:
        assertNever(message)
    }
  }

  #assign(assignments: Assignments): void {
    const { store, workers, outbox, onServices, onNodes } = this.#options
    const result = store.apply(assignments)
    if (result.kind === 'chain-broken') {
      this.#send({ message: { $case: 'chainBroken', value: { wanted: result.wanted, got: result.got } } })
      throw new Fault('conflict', `assignments out of order: expected what applies to ${result.wanted}, got ${result.got}`)
    }
    const { applied } = result
    if (applied.nodes) onNodes()
    if (applied.complete) {
      const stream = this.#stream
      workers.setAll([...store.pods.values()], () => void (this.#stream === stream && this.#send({ message: { $case: 'nothingLeft', value: {} } })))
      this.#isTold = true
      this.#sayAll()
      this.staticPodsChanged()
      outbox.connect((message) => this.#stream?.send(message))
    } else {
      for (const pod of applied.removedPods) workers.remove(keyOf(pod), uidOf(pod))
      for (const { kind, key } of applied.sources) workers.sourcesChanged(kind, key)
      for (const pod of applied.pods) workers.update(pod)
    }
    const revision = assignments.serviceMapsRevision
    if (applied.services) onServices(() => revision > 0 && this.#send({ message: { $case: 'serviceMapsAck', value: { revision } } }))
  }

  /** After a reconnect the control plane hears the newest status of every pod again. */
  #sayAll(): void {
    const reports = this.#options.workers.statuses().map(toWire)
    if (reports.length > 0) this.#send({ message: { $case: 'podStatuses', value: { reports } } })
  }

  #serve(request: OpenStream, signal: AbortSignal): void {
    const { link, workers, log } = this.#options
    const work = async (): Promise<void> => {
      const stream = await link.openStream(signal)
      try {
        stream.send({ frame: { $case: 'streamId', value: request.streamId } })
        await workers.serveStream(request, stream)
      } finally {
        stream.close()
      }
    }
    work().catch((error: unknown) => log.info({ stream: request.streamId, err: messageOf(error) }, 'stream ended early'))
  }

  #send(message: AgentMessage): void {
    try {
      this.#stream?.send(message)
    } catch (error) {
      this.#options.log.debug({ err: messageOf(error) }, 'not sent: the session is ending')
    }
  }
}
