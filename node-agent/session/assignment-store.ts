import { AssignmentChange_Action, AssignmentChange_Kind, Assignments_Type, type Assignments } from '../../proto/gen/node/v1/session.ts'
import type { ConfigMap, EndpointSlice, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount } from '../../shared/model/gen/api.ts'
import type { KubeObject } from '../../shared/model/meta.ts'
import type { SourceKind } from '../pods/port.ts'

/** What the control plane has told this node, by kind and key. */
export interface AssignedObjects {
  readonly pods: ReadonlyMap<string, Pod>
  readonly configMaps: ReadonlyMap<string, ConfigMap>
  readonly secrets: ReadonlyMap<string, Secret>
  readonly services: ReadonlyMap<string, Service>
  readonly slices: ReadonlyMap<string, EndpointSlice>
  readonly nodes: ReadonlyMap<string, Node>
  readonly serviceAccounts: ReadonlyMap<string, ServiceAccount>
  readonly claims: ReadonlyMap<string, PersistentVolumeClaim>
  readonly volumes: ReadonlyMap<string, PersistentVolume>
}

export interface Applied {
  readonly complete: boolean
  /** Pods that are new or changed, in the order told. */
  readonly pods: readonly Pod[]
  /** Pods whose objects are gone. */
  readonly removedPods: readonly Pod[]
  readonly sources: ReadonlyArray<{ readonly kind: SourceKind; readonly key: string }>
  readonly services: boolean
  readonly nodes: boolean
}

export type ApplyResult = { readonly kind: 'applied'; readonly applied: Applied } | { readonly kind: 'chain-broken'; readonly wanted: string; readonly got: string }

/** What pods may wait for. */
const SOURCES: ReadonlyMap<AssignmentChange_Kind, SourceKind> = new Map<AssignmentChange_Kind, SourceKind>([
  [AssignmentChange_Kind.CONFIG_MAP, 'ConfigMap'],
  [AssignmentChange_Kind.SECRET, 'Secret'],
  [AssignmentChange_Kind.PERSISTENT_VOLUME_CLAIM, 'PersistentVolumeClaim'],
  [AssignmentChange_Kind.PERSISTENT_VOLUME, 'PersistentVolume'],
])

/** Holds the assignments and checks their chain: an INCREMENTAL message counts only after the one it applies to. */
export class AssignmentStore implements AssignedObjects {
  readonly pods = new Map<string, Pod>()
  readonly configMaps = new Map<string, ConfigMap>()
  readonly secrets = new Map<string, Secret>()
  readonly services = new Map<string, Service>()
  readonly slices = new Map<string, EndpointSlice>()
  readonly nodes = new Map<string, Node>()
  readonly serviceAccounts = new Map<string, ServiceAccount>()
  readonly claims = new Map<string, PersistentVolumeClaim>()
  readonly volumes = new Map<string, PersistentVolume>()
  #last: string | undefined

  /** A new session starts a new chain. */
  startOver(): void {
    this.#last = undefined
  }

  apply(message: Assignments): ApplyResult {
    const complete = message.type === Assignments_Type.COMPLETE
    if (!complete && message.appliesTo !== this.#last) return { kind: 'chain-broken', wanted: this.#last ?? 'a COMPLETE message', got: message.appliesTo }
    this.#last = message.resultsIn
    const before = complete ? new Map(this.pods) : undefined
    if (complete) for (const map of this.#maps()) map.clear()
    const applied = this.#applyChanges(message)
    const vanished = before ? [...before].filter(([key, pod]) => this.pods.get(key)?.metadata.uid !== pod.metadata.uid).map(([, pod]) => pod) : []
    return { kind: 'applied', applied: { ...applied, complete, removedPods: [...applied.removedPods, ...vanished] } }
  }

  #applyChanges(message: Assignments): Applied {
    const pods: Pod[] = []
    const removedPods: Pod[] = []
    const sources: Array<{ readonly kind: SourceKind; readonly key: string }> = []
    let services = message.type === Assignments_Type.COMPLETE || message.serviceMapsRevision > 0
    let nodes = message.type === Assignments_Type.COMPLETE
    for (const change of message.changes) {
      const map = this.#mapOf(change.kind)
      const old = map.get(change.key)
      const object = change.action === AssignmentChange_Action.UPDATE ? (JSON.parse(change.object.toString()) as KubeObject) : undefined
      if (object) map.set(change.key, object)
      else map.delete(change.key)
      if (change.kind === AssignmentChange_Kind.POD) {
        if (object) pods.push(object as Pod)
        if (old && old.metadata.uid !== object?.metadata.uid) removedPods.push(old as Pod)
      } else if (SOURCES.has(change.kind)) sources.push({ kind: SOURCES.get(change.kind) ?? 'Secret', key: change.key })
      else if (change.kind === AssignmentChange_Kind.NODE) nodes = true
      else services = true
    }
    return { complete: false, pods, removedPods, sources, services, nodes }
  }

  #maps(): ReadonlyArray<Map<string, KubeObject>> {
    return [this.pods, this.configMaps, this.secrets, this.services, this.slices, this.nodes, this.serviceAccounts, this.claims, this.volumes] as unknown as ReadonlyArray<Map<string, KubeObject>>
  }

  #mapOf(kind: AssignmentChange_Kind): Map<string, KubeObject> {
    const order: readonly number[] = [AssignmentChange_Kind.POD, AssignmentChange_Kind.CONFIG_MAP, AssignmentChange_Kind.SECRET, AssignmentChange_Kind.SERVICE, AssignmentChange_Kind.ENDPOINT_SLICE, AssignmentChange_Kind.NODE, AssignmentChange_Kind.SERVICE_ACCOUNT, AssignmentChange_Kind.PERSISTENT_VOLUME_CLAIM, AssignmentChange_Kind.PERSISTENT_VOLUME]
    return this.#maps()[order.indexOf(kind)] ?? new Map<string, KubeObject>()
  }
}
