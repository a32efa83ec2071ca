/** Composes one agent from its parts, real or fake: the same wiring serves a host, a lab node and a simulated node. */
import type { Clock } from '../shared/kit/clock.ts'
import { messageOf } from '../shared/kit/faults.ts'
import type { Log } from '../shared/kit/log.ts'
import type { Random } from '../shared/kit/random.ts'
import type { Node } from '../shared/model/gen/api.ts'
import type { EvictionLoop } from './eviction/eviction.ts'
import type { UnreachablePeer } from './fencing/peers.ts'
import { imagesInStatus } from './images/node-status.ts'
import type { ImageStore } from './images/port.ts'
import type { NodeRoute, PodNetwork, ServicePort } from './network/port.ts'
import type { PodReporter, PodWorkers } from './pods/port.ts'
import { deepEqual } from '../shared/model/json.ts'
import { AssignmentStore, type AssignedObjects } from './session/assignment-store.ts'
import { latest } from './session/latest.ts'
import { nodeObject, type HostFacts, type Readiness } from './session/node-object.ts'
import { Outbox, type NodeEvent } from './session/outbox.ts'
import type { ControlPlaneLink } from './session/port.ts'
import { AgentSession } from './session/session.ts'
import type { StaticPods } from './static-pods/static-pods.ts'

export interface AgentOptions {
  readonly nodeName: string
  /** Tells an agent that goes on where one before it was from all others; the boot id unless given. */
  readonly lifeId?: string
  readonly version: string
  readonly runtimeVersion: string
  readonly host: HostFacts
  readonly maxPods: number
  /** What pods may ask for; all there is unless given. */
  readonly allocatable?: Readonly<Record<string, string>> | undefined
  /** What the node lacks, for its conditions. */
  readonly eviction?: Pick<EvictionLoop, 'pressures' | 'onChange'> | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly clusterCidr: string
  readonly link: ControlPlaneLink
  readonly network: PodNetwork
  readonly images: ImageStore
  /** Where it gives them to other nodes; missing where it does not. */
  readonly imageDoor?: string | undefined
  /** Makes the pod workers, given where they report to and what is assigned. */
  readonly createWorkers: (reporter: PodReporter, assigned: AssignedObjects) => PodWorkers
  /** Runs the pods of the node's own files beside those that are assigned; without files too, because there may be mirrors of former ones. */
  readonly staticPods: StaticPods
  /** PURE: what is to be programmed for the services. */
  readonly servicePorts: (assigned: AssignedObjects) => readonly ServicePort[]
  /** Which other members cannot be reached; `undefined` while nobody knows. */
  readonly reach?: Reach
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface Reach {
  readonly unreachable: readonly UnreachablePeer[] | undefined
  onReach(listener: () => void): () => void
}

export interface Agent {
  /** An event of the node itself, told when there is a session. */
  event(event: NodeEvent): void
  /** Registers anew: what was told of this node before does not count any more. */
  registerAnew(): void
  /** Runs until the signal aborts; containers keep running. */
  run(signal: AbortSignal): Promise<void>
}

/** @throws nothing: what fails is tried again, and said in the node's conditions. */
export function createAgent(options: AgentOptions): Agent {
  const { nodeName, clock, random, log, network, images } = options
  const store = new AssignmentStore()
  const outbox = new Outbox({ clock, nodeName })
  const { staticPods } = options
  const workers = staticPods.around((reporter) => options.createWorkers(reporter, store), outbox)
  /** Until the network has been looked at nothing is said: an agent that was only started again must not make its node unready for a moment. */
  let readiness: Readiness = { kind: 'not-known' }
  let imageList: NodeImages = []

  const node = (): Node =>
    nodeObject({ name: nodeName, version: options.version, runtimeVersion: options.runtimeVersion, host: options.host, maxPods: options.maxPods, labels: options.labels, images: imageList, imageDoor: options.imageDoor, readiness, unreachable: options.reach?.unreachable, allocatable: options.allocatable, pressures: options.eviction?.pressures })

  let current: AgentSession | undefined
  return {
    event: (event) => outbox.nodeEvent(event),
    registerAnew: () => current?.reopen(),
    async run(signal) {
      const failed = (what: string) => (error: unknown) => log.warn({ err: messageOf(error) }, `${what} not programmed yet`)
      const unready = (reason: string): void => {
        if (readiness.kind === 'not-ready' && readiness.reason === reason) return
        readiness = { kind: 'not-ready', reason }
        session.nodeChanged()
      }
      let configuredFor: string | undefined
      const routing = latest<undefined>({
        clock,
        signal,
        onError(error) {
          failed('routes')(error)
          if (configuredFor === undefined) unready(`the pod network cannot be set up: ${messageOf(error)}`)
        },
        async work() {
          const podCidr = store.nodes.get(nodeName)?.spec?.podCIDR
          if (podCidr === undefined) return unready('the node has no pod address range yet')
          if (configuredFor !== podCidr) await network.configureNode({ podCidr, clusterCidr: options.clusterCidr, nodeAddress: options.host.address })
          await network.setRoutes(routesTo(store, nodeName))
          if (configuredFor === podCidr) return
          configuredFor = podCidr
          readiness = { kind: 'ready' }
          services.request(() => {})
          session.nodeChanged()
        },
      })
      const services = latest<() => void>({
        clock,
        signal,
        onError: failed('services'),
        async work(ack) {
          if (configuredFor !== undefined) await network.setServices(options.servicePorts(store))
          ack()
        },
      })
      const imports = latest<undefined>({
        clock,
        signal,
        onError: (error) => log.warn({ err: messageOf(error) }, 'images cannot be listed'),
        async work() {
          const before = imageList
          imageList = await imagesOf(images)
          if (deepEqual(before, imageList)) return
          workers.imagesChanged()
          session.nodeChanged()
        },
      })
      const session = new AgentSession({
        nodeName,
        bootId: options.lifeId ?? options.host.bootId,
        version: options.version,
        link: options.link,
        workers,
        outbox,
        store,
        node,
        onServices: (ack) => services.request(ack),
        onNodes: () => routing.request(undefined),
        staticPods: () => staticPods.toTell(),
        clock,
        random,
        log,
      })
      current = session
      const stopListening = images.onChange(() => imports.request(undefined))
      const stopReaching = options.reach?.onReach(() => session.nodeChanged())
      const stopMirroring = staticPods.onChange(() => session.staticPodsChanged())
      const stopPressing = options.eviction?.onChange(() => session.nodeChanged())
      try {
        imageList = await imagesOf(images)
        await Promise.all([workers.run(signal), session.run(signal)])
      } finally {
        stopListening()
        stopReaching?.()
        stopPressing?.()
        stopMirroring()
      }
    },
  }
}

type NodeImages = ReadonlyArray<{ readonly names: readonly string[]; readonly sizeBytes: number }>

const imagesOf = async (store: ImageStore): Promise<NodeImages> => imagesInStatus(await store.list())

function routesTo(assigned: AssignedObjects, nodeName: string): readonly NodeRoute[] {
  return [...assigned.nodes.values()].flatMap((node): readonly NodeRoute[] => {
    const podCidr = node.spec?.podCIDR
    const address = node.status?.addresses?.find((one) => one.type === 'InternalIP')?.address
    return node.metadata.name === nodeName || podCidr === undefined || address === undefined ? [] : [{ nodeName: node.metadata.name ?? '', podCidr, address }]
  })
}
