import { assertNever } from '../../shared/model/assert.ts'
import type { Node, NodeCondition } from '../../shared/model/gen/api.ts'
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
  readonly labels: Readonly<Record<string, string>>
  readonly images: ReadonlyArray<{ readonly names: readonly string[]; readonly sizeBytes: number }>
  readonly readiness: Readiness
  /** Members that do not answer; `undefined` while nobody knows. */
  readonly unreachable?: readonly UnreachablePeer[] | undefined
}

/** The Node as its agent would have it: what kubelet reports. */
export function nodeObject(facts: NodeFacts): Node {
  const { host } = facts
  const resources = { cpu: String(host.cpus), memory: `${Math.floor(host.memoryBytes / 1024)}Ki`, 'ephemeral-storage': `${Math.floor(host.ephemeralStorageBytes / 1024)}Ki`, pods: String(facts.maxPods), 'hugepages-1Gi': '0', 'hugepages-2Mi': '0' }
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
    },
    spec: {},
    status: {
      capacity: resources,
      allocatable: resources,
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

function conditionsOf({ name, readiness, unreachable }: NodeFacts): readonly NodeCondition[] {
  return [
    condition('MemoryPressure', 'False', ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available']),
    condition('DiskPressure', 'False', ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure']),
    condition('PIDPressure', 'False', ['KubeletHasSufficientPID', 'kubelet has sufficient PID available']),
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
