import { OUT_OF_SERVICE_TAINT } from '../../shared/model/fencing.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { uidOf, type KubeObject } from '../../shared/model/meta.ts'
import { podRequests, type Requests } from './requests.ts'
import type { Commit } from './storage.ts'
import type { Transcript } from './transcript.ts'

const PODS = '/gantry/core/pods/'
const NODES = '/gantry/core/nodes/'
const EVENTS = '/gantry/core/events/'
const LEASES = '/gantry/coordination.k8s.io/leases/'
const ORDER: Readonly<Record<string, number>> = { Pending: 0, Running: 1, Succeeded: 2, Failed: 2 }

/** Far more writes than any scenario has reason for. */
const STORM = 20_000

/** Reads every write as it is committed: what must hold at each of them, and what a reader of the transcript wants to know. */
export class Ledger {
  readonly #transcript: Transcript
  readonly #objects = new Map<string, KubeObject>()
  /** Nodes whose name two machines have had: each counts the restarts that it has seen. */
  readonly doubled = new Set<string>()
  /** Writes so far; those that renew leases and those of events apart. */
  writes = 0
  leaseWrites = 0
  eventWrites = 0
  /** Keys written lately, for those who look for a storm. */
  readonly recent: string[] = []
  /** What was told lately, and of whom. */
  readonly recentEvents: string[] = []

  constructor(transcript: Transcript) {
    this.#transcript = transcript
  }

  /** What is stored under a key now. */
  at(key: string): KubeObject | undefined {
    return this.#objects.get(key)
  }

  read({ key, value }: Commit): void {
    // Who leads is no object of the cluster, and is written again and again.
    if (!key.startsWith('/gantry/')) return
    this.#transcript.weigh(`${key} ${value ?? ''}\n`)
    const before = this.#objects.get(key)
    const after = value === undefined ? undefined : (JSON.parse(value) as KubeObject)
    if (after) this.#objects.set(key, after)
    else this.#objects.delete(key)
    if (key.startsWith(LEASES)) {
      this.leaseWrites++
      return
    }
    if (key.startsWith(EVENTS)) {
      // What is old goes by itself.
      if (!after) return
      this.eventWrites++
      const { reason, regarding, involvedObject } = after as { readonly reason?: string; readonly regarding?: { readonly name?: string }; readonly involvedObject?: { readonly name?: string } }
      this.recentEvents.push(`${reason ?? ''} ${(involvedObject ?? regarding)?.name ?? ''}`)
      if (this.recentEvents.length > 200) this.recentEvents.shift()
      return
    }
    this.writes++
    if (this.writes % STORM === 0) this.#transcript.violate(`${this.writes} writes: a storm, lately of ${[...new Set(this.recent.slice(-50))].slice(0, 5).join(' ')}`)
    this.recent.push(key)
    if (this.recent.length > 200) this.recent.shift()
    if (key.startsWith(PODS)) this.#pod(key.slice(PODS.length), before as Pod | undefined, after as Pod | undefined)
    else if (key.startsWith(NODES)) this.#node(key.slice(NODES.length), before as Node | undefined, after as Node | undefined)
    else this.#other(key, before, after)
  }

  pods(): readonly Pod[] {
    return this.#under<Pod>(PODS)
  }

  nodes(): readonly Node[] {
    return this.#under<Node>(NODES)
  }

  /** Stored objects below a prefix, in order of their keys. */
  under<T extends KubeObject>(prefix: string): readonly T[] {
    return this.#under<T>(prefix)
  }

  #under<T>(prefix: string): readonly T[] {
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object as T)
  }

  #pod(key: string, before: Pod | undefined, after: Pod | undefined): void {
    const say = (line: string): void => this.#transcript.say(`pod ${key} ${line}`)
    if (!after) return say('is gone')
    if (!before) return say('is made')
    if (uidOf(before) !== uidOf(after)) this.#transcript.violate(`pod ${key} was replaced by another in one write`)
    const [from, to] = [before.spec?.nodeName, after.spec?.nodeName]
    if (from !== to) {
      if (from) this.#transcript.violate(`pod ${key} was bound twice: to ${from}, then to ${to ?? 'nothing'}`)
      say(`is bound to ${to}`)
      this.#checkRoom(to ?? '')
    }
    const [was, is] = [before.status?.phase ?? 'Pending', after.status?.phase ?? 'Pending']
    if (was !== is) {
      if ((ORDER[is] ?? 0) < (ORDER[was] ?? 0) || (was !== is && ORDER[was] === 2)) this.#transcript.violate(`pod ${key} went back from ${was} to ${is}`)
      say(`is ${is}${after.status?.reason ? ` (${after.status.reason})` : ''}`)
    }
    if (!before.metadata.deletionTimestamp && after.metadata.deletionTimestamp) say(`is to go within ${after.metadata.deletionGracePeriodSeconds} s`)
    const runs = after.status?.containerStatuses?.some(({ state }) => state?.running !== undefined) === true
    if (before.status?.podIP && !after.status?.podIP && runs) this.#transcript.violate(`pod ${key} lost its address ${before.status.podIP}`)
    this.#containers(key, before, after)
    const [wasReady, isReady] = [isPodReady(before), isPodReady(after)]
    if (wasReady !== isReady) say(isReady ? 'is ready' : 'is not ready')
  }

  #containers(key: string, before: Pod, after: Pod): void {
    for (const one of after.status?.containerStatuses ?? []) {
      const earlier = before.status?.containerStatuses?.find(({ name }) => name === one.name)
      if (earlier && one.restartCount < earlier.restartCount && !this.doubled.has(after.spec?.nodeName ?? '')) this.#transcript.violate(`restart count of ${key} ${one.name} fell from ${earlier.restartCount} to ${one.restartCount}`)
      const [was, is] = [stateText(earlier), stateText(one)]
      if (was !== is) this.#transcript.say(`pod ${key} container ${one.name} ${is}`)
    }
    for (const one of before.status?.containerStatuses ?? []) {
      if (one.restartCount > 0 && after.status?.containerStatuses?.every(({ name }) => name !== one.name) !== false) this.#transcript.violate(`the status of ${key} forgot container ${one.name}, restarted ${one.restartCount} times`)
    }
  }

  /** What is bound never exceeds what a node can give. */
  #checkRoom(nodeName: string): void {
    const node = this.#objects.get(`${NODES}${nodeName}`) as Node | undefined
    if (!node) return
    const bound = this.pods().filter((pod) => pod.spec?.nodeName === nodeName && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed')
    const sum: Requests = bound.map(podRequests).reduce((a, b) => ({ cpuMillis: a.cpuMillis + b.cpuMillis, memoryBytes: a.memoryBytes + b.memoryBytes }), { cpuMillis: 0, memoryBytes: 0 })
    const room = podRequests({ metadata: {}, spec: { containers: [{ name: '', resources: { requests: node.status?.allocatable ?? {} } }] } })
    if (sum.cpuMillis > room.cpuMillis || sum.memoryBytes > room.memoryBytes || bound.length > Number(node.status?.allocatable?.['pods'] ?? 0)) {
      this.#transcript.violate(`node ${nodeName} is overbooked: ${bound.length} pods, ${sum.cpuMillis}m CPU of ${room.cpuMillis}m, ${sum.memoryBytes} bytes of ${room.memoryBytes}`)
    }
  }

  #node(name: string, before: Node | undefined, after: Node | undefined): void {
    const text = (node: Node | undefined): string => {
      if (!node) return 'is not there'
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
      const taints = (node.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`)
      return `Ready=${ready?.status ?? '-'} ${node.spec?.unschedulable ? 'cordoned ' : ''}${node.spec?.podCIDR ?? 'without range'} [${taints.join(' ')}]`
    }
    if (text(before) !== text(after)) this.#transcript.say(`node ${name} ${text(after)}`)
  }

  #other(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    if (before && after && before.metadata.generation === after.metadata.generation) return
    const [, , group, plural, ...rest] = key.split('/')
    if (plural === 'events' || group === 'ranges' || !key.includes('/default/')) return
    this.#transcript.say(`${plural} ${rest.join('/')} ${after ? (before ? `is at generation ${after.metadata.generation}` : 'is made') : 'is gone'}`)
  }
}

export const isPodReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

export const isOutOfService = (node: Node | undefined): boolean => node?.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE_TAINT.key) === true

type Status = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]

function stateText(one: Status | undefined): string {
  const state = one?.state
  if (state?.running) return `runs, restarts ${one?.restartCount}`
  if (state?.terminated) return `ended with ${state.terminated.exitCode} (${state.terminated.reason ?? ''})`
  return `waits: ${state?.waiting?.reason ?? 'nothing known'}`
}
