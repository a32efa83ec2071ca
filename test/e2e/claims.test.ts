/** Data on claims, as users of kubectl have it: written by one pod, read by another; on the node where it is; waited for. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event, PersistentVolume, PersistentVolumeClaim, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, pidOf, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { eventually, inside, logOf, podWhen, remove, tracesOn, trialPod } from './pod-trials.ts'

const FOREVER = 'exec sleep 100000'
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims'
let cluster: TestLab
let disks: string

labOfTests({
  name: 'e2e-claims',
  nodes: 2,
  prepare: (lab) => {
    cluster = lab
    disks = mkdtempSync(join(tmpdir(), 'gantry-claims-'))
  },
  over: () => rmSync(disks, { recursive: true, force: true }),
})

async function apply(...objects: readonly object[]): Promise<void> {
  const ran = await cluster.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
  if (ran.exitCode !== 0) throw new Error(ran.stderr)
}

const volume = (name: string, spec: PersistentVolume['spec']): PersistentVolume => ({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: name, ...spec } })
const claim = (name: string, storageClassName: string, accessModes: readonly string[] = ['ReadWriteOnce']): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: { accessModes, storageClassName, resources: { requests: { storage: '1Gi' } } } })
const user = (name: string, claimName: string, script: string, { spec = {}, mount = {} }: { readonly spec?: Partial<NonNullable<Pod['spec']>>; readonly mount?: object } = {}): Pod =>
  trialPod(name, script, { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }], ...spec }, container: { env: [{ name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }], volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }] } })
const ONCE = { restartPolicy: 'Never' } as const

test('what one pod writes to a claim the next one reads, in parts of it too', async () => {
  await apply(volume('host', { hostPath: { path: join(disks, 'host'), type: 'DirectoryOrCreate' } }), claim('books', 'host'))
  await apply(user('writer', 'books', 'echo kept > /data/book; mkdir /data/part; echo inner > /data/part/f', { spec: ONCE }))
  await podWhen(cluster, 'writer', (pod) => pod.status?.phase === 'Succeeded')
  await remove(cluster, 'writer')
  expect(readFileSync(join(disks, 'host/book'), 'utf8')).toBe('kept\n')
  const readOnly = [{ name: 'data', persistentVolumeClaim: { claimName: 'books', readOnly: true } }]
  await apply(user('reader', 'books', 'cat /data/book; echo x 2>&1 > /data/new; true', { spec: { ...ONCE, volumes: readOnly } }), user('inner', 'books', 'cat /data/f', { spec: ONCE, mount: { subPath: 'part' } }), user('own', 'books', 'echo mine > /data/f', { spec: ONCE, mount: { subPathExpr: 'of-$(ME)' } }))
  for (const name of ['reader', 'inner', 'own']) await podWhen(cluster, name, (pod) => pod.status?.phase === 'Succeeded')
  expect(await logOf(cluster, 'reader')).toMatch(/^kept\n.*Read-only file system/)
  expect(await logOf(cluster, 'inner')).toBe('inner\n')
  expect(readFileSync(join(disks, 'host/of-own/f'), 'utf8')).toBe('mine\n')
  for (const name of ['reader', 'inner', 'own']) await remove(cluster, name)
})

test('a pod goes where its local volume is, keeps it over a death of the agent, and leaves it whole', async () => {
  const disk = join(disks, 'local')
  mkdirSync(disk)
  writeFileSync(join(disk, 'before'), 'there')
  const onN2 = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n2'] }] }] } }
  await apply({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' }, volume('local', { local: { path: disk }, nodeAffinity: onN2, accessModes: ['ReadWriteOncePod'] }), claim('near', 'local', ['ReadWriteOncePod']))
  await apply(user('settled', 'near', `cp /data/before /data/after; ${FOREVER}`, { spec: { securityContext: { fsGroup: 2000 } } }))
  const { spec } = await podWhen(cluster, 'settled', isRunning)
  expect(spec?.nodeName).toBe('n2')
  expect(await inside(cluster, 'settled', 'cat /data/after; stat -c %g /data/before')).toBe('there2000\n')
  expect((await cluster.get<PersistentVolumeClaim>(`${CLAIMS}/near`)).status?.phase).toBe('Bound')
  // One pod at a time.
  await apply(user('second', 'near', FOREVER))
  const waiting = await podWhen(cluster, 'second', (pod) => pod.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') === true)
  expect(waiting.status?.conditions?.[0]?.message).toContain('2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.')
  const agent = await pidOf(cluster, 'n2')
  process.kill(agent, 'SIGKILL')
  await eventually(() => pidOf(cluster, 'n2').catch(() => agent), (pid) => pid !== agent)
  await remove(cluster, 'settled')
  await podWhen(cluster, 'second', isRunning)
  expect(await inside(cluster, 'second', 'cat /data/after')).toBe('there')
  await remove(cluster, 'second')
  expect(await eventually(async () => tracesOn(cluster, 'n2', await pidOf(cluster, 'n2')), (traces) => traces.length === 0)).toEqual([])
  expect(readFileSync(join(disk, 'after'), 'utf8')).toBe('there')
  expect(statSync(disk).gid).toBe(2000)
})

test('a pod that waits for its claim is started when that is bound; one that names its node is told of by it', async () => {
  await apply(user('early', 'late', FOREVER), user('placed', 'late', FOREVER, { spec: { nodeName: 'n1' } }))
  const pending = await podWhen(cluster, 'early', (pod) => pod.status?.conditions?.[0]?.reason === 'Unschedulable')
  expect(pending.status?.conditions?.[0]?.message).toBe('0/2 nodes are available: persistentvolumeclaim "late" not found. not found')
  const words = 'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/late: failed to fetch PVC from API server: persistentvolumeclaims "late" not found'
  await cluster.until<Event>('/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dplaced', (events) => events.some(({ reason, message }) => reason === 'FailedMount' && message === words))
  await apply(claim('late', 'much'))
  await podWhen(cluster, 'early', (pod) => pod.status?.conditions?.[0]?.message === '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found')
  await apply(volume('much', { hostPath: { path: join(disks, 'late'), type: 'DirectoryOrCreate' } }))
  for (const name of ['early', 'placed']) await podWhen(cluster, name, isRunning)
})

test('the claim of an ephemeral volume comes and goes with its pod', async () => {
  await apply(volume('short', { hostPath: { path: join(disks, 'short'), type: 'DirectoryOrCreate' } }))
  const volumes = [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: claim('', 'short').spec ?? {} } } }]
  await apply(user('fleeting', '', FOREVER, { spec: { volumes } }))
  await podWhen(cluster, 'fleeting', isRunning)
  expect((await cluster.get<PersistentVolumeClaim>(`${CLAIMS}/fleeting-data`)).spec?.volumeName).toBe('short')
  await remove(cluster, 'fleeting')
  await cluster.until<PersistentVolumeClaim>(CLAIMS, (claims) => claims.every(({ metadata }) => metadata.name !== 'fleeting-data'))
  expect((await cluster.until<PersistentVolume>('/api/v1/persistentvolumes', (all) => all.some(({ metadata, status }) => metadata.name === 'short' && status?.phase === 'Released'))).length).toBeGreaterThan(0)
})
