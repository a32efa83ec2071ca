import type { PodStatusReport } from '../../proto/gen/node/v1/session.ts'
import { isApiError } from '../../shared/kit/api-error.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { BackoffPolicy } from '../../shared/kit/backoff.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import { workQueue, type WorkQueue } from '../../shared/kit/work-queue.ts'
import type { Node, Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { namespaceOf, nameOf, objectKey, uidOf } from '../../shared/model/meta.ts'
import { pods } from '../../shared/model/resources.ts'
import { START_TIMELINE, startSteps, type NodeTimeline } from '../../shared/model/start-timeline.ts'
import type { ApiClient } from '../client/port.ts'
import type { Informer, Lister } from '../informers/port.ts'
import { BindingMoments } from './binding-moments.ts'
import type { NodeLiveness } from './liveness-port.ts'
import { mergePodStatus } from './merge-status.ts'

/** People look at statuses: after an outage they are right within a second. */
const RETRY: BackoffPolicy = { baseMs: 5, capMs: 1_000, factor: 2 }

interface Told {
  readonly node: string
  readonly report: PodStatusReport
  /** Of its conditions, by type. */
  readonly conditions: ReadonlyMap<string, string>
}

/**
 * Writes what nodes report of their pods: newest wins, one write at a time per pod, tried again until it lands. Writes `status`, never `spec`.
 * Level-triggered: when somebody else changes a condition that is the node's to say (a node that was thought lost), what the node said last is written again,
 * as long as the node gives signs of life and counts as ready (as long as it does not, its pods are held for unready, whatever it says).
 */
export class StatusIntake {
  readonly #client: ApiClient
  readonly #pods: Lister<Pod>
  readonly #clock: Clock
  readonly #log: Log
  readonly #queue: WorkQueue
  readonly #newest = new Map<string, Told>()
  /** The last report of each pod. */
  readonly #told = new Map<string, Told>()
  readonly #hasSay: (node: string) => boolean
  readonly #moments: BindingMoments

  constructor(from: { readonly client: ApiClient; readonly pods: Informer<Pod>; readonly nodes: Informer<Node>; readonly liveness: NodeLiveness; readonly clock: Clock; readonly log: Log }) {
    this.#hasSay = (node) => from.liveness.stateOf(node).kind === 'seen' && isReady(from.nodes.get(node))
    this.#client = from.client
    this.#pods = from.pods
    this.#clock = from.clock
    this.#log = from.log
    this.#queue = workQueue(from.clock, RETRY)
    this.#moments = new BindingMoments(from.pods, from.clock)
    from.pods.subscribe(({ key, after }) => {
      if (after) this.#recheck(key, after)
      else this.#told.delete(key)
    })
    const recheckAll = (node: string): void => {
      for (const [key, told] of this.#told) if (told.node === node) this.#recheck(key, from.pods.get(key))
    }
    from.liveness.onChange(recheckAll)
    from.nodes.subscribe(({ key, before, after }) => void (isReady(after) && !isReady(before) && recheckAll(key)))
  }

  /** A new session: what was said in the one before may be of a machine that has lost its power since. */
  forget(node: string): void {
    for (const [key, told] of this.#told) if (told.node === node) this.#told.delete(key)
  }

  #recheck(key: string, pod: Pod | undefined): void {
    const told = this.#told.get(key)
    if (!pod || !told || told.report.uid !== uidOf(pod) || this.#newest.has(key) || !this.#hasSay(told.node)) return
    const differs = (pod.status?.conditions ?? []).some((condition) => (told.conditions.get(condition.type) ?? condition.status) !== condition.status)
    if (!differs) return
    this.#newest.set(key, told)
    this.#queue.add(key)
  }

  /** @throws Fault('permission') when the pod is not the node's. */
  accept(node: string, report: PodStatusReport): void {
    const key = objectKey(report.namespace, report.name)
    const pod = this.#pods.get(key)
    if (pod && uidOf(pod) === report.uid && pod.spec?.nodeName !== node) throw new Fault('permission', `node ${node} reported on pod ${key}, which is bound to ${pod.spec?.nodeName ?? 'no node'}`)
    // It is gone, and another has its name: that one's word must not be lost over it.
    if (pod && uidOf(pod) !== report.uid) return
    const told: Told = { node, report, conditions: conditionsOf(report) }
    this.#told.set(key, told)
    this.#newest.set(key, told)
    this.#queue.add(key)
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.shutDown(), { once: true })
    await Promise.all(Array.from({ length: 64 }, () => this.#work()))
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const newest = this.#newest.get(key)
      try {
        if (newest) await this.#write(key, newest)
        if (this.#newest.get(key) === newest) this.#newest.delete(key)
        this.#queue.forget(key)
      } catch (error) {
        this.#log.debug({ pod: key, err: messageOf(error) }, 'status not written yet')
        this.#queue.retry(key)
      }
      this.#queue.done(key)
    }
  }

  async #write(key: string, { node, report }: Told): Promise<void> {
    let pod = this.#pods.get(key)
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0 || !pod) pod = await this.#read(report)
      if (!pod || uidOf(pod) !== report.uid || pod.spec?.nodeName !== node) return
      try {
        return await this.#writeOnto(pod, report)
      } catch (error) {
        if (isApiError(error, 'NotFound')) return
        if (!isApiError(error, 'Conflict') || attempt >= 5) throw error
      }
    }
  }

  async #read(report: PodStatusReport): Promise<Pod | undefined> {
    try {
      return await this.#client.get(pods, { namespace: report.namespace, name: report.name })
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined
      throw error
    }
  }

  async #writeOnto(pod: Pod, report: PodStatusReport): Promise<void> {
    if (report.status.length > 0) {
      const status = mergePodStatus(pod, JSON.parse(report.status.toString()) as PodStatus, this.#clock.nowMs())
      if (status) await this.#client.update(pods, { ...this.#withTimeline(pod, report), status }, { subresource: 'status', fieldManager: 'gantry-agent' })
    }
    if (report.removed && pod.metadata.deletionTimestamp !== undefined) {
      await this.#client.delete(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, { gracePeriodSeconds: 0, preconditions: { uid: report.uid } })
    }
  }

  /** How the start went is written with the status that tells of it; what came after the first readiness is no part of the start. */
  #withTimeline(pod: Pod, { timeline, uid }: PodStatusReport): Pod {
    if (timeline.length === 0) return pod
    const node = JSON.parse(timeline.toString()) as NodeTimeline
    const before = pod.metadata.annotations?.[START_TIMELINE]
    if (before?.includes('"ready"') === true) return pod
    const steps = JSON.stringify(startSteps(node, this.#moments.of(uid)))
    if (node.ready !== undefined) this.#moments.forget(uid)
    return steps === before ? pod : { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [START_TIMELINE]: steps } } }
  }
}

const isReady = (node: Node | undefined): boolean => node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

function conditionsOf(report: PodStatusReport): ReadonlyMap<string, string> {
  if (report.status.length === 0) return new Map()
  const { conditions = [] } = JSON.parse(report.status.toString()) as PodStatus
  return new Map(conditions.map(({ type, status }) => [type, status]))
}
