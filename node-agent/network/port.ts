import type { PodUsers } from '../host/pod-users.ts'

/**
 * The pod network of this node and the service maps. All verbs are idempotent, so that a plan may try them again.
 *
 * Each pod sandbox is a network namespace pinned by a bind mount, with an address from the node's range, on a bridge of the node;
 * other nodes' ranges are routed to their addresses. Services are translated by nftables maps: one lookup per connection, changed by element.
 */
export interface Sandbox {
  /** Path of the pinned namespace: enter with `nsenter --net=PATH`, or give it to the OCI spec. */
  readonly netnsPath: string
  readonly ip: string
  /** Of a pod with `ownUsers`: what its containers join, and how its files' owners are mapped. */
  readonly users?: PodUsers | undefined
}

export interface NodeRoute {
  readonly nodeName: string
  readonly podCidr: string
  /** InternalIP of the node. */
  readonly address: string
}

export interface ServicePort {
  /** `namespace/name:port-name` */
  readonly name: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly clusterIPs: readonly string[]
  readonly externalIPs: readonly string[]
  readonly port: number
  readonly nodePort?: number | undefined
  /** Seconds of ClientIP affinity; absent: none. */
  readonly affinitySeconds?: number | undefined
  readonly endpoints: ReadonlyArray<{ readonly ip: string; readonly port: number }>
  /** Endpoints on this node only (`internalTrafficPolicy` / `externalTrafficPolicy: Local`). */
  readonly internalLocal: boolean
  readonly externalLocal: boolean
  readonly localEndpoints: ReadonlyArray<{ readonly ip: string; readonly port: number }>
}

export interface AttachOptions {
  readonly hostname: string
  readonly ownUsers?: boolean
  readonly hostPorts?: ReadonlyArray<{ readonly hostPort: number; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly hostIP: string }>
  readonly sysctls?: Readonly<Record<string, string>>
}

export interface PodNetwork {
  /** Bridge, forwarding, masquerading and the service table for this node's range; called at start and when the range becomes known. */
  configureNode(options: { readonly podCidr: string; readonly clusterCidr: string; readonly nodeAddress: string }): Promise<void>
  /** Routes to all other nodes' ranges; replaces what was there. */
  setRoutes(routes: readonly NodeRoute[]): Promise<void>
  /**
   * Makes the sandbox of a pod (by uid), or answers the one that is there. `ownUsers`: with a user namespace that owns the network, and a range of ids no other pod of this node has.
   * `sysctls`: settings of its network, by their names with dots; Fault('invalid') where the kernel does not take one.
   */
  attach(podUid: string, options: AttachOptions): Promise<Sandbox>
  /** The sandbox if it is there. */
  find(podUid: string): Promise<Sandbox | undefined>
  /** Releases address, namespace and interfaces. Removing what is not there is no error. */
  detach(podUid: string): Promise<void>
  /** Pod uids of all sandboxes, for the collector. */
  list(): Promise<readonly string[]>
  /** Programs exactly these services (differences only are sent to the kernel). Connections to endpoints that went away are not cut, except UDP; calls that nobody answers there are led elsewhere when they ask again. */
  setServices(services: readonly ServicePort[]): Promise<void>
  /** Removes everything this node's network made. */
  teardown(): Promise<void>
}
