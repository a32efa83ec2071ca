/** Two control planes over one storage: who leads works, who is deposed writes nothing, who follows serves. */
import { expect, test } from 'vitest'
import { silentLog, type Log } from '../shared/kit/log.ts'
import { seededRandom } from '../shared/kit/random.ts'
import type { Deployment, Service } from '../shared/model/gen/api.ts'
import { deployments, endpointSlices, leases, nodes, pods, replicaSets, services } from '../shared/model/resources.ts'
import { VirtualClock } from '../test/sim/virtual-clock.ts'
import type { ApiClient } from './client/port.ts'
import { createInProcessClient } from './client/in-process.ts'
import { createControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane.ts'
import type { Duty } from './leading.ts'
import { MEMBERSHIP_KEY } from './membership/store.ts'
import type { Storage, Write, WriteResult } from './storage/port.ts'
import { createMemoryStorage } from './storage/storage.ts'

const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`
const LEASE_MS = 1_000

/** A storage whose calls can be held back, as those of a process that stands still, and what became of its writes. */
class Gate {
  readonly results: Array<{ readonly write: Write; readonly result: WriteResult }> = []
  readonly storage: Storage
  /** Keys that are read late. */
  readonly late = new Map<string, Promise<void>>()
  #shut: PromiseWithResolvers<void> | undefined

  constructor(real: Storage) {
    this.storage = {
      get: async (key) => {
        await this.#shut?.promise
        await this.late.get(key)
        return real.get(key)
      },
      list: async (prefix, options) => {
        await this.#shut?.promise
        return real.list(prefix, options)
      },
      currentRevision: async () => {
        await this.#shut?.promise
        return real.currentRevision()
      },
      compact: (revision) => real.compact(revision),
      watch: (prefix, options) => real.watch(prefix, options),
      write: async (write) => {
        await this.#shut?.promise
        const result = await real.write(write)
        this.results.push({ write, result })
        return result
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }

  shut(): void {
    this.#shut = Promise.withResolvers()
  }

  open(): void {
    this.#shut?.resolve()
    this.#shut = undefined
    this.results.length = 0
  }
}

interface Replica {
  readonly plane: ControlPlane
  readonly gate: Gate
  readonly user: ApiClient
  readonly stop: AbortController
}

class Cluster implements AsyncDisposable {
  readonly clock = new VirtualClock()
  readonly storage = createMemoryStorage()
  readonly replicas: Replica[] = []
  readonly complaints: string[] = []
  readonly #log: Log = { ...silentLog, warn: (_fields: unknown, message: string) => void this.complaints.push(message), error: (_fields: unknown, message: string) => void this.complaints.push(message) }

  async start(identity: string, duties: readonly Duty[] = [], settings: Partial<ControlPlaneOptions> = {}): Promise<Replica> {
    const { clock } = this
    const gate = new Gate(this.storage)
    const plane = createControlPlane({
      storage: gate.storage,
      clock,
      random: seededRandom(this.replicas.length + 1),
      log: this.#log,
      rootCaPem: 'PEM',
      tokensKey: '',
      tokensPublicKey: PUBLIC_KEY,
      tokenSigner: { sign: () => Promise.reject(new Error('none here')), signForSecret: () => Promise.reject(new Error('none here')) },
      serverAddress: `${identity}:6443`,
      advertised: { host: `192.0.2.${this.replicas.length + 1}`, port: 6443 },
      clusterCidr: '10.244.0.0/16',
      version: 'test',
      replica: { identity, address: `${identity}:6444`, machine: identity },
      leaderLeaseMs: LEASE_MS,
      duties,
      ...settings,
    })
    const stop = new AbortController()
    plane.serve(stop.signal).catch(() => {})
    plane.campaign(stop.signal).catch(() => {})
    plane.whenServing(stop.signal).then(() => plane.announce(stop.signal)).catch(() => {})
    const user = createInProcessClient({ core: plane.api.core, user: { name: 'admin', uid: '', groups: ['system:masters'], extra: {} } })
    const replica = { plane, gate, user, stop }
    this.replicas.push(replica)
    await clock.advance(200)
    return replica
  }

  async finish<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {})
    await this.clock.advance(50)
    return work
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stop } of this.replicas) stop.abort()
    await this.clock.advance(100)
  }
}

const deployment = (name: string): Deployment => ({
  metadata: { name, namespace: 'default' },
  spec: { replicas: 2, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } } },
})

const podsOf = async (cluster: Cluster, user: ApiClient, name: string): Promise<number> => (await cluster.finish(user.list(pods, { namespace: 'default', labelSelector: `app=${name}` }))).items.length

test('one leads; the other serves, and takes over when the first is stopped', async () => {
  await using cluster = new Cluster()
  const a = await cluster.start('a')
  const b = await cluster.start('b')
  expect([a.plane.leader() !== undefined, b.plane.leader()]).toEqual([true, undefined])
  expect(b.plane.election.leader()).toMatchObject({ identity: 'a', address: 'a:6444' })
  await cluster.finish(b.user.create(deployments, deployment('one')))
  await cluster.clock.advance(500)
  expect(await podsOf(cluster, b.user, 'one')).toBe(2)
  a.stop.abort()
  await cluster.clock.advance(100)
  expect(b.plane.leader()).toBeDefined()
  await cluster.finish(b.user.create(deployments, deployment('two')))
  await cluster.clock.advance(500)
  expect(await podsOf(cluster, b.user, 'two')).toBe(2)
})

test('people see in the leases of Kubernetes who leads', async () => {
  await using cluster = new Cluster()
  const a = await cluster.start('a')
  const b = await cluster.start('b')
  const seen = async (): Promise<unknown> => {
    const { spec } = await cluster.finish(b.user.get(leases, { namespace: 'kube-system', name: 'kube-scheduler' }))
    return { holder: spec?.holderIdentity, transitions: spec?.leaseTransitions, isRenewed: spec?.renewTime !== spec?.acquireTime }
  }
  expect(await seen()).toEqual({ holder: 'a', transitions: 0, isRenewed: false })
  await cluster.clock.advance(12_000)
  expect(await seen()).toEqual({ holder: 'a', transitions: 0, isRenewed: true })
  a.stop.abort()
  await cluster.clock.advance(500)
  expect(await seen()).toEqual({ holder: 'b', transitions: 1, isRenewed: false })
})

test('a leader that stands still between deciding and writing writes nothing any more; it follows, and can lead again', async () => {
  await using cluster = new Cluster()
  const a = await cluster.start('a')
  const b = await cluster.start('b')
  a.gate.shut()
  await cluster.finish(b.user.create(deployments, deployment('one')))
  // By now it has decided on a ReplicaSet, and its write is on the way.
  await cluster.clock.advance(LEASE_MS * 2)
  expect([a.plane.leader()?.isConfirmed() ?? false, b.plane.leader()?.isConfirmed()]).toEqual([false, true])
  expect(await podsOf(cluster, b.user, 'one')).toBe(2)
  a.gate.open()
  await cluster.clock.advance(LEASE_MS)
  const late = a.gate.results.filter(({ write }) => write.key.startsWith('/gantry/'))
  expect(late.length).toBeGreaterThan(0)
  expect(late.filter(({ result }) => result.kind === 'committed').map(({ write }) => write.key)).toEqual([])
  expect((await cluster.finish(b.user.list(replicaSets, { namespace: 'default' }))).items.length).toBe(1)
  expect(a.plane.leader()).toBeUndefined()

  b.stop.abort()
  await cluster.clock.advance(200)
  expect(a.plane.leader()).toBeDefined()
  await cluster.finish(a.user.create(deployments, deployment('two')))
  await cluster.clock.advance(500)
  expect(await podsOf(cluster, a.user, 'two')).toBe(2)
})

/** Until they are, a node with an agent looks like one without: what somebody says is out of service would be taken from it while it runs. */
test('nothing is taken from a node before the leader knows the memberships', async () => {
  await using cluster = new Cluster()
  const a = await cluster.start('a')
  const b = await cluster.start('b')
  await cluster.finish(b.user.create(nodes, { metadata: { name: 'n1' }, spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] } }))
  const known = Promise.withResolvers<void>()
  b.gate.late.set(MEMBERSHIP_KEY, known.promise)
  a.stop.abort()
  await cluster.finish(b.user.create(pods, { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] } }))
  const here = async (): Promise<number> => (await cluster.finish(b.user.list(pods, { namespace: 'default' }))).items.length
  await cluster.clock.advance(3_000)
  expect(await here()).toBe(1)
  known.resolve()
  await cluster.clock.advance(3_000)
  expect(await here()).toBe(0)
})

test('what is reserved for a leader is reserved under its guard', async () => {
  await using cluster = new Cluster()
  const service: Service = { metadata: { name: 's', namespace: 'default' }, spec: { type: 'NodePort', selector: { app: 's' }, ports: [{ port: 80 }] } }
  let outcome: unknown
  let make = (): void => {}
  const a = await cluster.start('a', [
    async (leadership, client) => {
      make = () => void client.create(services, service).then((made) => (outcome = made), (error: unknown) => (outcome = error))
      await new Promise((resolve) => leadership.signal.addEventListener('abort', resolve))
    },
  ])
  await cluster.start('b')
  const reserved = async (): Promise<readonly string[]> => (await Promise.all(['/gantry/networking.k8s.io/ipaddresses/', '/gantry/core/servicenodeports/'].map((prefix) => cluster.storage.list(prefix)))).flatMap(({ entries }) => entries.map(({ key }) => key))
  const before = await reserved()
  a.gate.shut()
  make()
  await cluster.clock.advance(LEASE_MS * 2)
  a.gate.open()
  await cluster.clock.advance(LEASE_MS)
  expect(outcome).toMatchObject({ code: expect.stringMatching(/deposed|cancelled/) as string })
  expect(await reserved()).toEqual(before)
})

test('without its storage for a minute the only control plane goes on where it was', async () => {
  await using cluster = new Cluster()
  const a = await cluster.start('a')
  const leader = a.plane.leader()
  a.gate.shut()
  await cluster.clock.advance(60_000)
  expect([a.plane.leader() === leader, leader?.isConfirmed()]).toEqual([true, false])
  a.gate.open()
  await cluster.clock.advance(LEASE_MS)
  expect([a.plane.leader() === leader, leader?.isConfirmed()]).toEqual([true, true])
})

test('two that start at once over an empty storage make what a cluster holds only once, and without complaint', async () => {
  await using cluster = new Cluster()
  const both = Promise.all([cluster.start('a'), cluster.start('b')])
  await both
  const [a] = cluster.replicas
  expect(cluster.replicas.filter(({ plane }) => plane.leader()).length).toBe(1)
  const { items } = await cluster.finish(a?.user.list(services, { namespace: 'default' }) ?? Promise.reject(new Error('no replica')))
  expect(items.map(({ metadata, spec }) => [metadata.name, spec?.clusterIP])).toEqual([['kubernetes', '10.96.0.1']])
  expect(cluster.complaints).toEqual([])
})

test('a first start that died between the address of the service kubernetes and the service is made good by the next', async () => {
  await using cluster = new Cluster()
  const record = { kind: 'IPAddress', apiVersion: 'networking.k8s.io/v1', metadata: { name: '10.96.0.1', uid: 'u', creationTimestamp: '2025-12-31T23:00:00Z' }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } } }
  await cluster.storage.write({ kind: 'put', key: '/gantry/networking.k8s.io/ipaddresses/10.96.0.1', value: JSON.stringify(record), expect: { kind: 'absent' } })
  const a = await cluster.start('a')
  await cluster.clock.advance(500)
  expect((await cluster.finish(a.user.get(services, { namespace: 'default', name: 'kubernetes' }))).spec?.clusterIP).toBe('10.96.0.1')
})

test('the service kubernetes leads to the replicas that live', async () => {
  await using cluster = new Cluster()
  const hosts = async ({ user }: Replica): Promise<readonly string[]> => ((await cluster.finish(user.get(endpointSlices, { namespace: 'default', name: 'kubernetes' }))).endpoints ?? []).flatMap(({ addresses }) => addresses)
  const a = await cluster.start('a')
  expect(await hosts(a)).toEqual(['192.0.2.1'])
  const b = await cluster.start('b')
  const c = await cluster.start('c')
  await cluster.clock.advance(LEASE_MS)
  expect(await hosts(c)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
  // One that follows dies.
  c.gate.shut()
  await cluster.clock.advance(LEASE_MS * 2)
  expect(await hosts(a)).toEqual(['192.0.2.1', '192.0.2.2'])
  // Then the one that leads.
  a.gate.shut()
  await cluster.clock.advance(LEASE_MS * 3)
  expect(await hosts(b)).toEqual(['192.0.2.2'])
  // One that says good-bye goes at once.
  const d = await cluster.start('d')
  await cluster.clock.advance(LEASE_MS)
  expect(await hosts(b)).toEqual(['192.0.2.2', '192.0.2.4'])
  d.stop.abort()
  await cluster.clock.advance(LEASE_MS / 2)
  expect(await hosts(b)).toEqual(['192.0.2.2'])
})

test('fifty changes of the leader leave nothing behind that goes on working', async () => {
  await using cluster = new Cluster()
  const replicas = [await cluster.start('a'), await cluster.start('b')]
  const { clock } = cluster
  const timersOfTenSeconds = async (): Promise<number> => {
    await clock.advance(15_000)
    const before = clock.ran
    await clock.advance(10_000)
    return clock.ran - before
  }
  const before = await timersOfTenSeconds()
  const led = new Map<string, number>()
  for (let round = 0; round < 50; round++) {
    await cluster.storage.write({ kind: 'delete', key: '/gantry-election/control-plane/leader', expect: { kind: 'any' } })
    await clock.advance(400)
    for (const { plane } of replicas) if (plane.leader()) led.set(plane.election.leader()?.identity ?? '', (led.get(plane.election.leader()?.identity ?? '') ?? 0) + 1)
  }
  expect([...led.values()].reduce((sum, times) => sum + times, 0)).toBe(50)
  expect(led.size).toBe(2)
  expect(Math.abs((await timersOfTenSeconds()) - before)).toBeLessThan(before / 20)
})

test('services get their addresses from where the settings say', async () => {
  await using cluster = new Cluster()
  const { user } = await cluster.start('a', [], { serviceCidr: '10.32.0.0/24' })
  await cluster.clock.advance(500)
  expect((await cluster.finish(user.get(services, { namespace: 'default', name: 'kubernetes' }))).spec?.clusterIP).toBe('10.32.0.1')
  const made = await cluster.finish(user.create(services, { metadata: { name: 's', namespace: 'default' }, spec: { ports: [{ port: 80 }] } }))
  expect(made.spec?.clusterIP).toMatch(/^10\.32\.0\.\d+$/)
})
