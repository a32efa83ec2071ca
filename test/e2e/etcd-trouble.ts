/** etcd is away, slow, full, or has forgotten: people are told in words, no answer is wrong, pods go on, and it ends without a hand. Seconds by parameter. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { isInstalled } from '../../deploy/lab/checks.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { OUT_OF_SERVICE_TAINT } from '../../shared/model/fencing.ts'
import type { ConfigMap, Node, Pod } from '../../shared/model/gen/api.ts'
import { programsIn } from '../bench/processes.ts'
import { isRunning, isWell, pidOf, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const GANTRY = join(import.meta.dirname, '../../gantry')
const PODS = '/api/v1/namespaces/default/pods?labelSelector=app%3Dsteady'
const REPLICAS = 3

const steady = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'steady' },
  spec: {
    replicas: REPLICAS,
    selector: { matchLabels: { app: 'steady' } },
    template: { metadata: { labels: { app: 'steady' } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sleep', '100000'] }] } },
  },
}

/** No word of the wire. */
const GRPC_TEXT = /UNAVAILABLE|DEADLINE|EXHAUSTED|[gG][rR][pP][cC]|rpc error|mvcc|Last error/

const identity = (pod: Pod): string => `${pod.metadata.uid} on ${pod.spec?.nodeName}`
const restarts = (pods: readonly Pod[]): number => pods.reduce((sum, pod) => sum + (pod.status?.containerStatuses?.[0]?.restartCount ?? 0), 0)
/** When a process began, in ticks since the machine did: their numbers begin anew now and then. */
const beganAt = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[19])

export interface TroubleLengths {
  readonly awaySeconds: number
  readonly slowSeconds: number
}

export function etcdTroubleTests(labName: string, { awaySeconds, slowSeconds }: TroubleLengths): void {
  let cluster: TestLab
  /** As a test found them. */
  let before: readonly Pod[]
  let tries = 0
  /** No try meets what another has left. */
  const own = (name: string): string => `${name}-${tries}`

  labOfTests({
    name: labName,
    nodes: 2,
    // Sixteen megabytes: filled within seconds, and several times what an empty cluster takes.
    etcdQuotaBytes: 16 << 20,
    async prepare(lab) {
      cluster = lab
      await cluster.send('POST', '/apis/apps/v1/namespaces/default/deployments', steady)
    },
  })
  beforeEach(async () => {
    tries++
    before = await running()
  })

  const gantry = (...words: readonly string[]): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, ...words])
  const running = (): Promise<readonly Pod[]> => cluster.until<Pod>(PODS, (pods) => pods.length === REPLICAS && pods.every(isRunning))
  const sleepers = async (): Promise<readonly number[]> => (await Promise.all(['n1', 'n2'].map((node) => programsIn(`${layoutOf(cluster.spec).memberCgroup(node)}/pods`, 'sleep')))).flat()
  const configMap = (name: string, data: Readonly<Record<string, string>> = {}): Promise<ConfigMap> => cluster.send('POST', '/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })

  /** Nobody but the agent can restart it now. The one that has run for longest: a second restart of the same would rightly be delayed. */
  async function killOneContainer(): Promise<void> {
    const all = (await sleepers()).toSorted((a, b) => beganAt(a) - beganAt(b))
    expect(all).toHaveLength(REPLICAS)
    const [victim = 0] = all
    process.kill(victim, 'SIGKILL')
    await expect.poll(async () => (await sleepers()).filter((pid) => pid !== victim), { timeout: 60_000, interval: 50 }).toHaveLength(REPLICAS)
  }

  /** The pods are those of before, restarted as often as containers were killed, and every node counts. */
  async function expectSameApplication(killed: number): Promise<void> {
    const after = await cluster.until<Pod>(PODS, (pods) => pods.length === REPLICAS && pods.every(isRunning) && restarts(pods) === restarts(before) + killed)
    expect(after.map(identity).toSorted()).toEqual(before.map(identity).toSorted())
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 2 && nodes.every(isWell))
    before = after
  }

  async function expectPlainRefusal(words: readonly string[], sentence: RegExp): Promise<void> {
    const { exitCode, stderr } = await gantry(...words)
    expect(exitCode, stderr).toBe(1)
    expect(stderr).toMatch(sentence)
    expect(stderr).not.toMatch(GRPC_TEXT)
  }

  test(`etcd is away for ${awaySeconds} s: told in words, readyz names it, a killed container is restarted, and all is there afterwards`, { timeout: awaySeconds * 1_000 + 300_000 }, async () => {
    const stored = await configMap(own('before-away'), { kept: 'yes' })
    const endMs = performance.now() + awaySeconds * 1_000
    await lab.kill(cluster.name, 'etcd')
    await expectPlainRefusal(['get', 'pods'], /ServiceUnavailable\): etcd, which keeps all objects, cannot be reached/)
    await expectPlainRefusal(['create', 'configmap', own('while-away')], /etcd, which keeps all objects, cannot be reached/)
    const ready = await cluster.client.request({ path: '/readyz?verbose' })
    expect(ready.status).toBe(500)
    expect(ready.text).toContain('[-]etcd failed')
    await killOneContainer()
    await wait(Math.max(0, endMs - performance.now()))
    await lab.start(cluster.name, 'etcd')
    const backMs = performance.now()
    await expect.poll(async () => (await cluster.client.request({ path: '/readyz' })).status, { timeout: 60_000, interval: 50 }).toBe(200)
    await configMap(own('after-away'))
    expect(await cluster.get<ConfigMap>(`/api/v1/namespaces/default/configmaps/${own('before-away')}`)).toEqual(stored)
    expect((await cluster.client.request({ path: `/api/v1/namespaces/default/configmaps/${own('while-away')}` })).status).toBe(404)
    await expectSameApplication(1)
    // However long it was away: nobody waits for the end of a long back-off.
    expect(performance.now() - backMs).toBeLessThan(6_000)
  })

  test('a control plane that starts while etcd is away says that it lives and what it waits for, and serves when etcd is back', async () => {
    await lab.kill(cluster.name, 'etcd')
    await lab.kill(cluster.name, 'control-plane')
    await lab.start(cluster.name, 'control-plane')
    const answer = (path: string): Promise<string> => cluster.client.request({ path }).then(({ status, text }) => `${status} ${text}`, (error: Error) => error.message)
    await expect.poll(() => answer('/livez'), { timeout: 60_000, interval: 50 }).toBe('200 ok')
    expect(await answer('/readyz')).toContain('500 [+]ping ok\n[-]etcd failed')
    expect(await answer('/api/v1/nodes')).toContain('503 ')
    await expectPlainRefusal(['get', 'pods'], /the control plane is starting: what etcd keeps has not been read yet/)
    await lab.start(cluster.name, 'etcd')
    await expect.poll(() => answer('/readyz'), { timeout: 60_000, interval: 50 }).toBe('200 ok')
    await expectSameApplication(0)
  })

  test('etcd hangs: reads and writes that need it end with a sentence, and it goes on where it was', async () => {
    await lab.pause(cluster.name, 'etcd')
    await expectPlainRefusal(['get', 'pods'], /etcd, which keeps all objects, (did not answer in time|cannot be reached)/)
    await lab.resume(cluster.name, 'etcd')
    await expect.poll(async () => (await cluster.client.request({ path: '/readyz' })).status, { timeout: 60_000, interval: 50 }).toBe(200)
    await expectSameApplication(0)
  })

  test.skipIf(!isInstalled('strace'))(`every fsync of etcd takes half a second, for ${slowSeconds} s: slow and right, and no node is lost`, { timeout: slowSeconds * 1_000 + 300_000 }, async () => {
    await using slowness = await slowFsync(cluster, 500)
    const endMs = performance.now() + slowSeconds * 1_000
    await killOneContainer()
    let written = 0
    while (performance.now() < endMs || written < 3) {
      const { metadata } = await configMap(own(`slow-${written++}`))
      // A list that must be fresh holds what was acknowledged.
      const list = await cluster.get<{ items: ConfigMap[] }>('/api/v1/namespaces/default/configmaps')
      expect(list.items.map((one) => one.metadata.uid)).toContain(metadata.uid)
    }
    const nodes = await cluster.get<{ items: Node[] }>('/api/v1/nodes')
    expect(nodes.items.filter(isWell)).toHaveLength(2)
    expect(slowness.delayed()).toBeGreaterThan(2)
    await slowness[Symbol.asyncDispose]()
    await expectSameApplication(1)
  })

  test('etcd is full: writes are refused with a sentence, reads go on, and room is made without a hand', async () => {
    await configMap(own('filler'))
    const path = `/api/v1/namespaces/default/configmaps/${own('filler')}`
    const refused: string[] = []
    // History alone fills it: one object, written again and again.
    for (let round = 0; round < 400 && refused.length === 0; round++) {
      const { status, text } = await cluster.client.request({ method: 'PUT', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: own('filler') }, data: { round: String(round), text: 'x'.repeat(500_000) } }) })
      if (status >= 400) refused.push((JSON.parse(text) as { message: string }).message)
    }
    expect(refused).toEqual(['etcd, which keeps all objects, is full: nothing can be written until there is room; deleting works, and room is being made'])
    expect((await gantry('get', 'pods')).exitCode).toBe(0)
    await expect.poll(() => configMap(own('after-full')).then(() => 'written', (error: Error) => error.message), { timeout: 60_000, interval: 100 }).toBe('written')
    await killOneContainer()
    await expectSameApplication(1)
  })

  test('etcd forgets what a hanging control plane has not seen, and is started anew: it looks again, and no answer is of the past', async () => {
    const [kept, forgotten] = [own('kept'), own('forgotten')]
    await configMap(kept)
    await configMap(forgotten)
    await cluster.get(`/api/v1/namespaces/default/configmaps/${forgotten}`)
    await lab.pause(cluster.name, 'control-plane')
    const etcdctl = (...words: readonly string[]): Promise<Ran> => run('nsenter', [`--net=${layoutOf(cluster.spec).netnsPath('control-plane')}`, 'env', 'ETCDCTL_API=3', 'etcdctl', ...words])
    const { stdout: keys } = await etcdctl('get', '/gantry/', '--prefix', '--keys-only')
    const key = keys.split('\n').find((one) => one.endsWith(`/default/${forgotten}`)) ?? ''
    expect(key).toContain('configmaps')
    const removed = await etcdctl('del', key, '--write-out=json')
    expect(removed.exitCode, removed.stderr).toBe(0)
    await lab.kill(cluster.name, 'etcd')
    await lab.start(cluster.name, 'etcd')
    const { revision } = (JSON.parse(removed.stdout) as { header: { revision: number } }).header
    await expect.poll(async () => (await etcdctl('compaction', '--physical', String(revision))).exitCode, { timeout: 60_000 }).toBe(0)
    await lab.resume(cluster.name, 'control-plane')
    await expect.poll(async () => (await cluster.client.request({ path: '/readyz' })).status, { timeout: 60_000, interval: 50 }).toBe(200)
    const names = (await cluster.get<{ items: ConfigMap[] }>('/api/v1/namespaces/default/configmaps')).items.map((one) => one.metadata.name)
    expect(names).toContain(kept)
    expect(names).not.toContain(forgotten)
    await configMap(forgotten, { again: 'yes' })
    await expectSameApplication(0)
  })
}

/** Three control planes, each with a member of etcd beside it. */
export function slowMemberTests(labName: string): void {
  let cluster: TestLab
  labOfTests({ name: labName, nodes: 3, controlPlanes: 3, prepare: (lab) => void (cluster = lab) })

  const leaderOf = async (): Promise<string> => (await lab.status(cluster.name)).members.find(({ leads }) => leads)?.name ?? ''
  const isGivenUp = (node: Node): boolean => node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE_TAINT.key) === true

  /** A node that is lost is given up, with so many milliseconds at most, and comes back. */
  async function expectFenced(mostMs: number): Promise<void> {
    await lab.kill(cluster.name, 'n3')
    const lostMs = performance.now()
    try {
      await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.some((node) => node.metadata.name === 'n3' && isGivenUp(node)), 60_000)
      const tookMs = Math.round(performance.now() - lostMs)
      process.stdout.write(`given up after ${tookMs} ms\n`)
      expect(tookMs).toBeLessThan(mostMs)
    } finally {
      // However this one ends, the next begins with all nodes.
      await lab.start(cluster.name, 'n3')
    }
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell), 60_000)
  }

  test.skipIf(!isInstalled('strace'))('the disk of the member beside the leader takes half a second for each fsync: a leader is certain all the same, and a node that is lost is given up', async () => {
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell), 60_000)
    const machine = (await leaderOf()).split('/')[0] ?? ''
    await using slowness = await slowFsync(cluster, 500, `${machine}/etcd`)
    await wait(3_000)
    await expectFenced(30_000)
    expect(slowness.delayed()).toBeGreaterThan(2)
  })

  test.skipIf(!isInstalled('strace'))('the disks of all members take a fifth of a second: the lease of a leader grows, its work goes on, a node that is lost is given up, and it is quick again afterwards', { timeout: 240_000 }, async () => {
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell), 60_000)
    const machines = (await lab.status(cluster.name)).members.filter(({ name }) => name.endsWith('/etcd')).map(({ name }) => name)
    expect(machines).toHaveLength(3)
    // Where it is half a second, and the host busy besides, etcd itself may answer no read for a minute.
    const slow = await Promise.all(machines.map((name) => slowFsync(cluster, 200, name)))
    try {
      const beginMs = performance.now()
      await cluster.send('POST', '/apis/apps/v1/namespaces/default/deployments', steady)
      await cluster.until<Pod>(PODS, (pods) => pods.length === REPLICAS && pods.every(isRunning), 90_000)
      process.stdout.write(`pods run ${Math.round(performance.now() - beginMs)} ms after their deployment\n`)
      await expectFenced(60_000)
      for (const { delayed } of slow) expect(delayed()).toBeGreaterThan(2)
    } finally {
      for (const one of slow) await one[Symbol.asyncDispose]()
    }
    await cluster.until<Pod>(PODS, (pods) => pods.length === REPLICAS && pods.every(isRunning), 60_000)
    await wait(10_000)
    await expectFenced(30_000)
  })
}

interface Slowness extends AsyncDisposable {
  /** How many calls have been delayed. */
  delayed(): number
}

/** Every fsync of a member of etcd waits first. */
async function slowFsync(cluster: TestLab, delayMs: number, member = 'etcd'): Promise<Slowness> {
  const pid = await pidOf(cluster, member)
  const folder = mkdtempSync(join(tmpdir(), 'gantry-strace-'))
  const file = join(folder, 'calls')
  const child = spawn('strace', ['-f', '-p', String(pid), '-o', file, '-e', 'trace=fsync,fdatasync', '-e', `inject=fsync,fdatasync:delay_enter=${delayMs * 1_000}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => reject(new Error(`strace: ${said}`)))
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes('attached')) resolve()
    })
  })
  return {
    delayed: () => readFileSync(file, 'utf8').split('(DELAYED)').length - 1,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
