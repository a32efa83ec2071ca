import type { PodReporter, PodStatusReport, PodWorkers } from '../../../node-agent/pods/port.ts'
import type { PodEvent } from '../../../node-agent/pods/words.ts'
import type { ConfigMap, Pod, PodStatus, Secret } from '../../../shared/model/gen/api.ts'
import { nameOf, uidOf } from '../../../shared/model/meta.ts'

/** What the control plane knows of one node's pods: objects as assigned, statuses as told. It outlives every agent. */
export class Desk {
  readonly pods = new Map<string, Pod>()
  readonly configMaps = new Map<string, ConfigMap>()
  readonly secrets = new Map<string, Secret>()
  /** Statuses as they came, and `undefined` for the word that nothing is left; by pod name. */
  readonly told = new Map<string, Array<PodStatus | undefined>>()
  readonly events: string[] = []
  /** The agent that is connected. */
  agent: PodWorkers | undefined

  /** A session begins: everything is said anew. */
  connect(agent: PodWorkers): void {
    this.agent = agent
    agent.setAll([...this.pods.values()])
  }

  readonly reporter: PodReporter = {
    report: (report) => this.#take(report),
    event: (pod: Pod, { reason, message }: PodEvent) => void this.events.push(`${nameOf(pod)} ${reason}: ${message}`),
  }

  pod(name: string): Pod | undefined {
    return [...this.pods.values()].find((one) => nameOf(one) === name)
  }

  status(name: string): PodStatus {
    return this.pod(name)?.status ?? {}
  }

  /** Creates or changes a pod. */
  put(pod: Pod): void {
    this.pods.set(uidOf(pod), pod)
    this.agent?.update(pod)
  }

  change(name: string, change: (pod: Pod) => Pod): void {
    const pod = this.pod(name)
    if (pod) this.put(change(pod))
  }

  /** The object goes at once, whatever runs. */
  drop(name: string): void {
    const pod = this.pod(name)
    if (!pod) return
    this.pods.delete(uidOf(pod))
    this.agent?.remove(`ns/${name}`, uidOf(pod))
  }

  putConfigMap(name: string, data: Readonly<Record<string, string>>): void {
    this.configMaps.set(`ns/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'ns', name }, data })
    this.agent?.sourcesChanged('ConfigMap', `ns/${name}`)
  }

  #take({ pod, status, removed }: PodStatusReport): void {
    const told = this.told.get(nameOf(pod)) ?? []
    this.told.set(nameOf(pod), told)
    told.push(status)
    if (removed) told.push(undefined)
    const known = this.pods.get(uidOf(pod))
    if (!known) return
    // Only a pod that was to go goes; the agent hears of it as of any change.
    if (removed && known.metadata.deletionTimestamp !== undefined) {
      this.pods.delete(uidOf(pod))
      this.agent?.remove(`ns/${nameOf(pod)}`, uidOf(pod))
    } else this.pods.set(uidOf(pod), { ...known, status })
  }
}
