/** The scheduler at work: queue → snapshot → schedule → assume → bind. */
import { isApiError } from '../../shared/kit/api-error.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { Node, Pod, Service } from '../../shared/model/gen/api.ts'
import { isTerminating, keyOf, nameOf, namespaceOf, uidOf } from '../../shared/model/meta.ts'
import { namespaces, nodes, pods, replicaSets, services } from '../../shared/model/resources.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { ApiClient } from '../client/port.ts'
import type { EventRecorder } from '../controllers/events/recorder.ts'
import { referenceTo } from '../controllers/events/recorder.ts'
import type { Change, Informer, Informers } from '../informers/port.ts'
import { explain, type Explanation } from './core/explain.ts'
import { createMemory } from './core/memory.ts'
import { schedule, type Placement } from './core/schedule.ts'
import { ClusterState, podInfo } from './core/state.ts'
import { SchedulingQueue } from './queue.ts'
import { NAMESPACE_INDEX, siblingSelector } from './siblings.ts'

const SCHEDULER_NAME = 'default-scheduler'
/** Binds on their way to storage at the same time. */
const BINDS_IN_FLIGHT = 512
/** Placements remembered for `gantry why`. */
const REMEMBERED = 10_000
/** After so many decisions in one go others get their turn. */
const TURN = 64

export interface SchedulerOptions {
  readonly client: ApiClient
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly events: EventRecorder
}

/** What was decided of a pod, and when. */
export interface Decision {
  readonly placement: Placement
  readonly decidedMs: number
}

export interface Scheduler {
  run(signal: AbortSignal): Promise<void>
  /** The last decision on the pod that is remembered, and the table of all nodes as of now. */
  why(pod: Pod): { readonly decision: Decision | undefined; readonly now: Explanation }
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  return new SchedulingLoop(options)
}

/** One function for all schedulers of a process: an index is there once. */
const namespaceOnly = (service: Service): readonly string[] => [namespaceOf(service)]

class SchedulingLoop implements Scheduler {
  readonly #options: SchedulerOptions
  readonly #state = new ClusterState()
  readonly #queue: SchedulingQueue
  readonly #pods: Informer<Pod>
  readonly #decisions = new Map<string, Decision>()
  /** Pods placed but not yet seen bound: key → uid. */
  readonly #assumed = new Map<string, string>()
  readonly #memory = createMemory()
  #start = 0
  #binding = 0
  #onBindEnd: (() => void) | undefined

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#queue = new SchedulingQueue(options.clock)
    const { informers } = options
    this.#pods = informers.for(pods)
    const spaces = informers.for(namespaces)
    const serviceInformer = informers.for(services)
    const sets = informers.for(replicaSets)
    serviceInformer.addIndex(NAMESPACE_INDEX, namespaceOnly)
    this.#state.namespaceLabels = (name) => spaces.get(name)?.metadata.labels ?? {}
    this.#state.siblingSelector = (pod) => siblingSelector(pod, { services: serviceInformer, replicaSets: sets })
    informers.for(nodes).subscribe((change) => this.#nodeChanged(change))
    this.#pods.subscribe((change) => this.#podChanged(change))
  }

  why(pod: Pod): { readonly decision: Decision | undefined; readonly now: Explanation } {
    const unbound: Pod = { ...pod, spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: undefined } }
    return { decision: this.#decisions.get(uidOf(pod)), now: explain(podInfo(unbound), this.#state) }
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#options.informers.whenSynced(signal)
    while (!signal.aborted) {
      await this.#queue.whenActive(signal)
      for (let turn = 0; turn < TURN && !signal.aborted; turn++) {
        const key = this.#queue.take()
        if (key === undefined) break
        if (this.#binding >= BINDS_IN_FLIGHT) await this.#bindEnds()
        this.#scheduleOne(key)
      }
      // Others (binds, watches) get their turn.
      await new Promise<void>((resolve) => void this.#options.clock.after(0, resolve))
    }
  }

  #bindEnds(): Promise<void> {
    return new Promise((resolve) => {
      this.#onBindEnd = resolve
    })
  }

  #nodeChanged({ key, before, after }: Change<Node>): void {
    if (!after) return this.#state.removeNode(key)
    if (before && !matters(before, after)) return
    this.#state.setNode(after)
    if (!before) this.#queue.wake('node-added')
    else {
      if (!deepEqual(before.status?.allocatable, after.status?.allocatable)) this.#queue.wake('node-allocatable')
      if (!deepEqual(before.metadata.labels, after.metadata.labels)) this.#queue.wake('node-labels')
      if (!deepEqual(before.spec?.taints, after.spec?.taints) || before.spec?.unschedulable !== after.spec?.unschedulable) this.#queue.wake('node-taints')
    }
  }

  #podChanged({ key, before, after }: Change<Pod>): void {
    if (!after || isOver(after)) {
      this.#queue.remove(key)
      this.#assumed.delete(key)
      if (before || after) this.#decisions.delete(uidOf(after ?? before ?? { metadata: {} }))
      if (this.#state.nodeOf(key) === undefined) return
      this.#state.removePod(key)
      return this.#queue.wake('pod-removed')
    }
    if (after.spec?.nodeName) {
      this.#assumed.delete(key)
      this.#queue.remove(key)
      this.#state.setPod(after, after.spec.nodeName)
      if (!before?.spec?.nodeName) this.#queue.wake('pod-added')
      else if (!deepEqual(before.metadata.labels, after.metadata.labels)) this.#queue.wake('pod-labels')
      return
    }
    if (!isWaiting(after)) return this.#queue.remove(key)
    if (this.#assumed.get(key) === uidOf(after)) return
    if (!before || !deepEqual(before.spec, after.spec) || !deepEqual(before.metadata.labels, after.metadata.labels)) this.#queue.add(key, after.spec?.priority ?? 0)
  }

  #scheduleOne(key: string): void {
    const pod = this.#pods.get(key)
    if (!pod || pod.spec?.nodeName || !isWaiting(pod)) return this.#queue.remove(key)
    // A try that failed may have bound it all the same: its room was kept until now.
    this.#forget(pod)
    const placement = schedule(podInfo(pod), this.#state, { tieBreak: this.#options.random.next(), start: this.#start, memory: this.#memory })
    this.#start = placement.nextStart
    this.#remember(pod, placement)
    if (placement.kind === 'unschedulable') {
      this.#queue.parkUnschedulable(key, placement.refusedBy)
      this.#background(key, this.#tellUnschedulable(pod, placement.message))
      return
    }
    this.#state.setPod(pod, placement.node)
    this.#assumed.set(key, uidOf(pod))
    this.#background(key, this.#bind(pod, placement.node))
  }

  /** It is not assumed to be on a node any more. */
  #forget(pod: Pod): void {
    const key = keyOf(pod)
    if (this.#assumed.get(key) !== uidOf(pod)) return
    this.#assumed.delete(key)
    this.#state.removePod(key)
  }

  #remember(pod: Pod, placement: Placement): void {
    this.#decisions.delete(uidOf(pod))
    this.#decisions.set(uidOf(pod), { placement, decidedMs: this.#options.clock.nowMs() })
    if (this.#decisions.size > REMEMBERED) this.#decisions.delete(this.#decisions.keys().next().value ?? '')
  }

  async #bind(pod: Pod, nodeName: string): Promise<void> {
    const key = keyOf(pod)
    this.#binding++
    try {
      await this.#options.client.bind({ namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) }, nodeName)
      this.#options.events.record(SCHEDULER_NAME, referenceTo(pods, pod), { type: 'Normal', reason: 'Scheduled', action: 'Binding', message: `Successfully assigned ${key} to ${nodeName}` })
    } catch (error) {
      if (isApiError(error, 'NotFound') || isApiError(error, 'Conflict')) {
        this.#forget(pod)
        this.#queue.remove(key)
      } else this.#queue.parkFailed(key)
      throw error
    } finally {
      this.#binding--
      this.#onBindEnd?.()
      this.#onBindEnd = undefined
    }
  }

  async #tellUnschedulable(pod: Pod, message: string): Promise<void> {
    this.#options.events.record(SCHEDULER_NAME, referenceTo(pods, pod), { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message })
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastProbeTime: null, lastTransitionTime: formatTime(this.#options.clock.nowMs()), ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }) }
    const stored = pod.status?.conditions?.find((one) => one.type === 'PodScheduled')
    if (stored?.status === 'False' && stored.reason === 'Unschedulable' && stored.message === message) return
    await this.#options.client.patch(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, { type: 'strategic', body: { status: { conditions: [condition] } }, subresource: 'status', fieldManager: 'kube-scheduler' })
  }

  #background(key: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!isFault(error, 'cancelled')) this.#options.log.info({ pod: key, err: messageOf(error) }, 'not bound')
    })
  }
}

/** What of a node the scheduler looks at: heartbeats change nothing. */
const matters = (before: Node, after: Node): boolean =>
  !deepEqual(before.metadata.labels, after.metadata.labels) || !deepEqual(before.spec, after.spec) || !deepEqual(before.status?.allocatable, after.status?.allocatable) || !deepEqual(before.status?.images, after.status?.images)

const isOver = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

const isWaiting = (pod: Pod): boolean => (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME && !isTerminating(pod) && (pod.spec?.schedulingGates ?? []).length === 0
