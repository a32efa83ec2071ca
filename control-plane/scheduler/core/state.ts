import type { ContainerPort, Node, Pod, PodAffinityTerm, ResourceV1ResourceClaim, Taint } from '../../../shared/model/gen/api.ts'
import { hostPortsOf } from '../../../shared/model/host-ports.ts'
import { keyOf } from '../../../shared/model/meta.ts'
import { NO_STORAGE, type StorageView } from './storage.ts'
import { add, NO_RESOURCES, nodeAllocatable, podNonZeroRequests, podRequests, subtract, type Allocatable, type Resources } from './requests.ts'

/** A pod as the scheduler reckons with it; made once per pod. */
export interface PodInfo {
  readonly key: string
  readonly pod: Pod
  readonly requests: Resources
  readonly nonZero: Resources
  readonly hostPorts: readonly ContainerPort[]
  readonly requiredAffinity: readonly PodAffinityTerm[]
  readonly requiredAntiAffinity: readonly PodAffinityTerm[]
  /** Pods of one class are alike to every plugin that looks at one node alone. */
  readonly classKey: string
}

/** A node with what stands on it. Never changed: a pod more or less makes a new one. */
export interface NodeInfo {
  readonly name: string
  readonly node: Node
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  readonly allocatable: Allocatable
  readonly requested: Resources
  readonly nonZero: Resources
  readonly pods: readonly PodInfo[]
  readonly hostPorts: readonly ContainerPort[]
  /** Bytes of each image that is present, by name. */
  readonly images: ReadonlyMap<string, number>
}

function classKeyOf({ spec }: Pod): string {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ resources, ports, restartPolicy }) => [resources?.requests, ports, restartPolicy])
  return JSON.stringify([containers, spec?.initContainers?.length, spec?.resources?.requests, spec?.overhead, spec?.nodeName, spec?.nodeSelector, spec?.affinity?.nodeAffinity, spec?.tolerations])
}

const infos = new WeakMap<Pod, PodInfo>()

export function podInfo(pod: Pod): PodInfo {
  const known = infos.get(pod)
  if (known) return known
  const info: PodInfo = {
    key: keyOf(pod),
    pod,
    requests: podRequests(pod),
    nonZero: podNonZeroRequests(pod),
    hostPorts: hostPortsOf(pod),
    requiredAffinity: pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    requiredAntiAffinity: pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    classKey: classKeyOf(pod),
  }
  infos.set(pod, info)
  return info
}

function nodeInfo(node: Node): NodeInfo {
  const images = new Map<string, number>()
  for (const image of node.status?.images ?? []) for (const name of image.names ?? []) images.set(name, Number(image.sizeBytes ?? 0))
  return {
    name: node.metadata.name ?? '',
    node,
    labels: node.metadata.labels ?? {},
    taints: node.spec?.taints ?? [],
    unschedulable: node.spec?.unschedulable === true,
    allocatable: nodeAllocatable(node),
    requested: NO_RESOURCES,
    nonZero: NO_RESOURCES,
    pods: [],
    hostPorts: [],
    images,
  }
}

const withPod = (info: NodeInfo, pod: PodInfo): NodeInfo => ({
  ...info,
  requested: add(info.requested, pod.requests),
  nonZero: add(info.nonZero, pod.nonZero),
  pods: [...info.pods, pod],
  hostPorts: pod.hostPorts.length === 0 ? info.hostPorts : [...info.hostPorts, ...pod.hostPorts],
})

const withoutPod = (info: NodeInfo, pod: PodInfo): NodeInfo => {
  const pods = info.pods.filter((one) => one !== pod)
  return {
    ...info,
    requested: subtract(info.requested, pod.requests),
    nonZero: subtract(info.nonZero, pod.nonZero),
    pods,
    hostPorts: pod.hostPorts.length === 0 ? info.hostPorts : pods.flatMap((one) => one.hostPorts),
  }
}

/** The cluster at one moment, as the plugins read it. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[]
  findNode(name: string): NodeInfo | undefined
  /** Whether any pod on a node has required anti-affinity, or any (anti-)affinity at all: if none has, whole plugins are skipped. */
  readonly antiAffinityPods: number
  readonly affinityPods: number
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>
  /** How the pod's own service or owner selects its siblings, for spreading by default; `undefined`: nothing does. */
  readonly siblingSelector: (pod: Pod) => ((labels: Readonly<Record<string, string>>) => boolean) | undefined
  /** A ResourceClaim, by `namespace/name`. */
  readonly findClaim: (key: string) => ResourceV1ResourceClaim | undefined
  readonly hasDeviceClass: (name: string) => boolean
  /** Claims and volumes. */
  readonly storage: StorageView
  /** How many nodes have a PreferNoSchedule taint: if none has, nothing is scored by taints. */
  readonly softTaintedNodes: number
  /** Per node, in their order: grows with each change of it, and never repeats. */
  readonly versions: readonly number[]
  /** Grows when nodes come or go: then positions mean other nodes. */
  readonly layout: number
  /** How big an image is and on how many nodes, by name. */
  readonly images: ReadonlyMap<string, { readonly bytes: number; readonly nodes: number }>
  /** Grows with each change. */
  readonly revision: number
}

/** The state the scheduler keeps: nodes and the pods bound or assumed on them. Changed only by its methods; hands itself out as a {@link Snapshot}. */
export class ClusterState implements Snapshot {
  readonly #nodes: NodeInfo[] = []
  readonly #versions: number[] = []
  readonly #index = new Map<string, number>()
  readonly #podNode = new Map<string, { readonly node: string; readonly info: PodInfo }>()
  /** Pods on nodes that are not known (yet). */
  readonly #homeless = new Map<string, Map<string, PodInfo>>()
  readonly images = new Map<string, { readonly bytes: number; readonly nodes: number }>()
  #revision = 0
  layout = 0
  softTaintedNodes = 0
  antiAffinityPods = 0
  affinityPods = 0
  namespaceLabels: Snapshot['namespaceLabels'] = () => ({})
  siblingSelector: Snapshot['siblingSelector'] = () => undefined
  findClaim: Snapshot['findClaim'] = () => undefined
  hasDeviceClass: Snapshot['hasDeviceClass'] = () => false
  storage: StorageView = NO_STORAGE

  get nodes(): readonly NodeInfo[] {
    return this.#nodes
  }

  get versions(): readonly number[] {
    return this.#versions
  }

  get revision(): number {
    return this.#revision
  }

  findNode(name: string): NodeInfo | undefined {
    const at = this.#index.get(name)
    return at === undefined ? undefined : this.#nodes[at]
  }

  /** A pod that is on a node, and the node's name, by the pod's key. */
  podOf(podKey: string): { readonly node: string; readonly info: PodInfo } | undefined {
    return this.#podNode.get(podKey)
  }

  setNode(node: Node): void {
    this.#revision++
    const fresh = nodeInfo(node)
    const at = this.#index.get(fresh.name)
    const before = at === undefined ? undefined : this.#nodes[at]
    if (before) this.#countNode(before, -1)
    this.#countNode(fresh, 1)
    if (at !== undefined && before) {
      this.#versions[at] = this.#revision
      this.#nodes[at] = { ...fresh, requested: before.requested, nonZero: before.nonZero, pods: before.pods, hostPorts: before.hostPorts }
      return
    }
    this.#index.set(fresh.name, this.#nodes.length)
    this.#nodes.push(fresh)
    this.#versions.push(this.#revision)
    this.layout++
    for (const pod of this.#homeless.get(fresh.name)?.values() ?? []) this.#put(fresh.name, (info) => withPod(info, pod))
    this.#homeless.delete(fresh.name)
  }

  removeNode(name: string): void {
    const at = this.#index.get(name)
    const info = at === undefined ? undefined : this.#nodes[at]
    if (at === undefined || !info) return
    this.#revision++
    this.#countNode(info, -1)
    const pods = new Map(info.pods.map((pod) => [pod.key, pod]))
    if (pods.size > 0) this.#homeless.set(name, pods)
    const last = this.#nodes.pop()
    this.#versions.pop()
    this.#index.delete(name)
    this.layout++
    if (last && last.name !== name) {
      this.#nodes[at] = last
      this.#versions[at] = this.#revision
      this.#index.set(last.name, at)
    }
  }

  /** The pod is on this node now (bound, or assumed to be soon); replaces what was known of it. */
  setPod(pod: Pod, nodeName: string): void {
    const info = podInfo(pod)
    const before = this.#podNode.get(info.key)
    if (before?.node === nodeName && before.info.pod === pod) return
    this.removePod(info.key)
    this.#revision++
    this.#podNode.set(info.key, { node: nodeName, info })
    this.#count(info, 1)
    if (this.#index.has(nodeName)) this.#put(nodeName, (node) => withPod(node, info))
    else this.#homeless.set(nodeName, (this.#homeless.get(nodeName) ?? new Map<string, PodInfo>()).set(info.key, info))
  }

  removePod(key: string): void {
    const known = this.#podNode.get(key)
    if (!known) return
    this.#revision++
    this.#podNode.delete(key)
    this.#count(known.info, -1)
    if (this.#index.has(known.node)) this.#put(known.node, (node) => withoutPod(node, known.info))
    else this.#homeless.get(known.node)?.delete(key)
  }

  #put(name: string, change: (info: NodeInfo) => NodeInfo): void {
    const at = this.#index.get(name)
    const info = at === undefined ? undefined : this.#nodes[at]
    if (at === undefined || !info) return
    this.#nodes[at] = change(info)
    this.#versions[at] = ++this.#revision
  }

  #countNode(node: NodeInfo, by: 1 | -1): void {
    if (node.taints.some((taint) => taint.effect === 'PreferNoSchedule')) this.softTaintedNodes += by
    for (const [name, bytes] of node.images) {
      const nodes = (this.images.get(name)?.nodes ?? 0) + by
      if (nodes <= 0) this.images.delete(name)
      else this.images.set(name, { bytes, nodes })
    }
  }

  #count({ pod, requiredAntiAffinity }: PodInfo, by: 1 | -1): void {
    if (requiredAntiAffinity.length > 0) this.antiAffinityPods += by
    if (pod.spec?.affinity?.podAffinity !== undefined || pod.spec?.affinity?.podAntiAffinity !== undefined) this.affinityPods += by
  }
}
