import { assertNever } from '../../shared/model/assert.ts'
import type { Node, NodeCondition } from '../../shared/model/gen/api.ts'
import { IMAGE_DOOR_ANNOTATION } from '../../shared/model/image-door.ts'
import { canonicalQuantity } from '../../shared/model/quantity.ts'
import type { Pressure } from '../eviction/thresholds.ts'
import type { UnreachablePeer } from '../fencing/peers.ts'
import type { MachineFacts } from '../host/facts.ts'

/** What the host is, and where the node is reached. */
export interface HostFacts extends MachineFacts {
  readonly address: string
  readonly hostname: string
}

/** Whether pods can run here; `not-known`: nothing is said of it, and what was said before stands. */
export type Readiness = { readonly kind: 'not-known' } | { readonly kind: 'ready' } | { readonly kind: 'not-ready'; readonly reason: string }

export interface NodeFacts {
  readonly name: string
  readonly version: string
  readonly runtimeVersion: string
  readonly host: HostFacts
  readonly maxPods: number
  /** What pods may ask for; all there is unless given. */
  readonly allocatable?: Readonly<Record<string, string>> | undefined
  /** What the node lacks. */
  readonly pressures?: readonly Pressure[] | undefined
  readonly labels: Readonly<Record<string, string>>
  /** Where it gives images to the others, as `image-door.ts` writes it; missing where it gives none. */
  readonly imageDoor?: string | undefined
  readonly images: ReadonlyArray<{ readonly names: readonly string[]; readonly sizeBytes: number }>
  readonly readiness: Readiness
  /** Members that do not answer; `undefined` while nobody knows. */
  readonly unreachable?: readonly UnreachablePeer[] | undefined
}

/** What the node has of everything. */
export function capacityOf(host: Pick<HostFacts, 'cpus' | 'memoryBytes' | 'ephemeralStorageBytes' | 'hugePageBytes'>, maxPods: number): Readonly<Record<string, string>> {
  const hugePages = Object.entries(host.hugePageBytes ?? {}).map(([size, bytes]) => [`hugepages-${size}`, canonicalQuantity(`${bytes / 1024}Ki`) ?? '0'])
  return { cpu: String(host.cpus), memory: `${Math.floor(host.memoryBytes / 1024)}Ki`, 'ephemeral-storage': `${Math.floor(host.ephemeralStorageBytes / 1024)}Ki`, pods: String(maxPods), ...(Object.fromEntries(hugePages) as Readonly<Record<string, string>>) }
}

/** The Node as its agent would have it: what kubelet reports. */
export function nodeObject(facts: NodeFacts): Node {
  const { host } = facts
  const capacity = capacityOf(host, facts.maxPods)
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.name,
      labels: {
        'kubernetes.io/hostname': facts.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': host.architecture,
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': host.architecture,
        ...facts.labels,
      },
      ...(facts.imageDoor !== undefined && { annotations: { [IMAGE_DOOR_ANNOTATION]: facts.imageDoor } }),
    },
    spec: {},
    status: {
      capacity,
      allocatable: facts.allocatable ?? capacity,
      addresses: [
        { type: 'InternalIP', address: host.address },
        { type: 'Hostname', address: facts.name },
      ],
      conditions: conditionsOf(facts),
      nodeInfo: {
        machineID: host.machineId,
        systemUUID: host.machineId,
        bootID: host.bootId,
        kernelVersion: host.kernelVersion,
        osImage: host.osImage,
        containerRuntimeVersion: facts.runtimeVersion,
        kubeletVersion: facts.version,
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: host.architecture,
      },
      images: facts.images.map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes })),
    },
  }
}

const condition = (type: string, status: string, [reason, message]: readonly [string, string]): NodeCondition => ({ type, status, reason, message })

const PRESSURE_WORDS: Readonly<Record<Pressure, { readonly False: readonly [string, string]; readonly True: readonly [string, string] }>> = {
  MemoryPressure: { False: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'], True: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'] },
  DiskPressure: { False: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'], True: ['KubeletHasDiskPressure', 'kubelet has disk pressure'] },
  PIDPressure: { False: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'], True: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'] },
}

function conditionsOf({ name, readiness, unreachable, pressures = [] }: NodeFacts): readonly NodeCondition[] {
  return [
    ...(['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).map((type) => {
      const status = pressures.includes(type) ? 'True' : 'False'
      return condition(type, status, PRESSURE_WORDS[type][status])
    }),
    ...readyCondition(readiness),
    ...(unreachable === undefined ? [] : [reachCondition(name, unreachable)]),
  ]
}

/** A node that cannot ask enough of the others stops its pods when the control plane goes away. */
const reachCondition = (name: string, unreachable: readonly UnreachablePeer[]): NodeCondition =>
  unreachable.length === 0
    ? condition('PeersReachable', 'True', ['PeersAnswer', 'every other node answers'])
    : condition('PeersReachable', 'False', ['PeersDoNotAnswer', unreachable.map((peer) => `${name} cannot reach ${peer.name} at ${peer.address === '' ? 'an unknown address' : peer.address} (${peer.why})`).join('; ')])

function readyCondition(readiness: Readiness): readonly NodeCondition[] {
  switch (readiness.kind) {
    case 'not-known':
      return []
    case 'ready':
      return [condition('Ready', 'True', ['KubeletReady', 'kubelet is posting ready status'])]
    case 'not-ready':
      return [condition('Ready', 'False', ['KubeletNotReady', readiness.reason])]
    default:
      return assertNever(readiness)
  }
}
