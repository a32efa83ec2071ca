/** The scheduler at work: queue → snapshot → schedule → assume → bind. */
import { isApiError } from '../../shared/kit/api-error.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { Node, Pod, Service } from '../../shared/model/gen/api.ts'
import { isTerminating, keyOf, nameOf, namespaceOf, uidOf, type KubeObject } from '../../shared/model/meta.ts'
import { deviceClasses, namespaces, nodes, persistentVolumeClaims, persistentVolumes, pods, replicaSets, resourceClaims, services, storageClasses } from '../../shared/model/resources.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { ApiClient } from '../client/port.ts'
import type { EventRecorder } from '../controllers/events/recorder.ts'
import { referenceTo } from '../controllers/events/recorder.ts'
import type { Change, Informer, Informers } from '../informers/port.ts'
import { explain, type Explanation } from './core/explain.ts'
import type { ClusterEvent } from './core/framework.ts'
import { hintOf } from './core/hints.ts'
import { createMemory } from './core/memory.ts'
import { hasItsClaims } from './core/plugins/dynamic-resources.ts'
import { schedule, type Placement } from './core/schedule.ts'
import { ClusterState, podInfo, type NodeInfo, type PodInfo } from './core/state.ts'
import type { VolumeChoice } from './core/storage.ts'
import { SchedulingQueue } from './queue.ts'
import { NAMESPACE_INDEX, siblingSelector } from './siblings.ts'
import { VolumeBinder } from './volume-binder.ts'

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
  readonly #volumes: VolumeBinder
  readonly #decisions = new Map<string, Decision>()
  /** Pods placed but not yet seen bound: key → uid. */
  readonly #assumed = new Map<string, string>()
  readonly #memory = createMemory()
  /** Pods of which a claim is not there yet, by key: not in the queue. */
  readonly #gated = new Set<string>()
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
    const claims = informers.for(resourceClaims)
    const classes = informers.for(deviceClasses)
    this.#state.findClaim = (key) => claims.get(key)
    this.#state.hasDeviceClass = (name) => classes.get(name) !== undefined
    this.#volumes = new VolumeBinder(options)
    this.#state.storage = this.#volumes
    claims.subscribe(({ before, after }) => this.#devicesChanged(before, after))
    classes.subscribe(({ before, after }) => this.#devicesChanged(before, after))
    informers.for(persistentVolumeClaims).subscribe(({ key, after }) => after && this.#happened({ kind: 'claim', key, node: {} }))
    informers.for(persistentVolumes).subscribe(({ after }) => after && this.#happened({ kind: 'volumes', node: {} }))
    informers.for(storageClasses).subscribe(({ after }) => after && this.#happened({ kind: 'volumes', node: {} }))
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
    this.#volumes.cancel()
  }

  #bindEnds(): Promise<void> {
    return new Promise((resolve) => {
      this.#onBindEnd = resolve
    })
  }

  #nodeChanged({ key, before, after }: Change<Node>): void {
    if (before && after && !matters(before, after)) return
    const was = this.#state.findNode(key)
    if (after) this.#state.setNode(after)
    else this.#state.removeNode(key)
    this.#happened({ kind: 'node', node: { before: was, after: this.#state.findNode(key) } })
  }

  #podChanged({ key, before, after }: Change<Pod>): void {
    if (!after || isOver(after)) {
      this.#drop(key)
      this.#assumed.delete(key)
      if (before || after) this.#decisions.delete(uidOf(after ?? before ?? { metadata: {} }))
      return this.#leaves(key)
    }
    if (after.spec?.nodeName) return this.#podOnNode(key, after, after.spec.nodeName)
    if (!isWaiting(after)) return this.#drop(key)
    if (this.#assumed.get(key) === uidOf(after)) return
    if (!hasItsClaims(after, this.#state)) return this.#gate(key)
    const wasGated = this.#gated.delete(key)
    if (!before || wasGated || !deepEqual(before.spec, after.spec) || !deepEqual(before.metadata.labels, after.metadata.labels)) this.#queue.add(key, after.spec?.priority ?? 0)
  }

  #podOnNode(key: string, pod: Pod, nodeName: string): void {
    this.#drop(key)
    const wasAssumed = this.#assumed.delete(key)
    const known = this.#state.podOf(key)
    // Somebody else has bound it elsewhere.
    if (known && known.node !== nodeName) this.#leaves(key)
    const was = this.#state.findNode(nodeName)
    this.#state.setPod(pod, nodeName)
    const info = podInfo(pod)
    if (known && !wasAssumed && isAlike(known.info, info)) return
    this.#happened({ kind: 'pod', pod: { before: wasAssumed ? undefined : known?.info, after: info }, node: { before: was, after: this.#state.findNode(nodeName) } })
  }

  /** The pod takes no room any more. */
  #leaves(key: string): void {
    const known = this.#state.podOf(key)
    if (!known) return
    const was = this.#state.findNode(known.node)
    this.#state.removePod(key)
    this.#happened({ kind: 'pod', pod: { before: known.info }, node: { before: was, after: this.#state.findNode(known.node) } })
  }

  /** It needs no node, or has one. */
  #drop(key: string): void {
    this.#gated.delete(key)
    this.#queue.remove(key)
  }

  #gate(key: string): void {
    this.#gated.add(key)
    this.#queue.remove(key)
  }

  #devicesChanged(before: KubeObject | undefined, after: KubeObject | undefined): void {
    for (const key of this.#gated) {
      const pod = this.#pods.get(key)
      if (!pod || !hasItsClaims(pod, this.#state)) continue
      this.#gated.delete(key)
      this.#queue.add(key, pod.spec?.priority ?? 0)
    }
    // Of what is gone, and of who manages which fields, nobody needs to hear.
    if (after && !deepEqual({ ...before, metadata: undefined }, { ...after, metadata: undefined })) this.#happened({ kind: 'devices', node: {} })
  }

  #happened(event: ClusterEvent): void {
    this.#queue.wake(hintOf(event, this.#state))
  }

  #scheduleOne(key: string): void {
    const pod = this.#pods.get(key)
    if (!pod || pod.spec?.nodeName || !isWaiting(pod)) return this.#queue.remove(key)
    if (!hasItsClaims(pod, this.#state)) return this.#gate(key)
    // A try that failed may have bound it all the same: its room was kept until now.
    this.#forget(pod)
    const placement = schedule(podInfo(pod), this.#state, { tieBreak: this.#options.random.next(), start: this.#start, memory: this.#memory })
    this.#start = placement.nextStart
    this.#remember(pod, placement)
    if (placement.kind === 'unschedulable') {
      this.#queue.parkUnschedulable(key, { pod: podInfo(pod), refusedBy: placement.refusedBy })
      this.#background(key, this.#tellUnschedulable(pod, placement.message))
      return
    }
    const node = this.#state.findNode(placement.node)
    const volumes = node && this.#volumes.reserve(pod, node)
    this.#state.setPod(pod, placement.node)
    this.#assumed.set(key, uidOf(pod))
    this.#background(key, volumes ? this.#bindVolumes(pod, volumes, node) : this.#bind(pod, placement.node))
  }

  /** It is not assumed to be on a node any more. */
  #forget(pod: Pod): void {
    const key = keyOf(pod)
    if (this.#assumed.get(key) !== uidOf(pod)) return
    this.#assumed.delete(key)
    this.#leaves(key)
  }

  #remember(pod: Pod, placement: Placement): void {
    this.#decisions.delete(uidOf(pod))
    this.#decisions.set(uidOf(pod), { placement, decidedMs: this.#options.clock.nowMs() })
    if (this.#decisions.size > REMEMBERED) this.#decisions.delete(this.#decisions.keys().next().value ?? '')
  }

  /** Its claims first. Where they cannot be bound it is tried again, on whatever node. */
  async #bindVolumes(pod: Pod, volumes: VolumeChoice, node: NodeInfo): Promise<void> {
    const key = keyOf(pod)
    try {
      await this.#volumes.bind(pod, volumes, node)
    } catch (error) {
      this.#forget(pod)
      if (!isFault(error, 'cancelled') && uidOf(this.#pods.get(key) ?? { metadata: {} }) === uidOf(pod)) {
        this.#options.events.record(SCHEDULER_NAME, referenceTo(pods, pod), { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message: `running PreBind plugin "VolumeBinding": binding volumes: ${messageOf(error)}` })
        this.#queue.parkFailed(key)
      }
      throw error
    }
    await this.#bind(pod, node.name)
  }

  async #bind(pod: Pod, nodeName: string): Promise<void> {
    const key = keyOf(pod)
    this.#binding++
    try {
      await this.#options.client.bind({ namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) }, nodeName)
      this.#options.events.record(SCHEDULER_NAME, referenceTo(pods, pod), { type: 'Normal', reason: 'Scheduled', action: 'Binding', message: `Successfully assigned ${key} to ${nodeName}` })
    } catch (error) {
      // Another pod of this name may wait by now.
      const isSame = uidOf(this.#pods.get(key) ?? pod) === uidOf(pod)
      if (isApiError(error, 'NotFound') || isApiError(error, 'Conflict')) {
        this.#forget(pod)
        if (isSame) this.#queue.remove(key)
      } else if (isSame) this.#queue.parkFailed(key)
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

/** What of a pod on a node the others look at: most changes of its status are nothing to them. */
const isAlike = (a: PodInfo, b: PodInfo): boolean =>
  deepEqual(a.pod.metadata.labels, b.pod.metadata.labels) && isTerminating(a.pod) === isTerminating(b.pod) && a.requests.cpuMillis === b.requests.cpuMillis && a.requests.memoryBytes === b.requests.memoryBytes && a.requests.ephemeralBytes === b.requests.ephemeralBytes

const isOver = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

const isWaiting = (pod: Pod): boolean => (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME && !isTerminating(pod) && (pod.spec?.schedulingGates ?? []).length === 0
