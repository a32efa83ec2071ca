import { seededRandom } from '../../shared/kit/random.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { RunRight } from '../../shared/model/fencing.ts'
import type { Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { fakeCgroups } from '../cgroups/fake.ts'
import { fakeImageStore } from '../images/fake.ts'
import { fakeLogFiles } from '../logs/fake.ts'
import { fakePodNetwork } from '../network/fake.ts'
import { fakeProbeNetwork } from '../probes/fake.ts'
import { fakeRuntime, newFakeHost, type FakeRuntimeOptions } from '../runtime/fake.ts'
import { fakeSnapshots } from '../snapshots/fake.ts'
import type { PrepareResult, Volumes } from '../volumes/port.ts'
import { fakePodFiles } from './fake-files.ts'
import type { PodParts } from './parts.ts'
import { createPodWorkers } from './pods.ts'
import type { PodReporter, PodStatusReport } from './port.ts'
import type { PodEvent } from './words.ts'

/** What the node may do, as a test says it. */
export interface HarnessRight {
  isHeld: boolean
  /** When it is not held. */
  last: RunRight
  exempt: readonly string[]
  readonly listeners: Set<(right: RunRight) => void>
}

/** A node of fakes under virtual time, for tests of pod workers. */
export interface PodHarness {
  readonly clock: VirtualClock
  readonly parts: PodParts
  readonly runtime: ReturnType<typeof fakeRuntime>
  readonly reports: PodStatusReport[]
  readonly events: Array<PodEvent & { readonly pod: string }>
  readonly volumeAnswers: Map<string, PrepareResult>
  readonly right: HarnessRight
  workers: ReturnType<typeof createPodWorkers>
  /** The newest status of a pod. */
  status(name: string): PodStatusReport['status']
  removed(name: string): boolean
  /** Kills the agent and starts a new one over the same containers. */
  restartAgent(): Promise<void>
  close(): Promise<void>
}

export async function podHarness({ pressures, ownNode, ...options }: Partial<FakeRuntimeOptions> & Pick<PodParts, 'pressures' | 'ownNode'> = {}): Promise<PodHarness> {
  const clock = new VirtualClock()
  const host = newFakeHost()
  const network = fakePodNetwork()
  await network.configureNode({ podCidr: '10.244.1.0/24', clusterCidr: '10.244.0.0/16', nodeAddress: '192.0.2.1' })
  const images = fakeImageStore()
  images.put({ tags: ['docker.io/library/busybox:1.35'] })
  const reports: PodStatusReport[] = []
  const events: PodHarness['events'] = []
  const reporter: PodReporter = { report: (one) => void reports.push(one), event: (pod, event) => void events.push({ ...event, pod: pod.metadata.name ?? '' }) }
  const right: HarnessRight = { isHeld: true, last: { kind: 'none' }, exempt: [], listeners: new Set() }
  const volumeAnswers = new Map<string, PrepareResult>()
  const runtime = fakeRuntime({ clock, host, ...options })
  const parts: PodParts = {
    runtime,
    images,
    snapshots: fakeSnapshots(),
    network,
    volumes: fakeVolumes(volumeAnswers),
    cgroups: fakeCgroups(),
    probes: fakeProbeNetwork(),
    files: fakePodFiles(),
    logs: fakeLogFiles(),
    forwarder: { connect: () => Promise.reject(new Error('not here')), dial: () => Promise.reject(new Error('not here')) },
    sources: { configMap: () => undefined, secret: () => undefined, services: () => [], serviceAccountToken: () => Promise.reject(new Error('no tokens here')) },
    reporter,
    pressures,
    ownNode,
    right: { mayRun: () => right.isHeld, right: () => (right.isHeld ? { kind: 'held', untilMs: Number.POSITIVE_INFINITY } : right.last), onChange: (listener) => (right.listeners.add(listener), () => right.listeners.delete(listener)) },
    deadlines: { setExempt: (uids) => void (right.exempt = uids) },
    clock,
    random: seededRandom(1),
    log: silentLog,
    config: { nodeName: 'n1', hostIP: '192.0.2.1', hostname: 'n1', clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', logFolder: '/logs', checkpointFolder: '/state', capacity: { cpuMillis: 2000, memoryBytes: 2 ** 32, pods: 110 }, allocatable: { cpu: '2' }, capabilities: [], logMaxBytes: 10 << 20, logMaxFiles: 5 },
  }
  const start = (of: PodParts): { readonly workers: ReturnType<typeof createPodWorkers>; readonly stop: () => Promise<void> } => {
    const over = new AbortController()
    const workers = createPodWorkers(of)
    const running = workers.run(over.signal)
    return {
      workers,
      stop: async () => {
        over.abort(new Error('killed'))
        await running
      },
    }
  }
  let agent = start(parts)
  const newest = (name: string): PodStatusReport | undefined => reports.findLast(({ pod }) => pod.metadata.name === name)
  const harness: PodHarness = {
    clock,
    parts,
    runtime,
    reports,
    events,
    volumeAnswers,
    right,
    workers: agent.workers,
    status: (name) => newest(name)?.status ?? {},
    removed: (name) => newest(name)?.removed ?? false,
    async restartAgent() {
      await agent.stop()
      agent = start({ ...parts, runtime: fakeRuntime({ clock, host, ...options }) })
      harness.workers = agent.workers
    },
    close: () => agent.stop(),
  }
  await clock.advance(0)
  return harness
}

function fakeVolumes(answers: Map<string, PrepareResult>): Volumes {
  const prepared = new Set<string>()
  return {
    async prepare(pod) {
      const uid = pod.metadata.uid ?? ''
      prepared.add(uid)
      return answers.get(pod.metadata.name ?? '') ?? { kind: 'ready', paths: Object.fromEntries((pod.spec?.volumes ?? []).map(({ name }) => [name, `/volumes/${uid}/${name}`])) }
    },
    remove: async (uid) => void prepared.delete(uid),
    list: async () => [...prepared],
    podFolder: (uid) => `/pods/${uid}`,
  }
}

let count = 0

/** A pod as the API server would hand it out. */
export function testPod(name: string, spec: Omit<PodSpec, 'containers'> & Partial<PodSpec>): Pod {
  const uid = `00000000-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}`
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns', uid, generation: 1 }, spec: { nodeName: 'n1', restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec, containers: spec.containers ?? [] }, status: { phase: 'Pending', qosClass: 'BestEffort' } }
}

/** The pod with a deletion asked for. */
export const deleted = (pod: Pod, graceSeconds: number): Pod => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: graceSeconds } })

export const shell = (name: string, script: string, more: object = {}): { readonly name: string; readonly image: string; readonly command: readonly string[] } => ({ name, image: 'busybox:1.35', command: ['sh', '-c', script], ...more })
