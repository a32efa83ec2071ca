import { AssignmentChange_Action, AssignmentChange_Kind, type AssignmentChange } from '../../proto/gen/node/v1/session.ts'
import type { ConfigMap, EndpointSlice, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount } from '../../shared/model/gen/api.ts'
import { IMAGE_DOOR_ANNOTATION } from '../../shared/model/image-door.ts'
import { isTerminating, keyOf, type KubeObject } from '../../shared/model/meta.ts'
import { withoutTimeline } from '../../shared/model/start-timeline.ts'
import { claimOfVolume } from '../../shared/model/volume-claims.ts'
import type { Lister } from '../informers/port.ts'
import { referencesOf } from './references.ts'
import type { ServiceMaps } from './service-maps.ts'

/** The caches that assignments are made from. */
export interface AssignmentSources {
  readonly pods: Lister<Pod>
  readonly configMaps: Lister<ConfigMap>
  readonly secrets: Lister<Secret>
  readonly services: Lister<Service>
  readonly slices: Lister<EndpointSlice>
  readonly nodes: Lister<Node>
  readonly serviceAccounts: Lister<ServiceAccount>
  readonly claims: Lister<PersistentVolumeClaim>
  readonly volumes: Lister<PersistentVolume>
}

/** Index of pods by the node they are bound to. */
export const POD_NODE_INDEX = 'bound-node'
export const podNodes = (pod: Pod): readonly string[] => (pod.spec?.nodeName ? [pod.spec.nodeName] : [])

export type AssignmentKind = Exclude<keyof typeof AssignmentChange_Kind, 'UNRECOGNIZED'>

/** Names one thing a node is told of. */
export interface AssignmentRef {
  readonly kind: AssignmentKind
  readonly key: string
}

export const refId = (ref: AssignmentRef): string => `${ref.kind} ${ref.key}`

/** What every node needs of another one: routes and where it gives images, nothing more (heartbeats would otherwise wake everybody). */
export function nodeForRoutes(node: Node): Node {
  const door = node.metadata.annotations?.[IMAGE_DOOR_ANNOTATION]
  return {
    metadata: { name: node.metadata.name, uid: node.metadata.uid, ...(door !== undefined && { annotations: { [IMAGE_DOOR_ANNOTATION]: door } }) },
    spec: { podCIDR: node.spec?.podCIDR, podCIDRs: node.spec?.podCIDRs },
    status: { addresses: node.status?.addresses },
  }
}

/** What a node needs of itself: also who may be on it. */
const nodeForItself = (node: Node): Node => {
  const { metadata, spec, ...rest } = nodeForRoutes(node)
  return { ...rest, metadata: { ...metadata, labels: node.metadata.labels ?? {} }, spec: { ...spec, taints: node.spec?.taints } }
}

/** Whether the node itself is to hear of a change. */
export const isForItself = (before: Node | undefined, after: Node | undefined): boolean => JSON.stringify(before && nodeForItself(before)) !== JSON.stringify(after && nodeForItself(after))

/** Whether the others are to hear of a change. */
export const isForRoutes = (before: Node | undefined, after: Node | undefined): boolean => JSON.stringify(before && nodeForRoutes(before)) !== JSON.stringify(after && nodeForRoutes(after))

/**
 * What one node is told: its pods and what they refer to; all services, slices and routes. Remembers what was sent, so that a change
 * yields only differences. No effects: the session sends what {@link complete} and {@link changes} answer.
 */
export class NodeAssignments {
  readonly #nodeName: string
  readonly #sources: AssignmentSources
  readonly #maps: ServiceMaps
  /** Text of what the node knows, by ref. */
  readonly #sent = new Map<string, string>()
  readonly #refs = new Map<string, AssignmentRef>()
  readonly #dirty = new Map<string, AssignmentRef>()
  /** How many pods of this node refer to a ConfigMap, Secret, ServiceAccount or claim, and how many of these claims to a volume. */
  readonly #wanted = new Map<string, number>()
  /** What each pod and claim refers to, by its ref. */
  readonly #references = new Map<string, readonly AssignmentRef[]>()
  /** Told when a pod whose termination was kept back may be told. */
  readonly #onReleased: () => void

  constructor(nodeName: string, from: { readonly sources: AssignmentSources; readonly maps: ServiceMaps; readonly onReleased: () => void }) {
    this.#nodeName = nodeName
    this.#sources = from.sources
    this.#maps = from.maps
    this.#onReleased = from.onReleased
  }

  /** Marks something as changed; cheap, and ignored when it is no concern of this node. Answers whether there is something to send. */
  touch(ref: AssignmentRef): boolean {
    if (ON_DEMAND.has(ref.kind) && !this.#wanted.has(refId(ref))) return false
    this.#dirty.set(refId(ref), ref)
    return true
  }

  /** Everything, and forgets what was sent before. */
  complete(): readonly AssignmentChange[] {
    this.#sent.clear()
    this.#refs.clear()
    this.#wanted.clear()
    this.#references.clear()
    this.#dirty.clear()
    const { pods, services, slices, nodes } = this.#sources
    const all: AssignmentRef[] = []
    for (const service of services.list()) all.push({ kind: 'SERVICE', key: keyOf(service) })
    for (const slice of slices.list()) all.push({ kind: 'ENDPOINT_SLICE', key: keyOf(slice) })
    for (const node of nodes.list()) all.push({ kind: 'NODE', key: keyOf(node) })
    for (const pod of pods.byIndex(POD_NODE_INDEX, this.#nodeName)) all.push({ kind: 'POD', key: keyOf(pod) })
    for (const ref of all) this.#dirty.set(refId(ref), ref)
    return this.changes()
  }

  /** What the node has not been told yet; what its pods refer to comes before the pods. */
  changes(): readonly AssignmentChange[] {
    const pods: AssignmentChange[] = []
    const others: AssignmentChange[] = []
    for (const ref of this.#dirty.values()) {
      if (ref.kind !== 'POD') continue
      this.#dirty.delete(refId(ref))
      const change = this.#podChange(ref)
      if (change) pods.push(change)
    }
    // Claims first, and with each the volume that it names: whether this one is told hangs on which claims are, also where another named it before.
    for (const ref of this.#dirty.values()) {
      if (ref.kind !== 'PERSISTENT_VOLUME_CLAIM') continue
      const named = volumesOf(this.#find(ref) as PersistentVolumeClaim | undefined)
      this.#refer(ref, named)
      for (const volume of named ?? []) this.#dirty.set(refId(volume), volume)
    }
    for (const ref of this.#dirty.values()) {
      const change = this.#change(ref, this.#find(ref))
      if (change) others.push(change)
    }
    this.#dirty.clear()
    return [...others, ...pods]
  }

  #podChange(ref: AssignmentRef): AssignmentChange | undefined {
    const pod = this.#sources.pods.get(ref.key)
    const mine = pod?.spec?.nodeName === this.#nodeName ? pod : undefined
    const isHeld = mine !== undefined && isTerminating(mine) && this.#maps.isHeld(mine, () => this.#release(ref))
    if (isHeld && this.#sent.has(refId(ref))) return undefined
    this.#refer(ref, mine && wantedBy(mine))
    return this.#change(ref, isHeld ? beforeTermination(mine) : mine)
  }

  #release(ref: AssignmentRef): void {
    this.#dirty.set(refId(ref), ref)
    this.#onReleased()
  }

  /** Counts what the pod or claim refers to; what is referred to for the first time or no more becomes dirty. Nothing is referred to by what is gone. */
  #refer(from: AssignmentRef, to: readonly AssignmentRef[] | undefined): void {
    const before = this.#references.get(refId(from)) ?? []
    const after = to ?? []
    if (to) this.#references.set(refId(from), to)
    else this.#references.delete(refId(from))
    for (const ref of after) this.#count(ref, 1)
    for (const ref of before) this.#count(ref, -1)
  }

  #count(ref: AssignmentRef, by: number): void {
    const id = refId(ref)
    const count = (this.#wanted.get(id) ?? 0) + by
    if (count <= 0) this.#wanted.delete(id)
    else this.#wanted.set(id, count)
    if (count <= 0 || (count === 1 && by === 1)) this.#dirty.set(id, ref)
  }

  #find(ref: AssignmentRef): KubeObject | undefined {
    switch (ref.kind) {
      case 'POD':
        return this.#sources.pods.get(ref.key)
      case 'CONFIG_MAP':
        return this.#wanted.has(refId(ref)) ? this.#sources.configMaps.get(ref.key) : undefined
      case 'SECRET':
        return this.#wanted.has(refId(ref)) ? this.#sources.secrets.get(ref.key) : undefined
      case 'SERVICE_ACCOUNT':
        return this.#wanted.has(refId(ref)) ? this.#sources.serviceAccounts.get(ref.key) : undefined
      case 'PERSISTENT_VOLUME_CLAIM':
        return this.#wanted.has(refId(ref)) ? this.#sources.claims.get(ref.key) : undefined
      case 'PERSISTENT_VOLUME':
        return this.#volume(ref)
      case 'SERVICE':
        return this.#sources.services.get(ref.key)
      case 'ENDPOINT_SLICE': {
        const slice = this.#sources.slices.get(ref.key)
        return slice && this.#maps.visible(slice)
      }
      case 'NODE': {
        const node = this.#sources.nodes.get(ref.key)
        return node && (ref.key === this.#nodeName ? nodeForItself(node) : nodeForRoutes(node))
      }
    }
  }

  /** Only while it says itself whose it is: a claim may name any. */
  #volume(ref: AssignmentRef): PersistentVolume | undefined {
    const volume = this.#wanted.has(refId(ref)) ? this.#sources.volumes.get(ref.key) : undefined
    const claim = volume && claimOfVolume(volume)
    return claim !== undefined && this.#wanted.has(refId({ kind: 'PERSISTENT_VOLUME_CLAIM', key: claim })) ? volume : undefined
  }

  #change(ref: AssignmentRef, object: KubeObject | undefined): AssignmentChange | undefined {
    const id = refId(ref)
    const kind = AssignmentChange_Kind[ref.kind]
    if (!object) {
      if (!this.#sent.delete(id)) return undefined
      this.#refs.delete(id)
      return { action: AssignmentChange_Action.REMOVE, kind, key: ref.key, object: Buffer.alloc(0) }
    }
    // A pod's status is the node's own word: it is not sent back, except when something else of the pod changed too.
    const fingerprint = ref.kind === 'POD' ? fingerprintOf(object) : undefined
    const text = textOf(object)
    if (this.#sent.get(id) === (fingerprint ?? text)) return undefined
    this.#sent.set(id, fingerprint ?? text)
    this.#refs.set(id, ref)
    return { action: AssignmentChange_Action.UPDATE, kind, key: ref.key, object: Buffer.from(text) }
  }
}

/** What a node is told of only while something of its own refers to it. */
const ON_DEMAND: ReadonlySet<AssignmentKind> = new Set<AssignmentKind>(['CONFIG_MAP', 'SECRET', 'SERVICE_ACCOUNT', 'PERSISTENT_VOLUME_CLAIM', 'PERSISTENT_VOLUME'])

function wantedBy(pod: Pod): readonly AssignmentRef[] {
  const { configMaps, secrets, claims, serviceAccount } = referencesOf(pod)
  return [
    ...configMaps.map((key) => ({ kind: 'CONFIG_MAP' as const, key })),
    ...secrets.map((key) => ({ kind: 'SECRET' as const, key })),
    ...claims.map((key) => ({ kind: 'PERSISTENT_VOLUME_CLAIM' as const, key })),
    ...(serviceAccount === undefined ? [] : [{ kind: 'SERVICE_ACCOUNT' as const, key: serviceAccount }]),
  ]
}

function volumesOf(claim: PersistentVolumeClaim | undefined): readonly AssignmentRef[] | undefined {
  return claim?.spec?.volumeName ? [{ kind: 'PERSISTENT_VOLUME', key: claim.spec.volumeName }] : undefined
}

/** The pod as it was before its deletion was asked for: left out of a COMPLETE message, the node would take it for gone and end it at once. */
const beforeTermination = ({ metadata: { deletionTimestamp: _at, deletionGracePeriodSeconds: _grace, ...metadata }, ...pod }: Pod): Pod => ({ ...pod, metadata })

/** JSON of an object is made once, however many nodes it goes to. */
const texts = new WeakMap<KubeObject, string>()
function textOf(object: KubeObject): string {
  const known = texts.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  texts.set(object, text)
  return text
}

/** What of a pod matters to its node: all but what the node said itself (status, but conditions that others set; how its start went), resourceVersion and managedFields. */
function fingerprintOf(pod: Pod): string {
  const { resourceVersion: _version, managedFields: _fields, annotations, ...metadata } = pod.metadata
  const foreign = (pod.status?.conditions ?? []).filter((condition) => !NODE_CONDITIONS.has(condition.type))
  return JSON.stringify([metadata, withoutTimeline(annotations) ?? {}, pod.spec, foreign])
}

/** Pod conditions that the node's agent writes. */
export const NODE_CONDITIONS: ReadonlySet<string> = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', 'AllContainersRestarting', 'PodResizePending', 'PodResizeInProgress'])
