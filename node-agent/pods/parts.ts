import type { Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { Node, Service } from '../../shared/model/gen/api.ts'
import type { NodeBounds } from '../cgroups/pod-limits.ts'
import type { Cgroups } from '../cgroups/port.ts'
import type { Pressure } from '../eviction/thresholds.ts'
import type { DeadlineStore, PodRight } from '../fencing/port.ts'
import type { ImageStore } from '../images/port.ts'
import type { LogFiles } from '../logs/port.ts'
import type { PodNetwork } from '../network/port.ts'
import type { ProbeNetwork } from '../probes/port.ts'
import type { PausePod } from '../runtime/pause.ts'
import type { ContainerRuntime } from '../runtime/port.ts'
import type { Snapshots } from '../snapshots/port.ts'
import type { NodeUsage } from '../stats/node-use.ts'
import type { VolumeSources, Volumes } from '../volumes/port.ts'
import type { NodeCapacity } from './admit.ts'
import type { PodFiles } from './files-port.ts'
import type { PodReporter } from './port.ts'
import type { PortForwarder } from './streams/forwarder.ts'

/** What pods are made from beside their own objects: volumes' sources and the services of the cluster. */
export interface PodSources extends VolumeSources {
  services(): readonly Service[]
}

export interface PodsConfig extends NodeBounds {
  readonly nodeName: string
  /** InternalIP of the node: `status.hostIP`. */
  readonly hostIP: string
  /** Its name in the UTS namespace that pods on the host's network share. */
  readonly hostname: string
  readonly clusterDns: readonly string[]
  /** `cluster.local` */
  readonly clusterDomain: string
  /** Container logs: `NAMESPACE_NAME_UID/CONTAINER/ATTEMPT.log` below it. */
  readonly logFolder: string
  /** One file per pod: what must be known after a restart of the agent. */
  readonly checkpointFolder: string
  readonly capacity: NodeCapacity
  /** As in the Node's status: what `limits` mean that are not set. */
  readonly allocatable: Readonly<Record<string, string | number>>
  /** Capabilities of this process (`ownCapabilities`). */
  readonly capabilities: readonly string[]
  /** `amd64`, `arm64`, … */
  readonly architecture?: string | undefined
  /** Where the profiles are that containers name by `seccompProfile.localhostProfile`; the node has none unless given. */
  readonly seccompFolder?: string | undefined
  /** In memory, this agent's alone: where secrets of image builds lie while a step wants them. Without it they can be variables only. */
  readonly buildSecretsFolder?: string | undefined
  /** A log is rotated at this size; so many files of it are kept. */
  readonly logMaxBytes: number
  readonly logMaxFiles: number
}

/** Everything the pod workers act on. */
export interface PodParts {
  readonly runtime: ContainerRuntime
  readonly images: ImageStore
  readonly snapshots: Snapshots
  readonly network: PodNetwork
  readonly volumes: Volumes
  readonly cgroups: Cgroups
  readonly probes: ProbeNetwork
  readonly files: PodFiles
  /** Makes the first process of a pod whose containers share their processes; without it a container's is that. */
  readonly pause?: PausePod | undefined
  readonly logs: LogFiles
  readonly forwarder: PortForwarder
  readonly sources: PodSources
  /** Asked before a container is started. */
  readonly right: PodRight
  /** Told of the pods that outlive the right, before they are started. */
  readonly deadlines: Pick<DeadlineStore, 'setExempt'>
  readonly reporter: PodReporter
  /** What the node as a whole uses; the machine's processors and memory unless given. */
  readonly nodeUse?: (() => Promise<NodeUsage>) | undefined
  /** What the node lacks: asked before a pod is taken in. */
  readonly pressures?: (() => readonly Pressure[]) | undefined
  /** This node as the control plane knows it (labels, taints); undefined while it has told nothing. */
  readonly ownNode?: (() => Node | undefined) | undefined
  /** Uids of what runs here beside pods, and is to be left alone: builds of images. */
  readonly guests?: Set<string> | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly config: PodsConfig
}
