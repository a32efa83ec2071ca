import type { AgentMessage, PodStatusReport as WireReport } from '../../proto/gen/node/v1/session.ts'
import type { Event, Pod } from '../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, uidOf } from '../../shared/model/meta.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { PodReporter, PodStatusReport } from '../pods/port.ts'

/** How many different events are remembered for counting, and how many wait while the control plane is away. */
const EVENT_MEMORY = 1024
/** A session may be dead for so long before that is noticed: events that went out since may have got nowhere, and are said again in the next one. */
const UNSURE_MS = 20_000

interface Sent {
  readonly event: Event
  readonly atMs: number
}

interface Counted {
  readonly name: string
  readonly firstTimestamp: string
  count: number
}

export interface NodeEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/**
 * What the agent has to say: the newest status of each pod and its events. Coalesces what is said in one moment; keeps what could not be
 * sent until a session is there again.
 */
export class Outbox implements PodReporter {
  readonly #clock: Clock
  readonly #nodeName: string
  readonly #statuses = new Map<string, PodStatusReport>()
  readonly #events: Event[] = []
  /** By their names, which make a second telling harmless. */
  readonly #sent = new Map<string, Sent>()
  readonly #counts = new Map<string, Counted>()
  #send: ((message: AgentMessage) => void) | undefined
  #scheduled = false
  #lastStamp = 0n

  constructor(from: { readonly clock: Clock; readonly nodeName: string }) {
    this.#clock = from.clock
    this.#nodeName = from.nodeName
  }

  /** A session is up: everything that waits goes out, and from now on at once. */
  connect(send: (message: AgentMessage) => void): void {
    this.#send = send
    this.#events.unshift(...this.#unsure())
    this.#schedule()
  }

  /** What may not have arrived, but for what is about to be told with a newer count. */
  #unsure(): readonly Event[] {
    const sinceMs = this.#clock.monotonicMs() - UNSURE_MS
    const waiting = new Set(this.#events.map(eventName))
    const unsure = [...this.#sent.values()].filter(({ event, atMs }) => atMs >= sinceMs && !waiting.has(eventName(event))).map(({ event }) => event)
    this.#sent.clear()
    return unsure
  }

  disconnect(): void {
    this.#send = undefined
  }

  report(report: PodStatusReport): void {
    this.#statuses.set(uidOf(report.pod), report)
    this.#schedule()
  }

  event(pod: Pod, event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string; readonly containerName?: string | undefined; readonly annotations?: Readonly<Record<string, string>> | undefined }): void {
    const now = formatTime(this.#clock.nowMs())
    const id = [uidOf(pod), event.containerName, event.type, event.reason, event.message].join('\n')
    const counted = this.#counts.get(id) ?? { name: `${nameOf(pod)}.${this.#nextStamp()}`, firstTimestamp: now, count: 0 }
    counted.count++
    this.#counts.delete(id)
    this.#counts.set(id, counted)
    if (this.#counts.size > EVENT_MEMORY) this.#counts.delete(this.#counts.keys().next().value ?? '')
    const fieldPath = event.containerName === undefined ? {} : { fieldPath: fieldPathOf(pod, event.containerName) }
    this.#events.push({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: counted.name, namespace: namespaceOf(pod), ...(event.annotations && { annotations: event.annotations }) },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod), resourceVersion: pod.metadata.resourceVersion, ...fieldPath },
      type: event.type,
      reason: event.reason,
      message: event.message,
      source: { component: 'kubelet', host: this.#nodeName },
      reportingComponent: 'kubelet',
      reportingInstance: this.#nodeName,
      count: counted.count,
      firstTimestamp: counted.firstTimestamp,
      lastTimestamp: now,
    })
    if (this.#events.length > EVENT_MEMORY) this.#events.shift()
    this.#schedule()
  }

  /** Of the node itself. */
  nodeEvent({ type, reason, message }: NodeEvent): void {
    const now = formatTime(this.#clock.nowMs())
    const name = this.#nodeName
    this.#events.push({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${this.#nextStamp()}`, namespace: 'default' },
      // The uid of a node's events is its name, as kubelet has it.
      involvedObject: { kind: 'Node', name, uid: name },
      type,
      reason,
      message,
      source: { component: 'kubelet', host: name },
      reportingComponent: 'kubelet',
      reportingInstance: name,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
    })
    this.#schedule()
  }

  /** As Kubernetes: nanoseconds in hex, so that names sort by time. Never the same twice. */
  #nextStamp(): string {
    const nanos = BigInt(Math.floor(this.#clock.nowMs())) * 1_000_000n
    this.#lastStamp = nanos > this.#lastStamp ? nanos : this.#lastStamp + 1n
    return this.#lastStamp.toString(16)
  }

  #noteSent(event: Event): void {
    const name = eventName(event)
    this.#sent.delete(name)
    this.#sent.set(name, { event, atMs: this.#clock.monotonicMs() })
    if (this.#sent.size > EVENT_MEMORY) this.#sent.delete(this.#sent.keys().next().value ?? '')
  }

  #schedule(): void {
    if (this.#scheduled || !this.#send) return
    this.#scheduled = true
    this.#clock.after(0, () => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const send = this.#send
    if (!send) return
    const reports = [...this.#statuses.values()]
    const events = this.#events.splice(0)
    try {
      if (reports.length > 0) send({ message: { $case: 'podStatuses', value: { reports: reports.map(toWire) } } })
      this.#statuses.clear()
      for (let event = events.shift(); event; event = events.shift()) {
        this.#noteSent(event)
        send({ message: { $case: 'event', value: { event: Buffer.from(JSON.stringify(event)) } } })
      }
    } catch {
      // The session has just ended: what is left waits for the next one.
      this.#events.unshift(...events)
      this.#send = undefined
    }
  }
}

const eventName = ({ metadata }: Event): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`

function fieldPathOf(pod: Pod, container: string): string {
  if (pod.spec?.initContainers?.some((one) => one.name === container)) return `spec.initContainers{${container}}`
  if (pod.spec?.ephemeralContainers?.some((one) => one.name === container)) return `spec.ephemeralContainers{${container}}`
  return `spec.containers{${container}}`
}

export const toWire = ({ pod, status, removed, timeline }: PodStatusReport): WireReport => ({
  namespace: namespaceOf(pod),
  name: nameOf(pod),
  uid: uidOf(pod),
  status: Buffer.from(JSON.stringify(status)),
  removed,
  timeline: timeline === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(timeline)),
})
