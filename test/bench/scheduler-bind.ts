/**
 * 10,000 pods onto 5,000 nodes through a real etcd: the API server's core, the informers and the scheduler, as the control plane has them. Prints
 * the pods bound per second, from the scheduler's start until a watch has told of the last binding.
 */
import { createControlPlane, type ControlPlane } from '../../control-plane/control-plane.ts'
import { createEventRecorder } from '../../control-plane/controllers/events/recorder.ts'
import { createScheduler } from '../../control-plane/scheduler/scheduler.ts'
import { createEtcdStorage } from '../../control-plane/storage/storage.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, createTokenKeys } from '../../shared/kit/pki.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import { taskGroup } from '../../shared/kit/task-group.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { nodes as nodesResource, pods as podsResource } from '../../shared/model/resources.ts'
import { startEtcd } from '../contract/etcd.ts'

const [nodes = 5_000, pods = 10_000] = process.argv.slice(2).map(Number)
const WRITERS = 64

const nodeOf = (index: number): Node => ({
  metadata: { name: `node-${index}`, labels: { 'kubernetes.io/hostname': `node-${index}`, 'topology.kubernetes.io/zone': `zone-${index % 3}` } },
  spec: {},
  status: { capacity: { cpu: '4', memory: '32Gi', pods: '110' }, allocatable: { cpu: '4', memory: '32Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] },
})

const podOf = (index: number): Pod => ({
  metadata: { name: `pod-${index}`, namespace: 'default', labels: { app: 'bench' } },
  spec: { containers: [{ name: 'c', image: 'busybox:1.35', resources: { requests: { cpu: '100m', memory: '500Mi' } } }] },
})

async function each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const writer = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

async function compose(endpoint: string) {
  const storage = await createEtcdStorage({ endpoints: [endpoint], maxTxnOps: 1024, clock: systemClock, log: silentLog })
  const authority = await createAuthority({ commonName: 'bench', clock: systemClock })
  const tokens = createTokenKeys()
  const plane = createControlPlane({
    storage,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    rootCaPem: authority.certificatePem,
    tokensKey: tokens.privateKeyPem,
    tokensPublicKey: tokens.publicKeyPem,
    serverAddress: '127.0.0.1:6443',
    clusterCidr: '10.0.0.0/8',
    version: 'bench',
    replica: { identity: 'bench', address: '127.0.0.1:6444', machine: 'bench' },
  })
  return { storage, plane }
}

/** Resolves when so many pods are bound, as a watch tells. */
async function allBound(plane: ControlPlane, resourceVersion: string, signal: AbortSignal): Promise<void> {
  const bound = new Set<string>()
  for await (const change of plane.client.watch<Pod>(podsResource, { resourceVersion, signal })) {
    if (change.type !== 'BOOKMARK' && change.object.spec?.nodeName !== undefined) bound.add(change.object.metadata.name ?? '')
    if (bound.size === pods) return
  }
}

await using etcd = await startEtcd()
const { storage, plane } = await compose(etcd.endpoint)
await using _storage = storage
await using tasks = taskGroup((name, error) => {
  process.stderr.write(`${name}: ${String(error)}\n`)
  process.exit(1)
})
tasks.start('api server', (signal) => plane.serve(signal))
await plane.whenServing(tasks.signal)
await each(nodes, async (index) => {
  // A new node is tainted until it is known to be ready.
  const { metadata, spec } = await plane.client.create(nodesResource, nodeOf(index))
  await plane.client.update(nodesResource, { ...nodeOf(index), metadata, spec: { ...spec, taints: [] } })
})
await each(pods, (index) => plane.client.create(podsResource, podOf(index)))
const { resourceVersion } = await plane.client.list(podsResource, { namespace: 'kube-system' })
const startMs = performance.now()
const bound = allBound(plane, resourceVersion, tasks.signal)
const parts = { client: plane.client, informers: plane.informers, clock: systemClock, random: systemRandom, log: silentLog }
const events = createEventRecorder(parts)
const scheduler = createScheduler({ ...parts, events })
tasks.start('events', (signal) => events.run(signal))
tasks.start('scheduler', (signal) => scheduler.run(signal))
await bound
process.stdout.write(`${Math.round((pods / (performance.now() - startMs)) * 1000)} pods/s\n`)
process.exit()
