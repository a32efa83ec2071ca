/** Everything of etcd is put back from a snapshot under three control planes that go on running: each begins anew, and none answers from what was. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isInstalled } from '../../deploy/lab/checks.ts'
import { labIdentity } from '../../deploy/lab/identity.ts'
import * as lab from '../../deploy/lab/lab.ts'
import { etcdMachines, layoutOf } from '../../deploy/lab/layout.ts'
import { createRestClient, linesOf, type RestClient } from '../../shared/kit/rest-client.ts'
import type { ConfigMap, Node, Pod } from '../../shared/model/gen/api.ts'
import { programsIn } from '../bench/processes.ts'
import { isRunning, isWell, run, testLab, type TestLab } from './harness.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
const KEPT = ['kept-0', 'kept-1', 'kept-2'] as const
/** What only happened after the snapshot. */
const LOST = 20

let cluster: TestLab
let folder: string
let servers: readonly RestClient[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-restored-'))
  cluster = await testLab('e2e-restored', { nodes: 1, controlPlanes: 3 })
  const { ca, admin } = await labIdentity(cluster.spec)
  servers = layoutOf(cluster.spec).servers.map((server) => createRestClient({ server, ca, cert: admin.certificatePem, key: admin.privateKeyPem, userAgent: 'gantry-e2e' }))
})
afterAll(async () => {
  for (const server of servers ?? []) server[Symbol.dispose]()
  await cluster?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const members = async (): Promise<readonly lab.MemberStatus[]> => (await lab.status(cluster.name)).members
const planes = async (): Promise<readonly lab.MemberStatus[]> => (await members()).filter(({ kind }) => kind === 'control-plane')
const pidsOf = async (): Promise<readonly unknown[]> => (await planes()).map(({ name, pid }) => `${name} ${pid}`)
const leaders = async (): Promise<readonly string[]> => (await planes()).filter(({ leads }) => leads).map(({ name }) => name)
const etcdOf = (machine: string): string => `${machine}/etcd`

async function etcdctl(...words: readonly string[]): Promise<void> {
  const ran = await run('env', ['ETCDCTL_API=3', 'etcdctl', ...words])
  expect(ran.exitCode, ran.stderr).toBe(0)
}

async function save(file: string): Promise<void> {
  const { addressOf, netnsPath, pki } = layoutOf(cluster.spec)
  const [machine = ''] = etcdMachines(cluster.spec)
  const asked = ['--endpoints', `https://${addressOf(machine)}:2379`, '--cacert', `${pki}/etcd-ca.crt`, '--cert', `${pki}/etcd.crt`, '--key', `${pki}/etcd.key`, 'snapshot', 'save', file]
  const ran = await run('nsenter', [`--net=${netnsPath(machine)}`, 'env', 'ETCDCTL_API=3', 'etcdctl', ...asked])
  expect(ran.exitCode, ran.stderr).toBe(0)
}

/** All members stop, get the state of the snapshot, and start. */
async function putBack(file: string): Promise<void> {
  const { addressOf, memberState } = layoutOf(cluster.spec)
  const machines = etcdMachines(cluster.spec)
  const peer = (machine: string): string => `https://${addressOf(machine)}:2380`
  await Promise.all(machines.map((machine) => lab.kill(cluster.name, etcdOf(machine))))
  for (const machine of machines) {
    const data = `${memberState(etcdOf(machine))}/data`
    rmSync(data, { recursive: true })
    await etcdctl('snapshot', 'restore', file, '--name', machine, '--data-dir', data, '--initial-advertise-peer-urls', peer(machine), '--initial-cluster', machines.map((one) => `${one}=${peer(one)}`).join(','), '--initial-cluster-token', `gantry-${cluster.name}`)
  }
  await Promise.all(machines.map((machine) => lab.start(cluster.name, etcdOf(machine))))
}

/** Names with what they hold. */
const stateOf = (items: readonly ConfigMap[]): readonly string[] => items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt').map(({ metadata, data }) => `${metadata.name} ${data?.['of']}`)

/** What one server answers, until it is ended; a call that is refused says nothing. */
function listen(server: RestClient): { readonly seen: string[]; end(): Promise<void> } {
  const seen: string[] = []
  let isOver = false
  const list = async (query: string): Promise<void> => {
    const answer = await server.request({ path: `${CONFIG_MAPS}${query}` }).catch(() => undefined)
    if (answer?.status === 200) seen.push(stateOf((JSON.parse(answer.text) as { readonly items: readonly ConfigMap[] }).items).join(', '))
  }
  const listening = (async () => {
    for (; !isOver; await wait(20)) {
      await list('')
      // Once it has been answered afresh nothing older comes from the cache either.
      if (seen.length > 0) await list('?resourceVersion=0')
    }
  })()
  return {
    seen,
    async end() {
      isOver = true
      await listening
    },
  }
}

/** Resolves with the last event when the watch ends. */
async function lastOfWatch(server: RestClient, resourceVersion: string): Promise<string> {
  const { chunks } = await server.stream({ path: `${CONFIG_MAPS}?watch=1&timeoutSeconds=600&resourceVersion=${resourceVersion}`, signal: AbortSignal.timeout(110_000) })
  let last = ''
  for await (const line of linesOf(chunks as AsyncIterable<Buffer>)) last = line
  return last
}

const steady = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'steady' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'steady' } }, template: { metadata: { labels: { app: 'steady' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sleep', '100000'] }] } } },
}
const ofSteady = (pods: readonly Pod[]): readonly Pod[] => pods.filter(({ metadata }) => metadata.labels?.['app'] === 'steady')
const sleepers = (): Promise<readonly number[]> => programsIn(`${layoutOf(cluster.spec).memberCgroup('n1')}/pods`, 'sleep')
const single = (name: string, command: readonly string[]): unknown => ({ metadata: { name }, spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command }] } })

test.skipIf(!isInstalled('etcdctl'))('reads, watches and leaders begin anew, nobody is answered from before, nothing crashes, and pods of the snapshot live on', { timeout: 240_000 }, async () => {
  for (const name of KEPT) await cluster.send('POST', CONFIG_MAPS, { metadata: { name }, data: { of: 'before' } })
  await cluster.send('POST', '/apis/apps/v1/namespaces/default/deployments', steady)
  const before = ofSteady(await cluster.until<Pod>(PODS, (pods) => ofSteady(pods).length === 2 && ofSteady(pods).every(isRunning)))
  const containers = await sleepers()
  expect(containers).toHaveLength(2)
  const file = join(folder, 'snapshot')
  await save(file)

  // Another leads than the snapshot knows, and much happens that will not have happened.
  const [first = ''] = await leaders()
  await lab.kill(cluster.name, first)
  await expect.poll(leaders, { timeout: 60_000 }).toEqual([expect.not.stringMatching(first)])
  await lab.start(cluster.name, first)
  await cluster.send('PUT', `${CONFIG_MAPS}/kept-0`, { metadata: { name: 'kept-0' }, data: { of: 'after' } })
  await cluster.send('DELETE', `${CONFIG_MAPS}/kept-1`)
  for (let index = 0; index < LOST; index++) await cluster.send('POST', CONFIG_MAPS, { metadata: { name: `lost-${index}` }, data: { of: 'after' } })
  await cluster.send('POST', PODS, single('lost', ['sleep', '200000']))
  await expect.poll(async () => (await sleepers()).length, { timeout: 60_000 }).toBe(3)
  await expect.poll(async () => Promise.all(servers.map((server) => server.request({ path: '/readyz' }).then(({ status }) => status, () => 0))), { timeout: 60_000 }).toEqual(servers.map(() => 200))
  const { metadata } = await cluster.get<{ readonly metadata: { readonly resourceVersion: string } }>(CONFIG_MAPS)
  const watches = servers.map((server) => lastOfWatch(server, metadata.resourceVersion))
  const pids = await pidsOf()

  // What is asked while the members stop may still be answered as it was.
  await Promise.all(etcdMachines(cluster.spec).map((machine) => lab.kill(cluster.name, etcdOf(machine))))
  const listeners = servers.map(listen)
  await putBack(file)

  const restored = KEPT.map((name) => `${name} before`).join(', ')
  await expect.poll(() => listeners.map(({ seen }) => seen.length > 3), { timeout: 60_000 }).toEqual(servers.map(() => true))
  // Nobody leads for the longest lease; then one does.
  await expect.poll(async () => (await leaders()).length, { timeout: 60_000, interval: 200 }).toBe(1)
  for (const last of await Promise.all(watches)) expect(last).toMatch(/^$|"code":410/)
  await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.every(isWell))
  await Promise.all(listeners.map((one) => one.end()))
  for (const { seen } of listeners) expect([...new Set(seen)]).toEqual([restored])

  // The work goes on, and what the snapshot knows of has lived on.
  await cluster.send('POST', PODS, single('next', ['true']))
  await cluster.until<Pod>(PODS, (pods) => pods.some(({ metadata: { name }, status }) => name === 'next' && status?.phase === 'Succeeded'))
  await expect.poll(sleepers, { timeout: 60_000 }).toEqual(containers)
  const after = ofSteady(await cluster.until<Pod>(PODS, (pods) => ofSteady(pods).length === 2 && ofSteady(pods).every(isRunning)))
  expect(new Set(after.map((pod) => pod.metadata.uid))).toEqual(new Set(before.map((pod) => pod.metadata.uid)))
  expect(after.flatMap(({ status }) => status?.containerStatuses ?? []).map(({ restartCount }) => restartCount)).toEqual([0, 0])
  expect(await pidsOf()).toEqual(pids)
})
