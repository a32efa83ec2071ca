import { leaderKey } from '../../control-plane/election/record.ts'
import { MEMBERSHIP_KEY } from '../../control-plane/membership/store.ts'
import { podUidHex } from '../../node-agent/pods/record.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { controllerOf, keyOf, uidOf, type KubeObject } from '../../shared/model/meta.ts'
import { isOutOfService } from './ledger.ts'
import type { Commit } from './storage.ts'
import type { World } from './world.ts'

const PODS = '/gantry/core/pods/'
const NODES = '/gantry/core/nodes/'
const LEADER = leaderKey('control-plane')

/**
 * What fencing promises, at every moment: no process of a pod runs after the control plane has removed that pod by force; never two live pods of one name;
 * no pod stops by the control plane's absence alone; who does not lead writes nothing that only a leader may write.
 */
export class Judge {
  readonly #world: World
  #leader: string | undefined
  /** Pods that somebody wanted gone at once: whoever says so is to know that they may run on. */
  readonly #forced = new Set<string>()
  readonly #names = new Map<string, string>()
  /** Removed without asking their node. */
  readonly #removed = new Map<string, string>()
  /** Only control planes and their storage are in trouble. */
  onlyPlanesAway = false
  /** Containers that fencers have killed. */
  fenced = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Somebody asks for that pod to be gone at once. */
  force(key: string): void {
    this.#forced.add(key)
  }

  /** A write was committed; what stood there before it, and what does now. */
  read({ key, value, by }: Commit, { before, after }: { readonly before: KubeObject | undefined; readonly after: KubeObject | undefined }): void {
    if (key === LEADER) this.#leader = value === undefined ? undefined : (JSON.parse(value) as { readonly identity?: string }).identity
    else if (key === MEMBERSHIP_KEY) this.#onlyLeader(by, 'who is a member')
    else if (key.startsWith(PODS)) this.#pod(before as Pod | undefined, { after: after as Pod | undefined, by })
    else if (key.startsWith(NODES)) this.#node(before as Node | undefined, { after: after as Node | undefined, by })
  }

  /** A container is about to start. */
  starts(nodeName: string, id: string): void {
    const uid = id.slice(0, 32)
    const removed = this.#removed.get(uid)
    if (removed !== undefined) this.#world.transcript.violate(`${nodeName} starts ${removed}, which was removed when it was out of service`)
    const name = this.#names.get(uid)
    if (name === undefined) return
    for (const node of this.#world.machines) {
      for (const { spec } of node.host.running()) {
        const other = spec.id.slice(0, 32)
        if (other !== uid && this.#names.get(other) === name && !this.#forced.has(name)) this.#world.transcript.violate(`two live pods of one name: ${name} runs on ${node.name} and is started on ${nodeName}`)
      }
    }
  }

  /** The fencer kills a container. */
  fences(nodeName: string): void {
    this.fenced++
    if (this.onlyPlanesAway) this.#world.transcript.violate(`${nodeName} stops its pods, though only control planes are away`)
  }

  #pod(before: Pod | undefined, { after, by }: { readonly after: Pod | undefined; readonly by: string | undefined }): void {
    if (after) {
      this.#names.set(podUidHex(uidOf(after)), keyOf(after))
      if (!before && controllerOf(after)) this.#onlyLeader(by, `pod ${keyOf(after)} of ${controllerOf(after)?.name}`)
      if (before && !before.spec?.nodeName && after.spec?.nodeName) this.#onlyLeader(by, `where ${keyOf(after)} runs`)
      return
    }
    if (!before?.spec?.nodeName) return
    const uid = podUidHex(uidOf(before))
    const forced = this.#forced.has(keyOf(before))
    const node = this.#world.ledger.at(`${NODES}${before.spec.nodeName}`) as Node | undefined
    if (!forced && isOutOfService(node)) this.#removed.set(uid, keyOf(before))
    for (const machine of this.#world.machines) {
      const runs = machine.host.running().filter(({ spec }) => spec.id.startsWith(uid))
      if (runs.length > 0 && !forced) this.#world.transcript.violate(`pod ${keyOf(before)} is removed, and runs on ${machine.name}`)
    }
  }

  #node(before: Node | undefined, { after, by }: { readonly after: Node | undefined; readonly by: string | undefined }): void {
    if (isOutOfService(after) && !isOutOfService(before)) this.#onlyLeader(by, `that ${after?.metadata.name} is out of service`)
  }

  #onlyLeader(by: string | undefined, what: string): void {
    if (by !== undefined && this.#leader !== undefined && by !== this.#leader) this.#world.transcript.violate(`${by} writes ${what}, and ${this.#leader} leads`)
  }
}
