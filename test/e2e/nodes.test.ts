/** Nodes that are lost, come back, boot anew, change their names, come twice, or have a wrong clock: nothing ever lives twice, and everything is told in words. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf, type LabSpec } from '../../deploy/lab/layout.ts'
import { processesWith, programsIn } from '../bench/processes.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { upSeconds } from './application.ts'
import { isRunning, run, testLab, type Ran, type TestLab } from './harness.ts'
import { Lives } from './lives.ts'

const PODS = '/api/v1/namespaces/default/pods'
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

let cluster: TestLab
let lives: Lives

beforeAll(async () => {
  cluster = await testLab('e2e-nodes')
})
afterAll(() => cluster[Symbol.asyncDispose]())
beforeEach(async () => {
  lives = new Lives()
  await nodesAre(({ length }) => length === 3)
})
afterEach(() => lives[Symbol.dispose]())

const readyOf = (node: Node) => node.status?.conditions?.find(({ type }) => type === 'Ready')
const isWell = (node: Node): boolean => readyOf(node)?.status === 'True' && (node.spec?.taints ?? []).length === 0
const isGivenUp = (node: Node): boolean => readyOf(node)?.status === 'Unknown' && node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true

const nodesAre = (holds: (all: readonly Node[]) => boolean): Promise<readonly Node[]> => cluster.until<Node>('/api/v1/nodes', (all) => all.every(isWell) && holds(all), 30_000)
const untilNode = async (name: string, holds: (node: Node) => boolean): Promise<Node> => (await cluster.until<Node>(`/api/v1/nodes?fieldSelector=metadata.name%3D${name}`, ([node]) => node !== undefined && holds(node), 30_000))[0] as Node

const on = (node: string): object => ({ nodeSelector: { 'kubernetes.io/hostname': node } })
const pod = (name: string, more: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec: lives.spec(more) })
const create = (object: object): Promise<Pod> => cluster.send('POST', PODS, object)
const untilPod = async (name: string, holds: (pod: Pod) => boolean = isRunning): Promise<Pod> => (await cluster.until<Pod>(`${PODS}?fieldSelector=metadata.name%3D${name}`, ([one]) => one !== undefined && holds(one), 30_000))[0] as Pod
const untilGone = (name: string): Promise<unknown> => cluster.until<Pod>(`${PODS}?fieldSelector=metadata.name%3D${name}`, ([one]) => one === undefined, 30_000)
const remove = async (...names: readonly string[]): Promise<void> => {
  await Promise.all(names.map((name) => cluster.kubectl(['delete', 'pod', name, '--ignore-not-found', '--timeout=20s'])))
}

/** `REASON MESSAGE` of what was told about a node since a moment. */
async function toldOf(node: string, sinceMs: number): Promise<readonly string[]> {
  const { items } = await cluster.get<{ items: readonly Event[] }>(`/api/v1/events?fieldSelector=involvedObject.kind%3DNode,involvedObject.name%3D${node}`)
  return items.filter(({ lastTimestamp }) => Date.parse(lastTimestamp ?? '') >= Math.floor(sinceMs / 1_000) * 1_000).map(({ reason, message }) => `${reason} ${message}`)
}
const untilTold = (node: string, sinceMs: number, what: RegExp): Promise<void> => expect.poll(async () => (await toldOf(node, sinceMs)).join('\n'), { timeout: 15_000, interval: 100 }).toMatch(what)

/** Containers of pods on a machine. */
const containersOn = (machine: string): Promise<readonly number[]> => programsIn(`${layoutOf(cluster.spec).memberCgroup(machine)}/pods`, 'sh')

test('lost and back: the taint goes by itself, nothing of before is left, and it is used again', async () => {
  await Promise.all([create(pod('bare', on('n3'))), create(pod('again', on('n3')))])
  await Promise.all(['bare', 'again'].map((name) => untilPod(name)))
  const sinceMs = Date.now()
  await lab.partition(cluster.name, ['n3'])
  const cutAt = upSeconds()
  // By hand, as soon as the name is free.
  for (;;) {
    const made = await cluster.kubectl(['create', '-f', '-'], { stdin: JSON.stringify(pod('again', on('n1'))) })
    if (made.exitCode === 0) break
    expect(made.stderr).toContain('already exists')
    await wait(20)
  }
  const lost = await untilNode('n3', isGivenUp)
  expect(readyOf(lost)?.message).toMatch(/^n3: no heartbeat for [\d.]+ m?s; 2 of 3 members seen; fenced at /)
  await untilGone('bare')
  await untilPod('again')
  for (const name of ['bare', 'again']) expect(lives.of(name)[0]?.last, name).toBeGreaterThan(cutAt)
  await lab.heal(cluster.name)
  await untilNode('n3', isWell)
  await untilTold('n3', sinceMs, /^NodeAdmitted n3: registered and nothing is left of what is not its own; it may run pods again from /m)
  await untilTold('n3', sinceMs, /^PodsStopped 2 pods stopped at \d\d:\d\d:\d\d\.\d{3}, \d+ ms before the lease's end$/m)
  expect(await containersOn('n3')).toEqual([])
  await create(pod('bare', on('n3')))
  await untilPod('bare')
  for (const name of ['bare', 'again']) expect(lives.overlaps(name)).toEqual([])
  expect(lives.of('bare').map(({ node }) => node)).toEqual(['n3', 'n3'])
  expect(lives.of('again').map(({ node }) => node)).toEqual(['n3', 'n1'])
  await remove('bare', 'again')
})

const logOf = async (machine: string): Promise<string> => (await lab.logs(cluster.name, machine)).text

/** What a machine's agent says from now on. */
async function listenTo(machine: string): Promise<() => Promise<string>> {
  const before = (await logOf(machine)).length
  return async () => (await logOf(machine)).slice(before)
}

const ends = (name: string, more: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...more, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['true'] }] } })
const restartsOf = (one: Pod): number => one.status?.containerStatuses?.[0]?.restartCount ?? -1

test('rebooted before it is given up: containers start again in place, what shall not be restarted has failed, what was done stays done', async () => {
  await Promise.all([create(pod('always', on('n3'))), create(pod('on-failure', { ...on('n3'), restartPolicy: 'OnFailure' })), create(pod('never', { ...on('n3'), restartPolicy: 'Never' })), create(ends('done', { ...on('n3'), restartPolicy: 'Never' }))])
  const [before] = await Promise.all([untilPod('always'), untilPod('on-failure'), untilPod('never'), untilPod('done', ({ status }) => status?.phase === 'Succeeded')])
  const sinceMs = Date.now()
  // On a busy host a boot takes longer than a lease: nobody is given up meanwhile, since the control plane stands still, and from then on each lease counts anew.
  await lab.pause(cluster.name, 'control-plane')
  try {
    await lab.kill(cluster.name, 'n3')
    const saysAfterBoot = await listenTo('n3')
    await lab.start(cluster.name, 'n3')
    await expect.poll(saysAfterBoot, { timeout: 15_000, interval: 20 }).toContain('the agent is up')
  } finally {
    await lab.resume(cluster.name, 'control-plane')
  }
  const after = await untilPod('always', (one) => isRunning(one) && restartsOf(one) === 1)
  expect(after.metadata.uid).toBe(before.metadata.uid)
  await untilPod('on-failure', (one) => isRunning(one) && restartsOf(one) === 1)
  const failed = await untilPod('never', ({ status }) => status?.phase === 'Failed')
  expect(failed.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 137 } } })
  expect((await untilPod('done', () => true)).status?.phase).toBe('Succeeded')
  await untilNode('n3', isWell)
  await untilTold('n3', sinceMs, /^NodeRebooted n3: booted anew .* its pods start again in place/m)
  for (const name of ['always', 'on-failure', 'never']) expect(lives.overlaps(name)).toEqual([])
  expect(['always', 'on-failure', 'never'].map((name) => lives.of(name).length)).toEqual([2, 2, 1])
  await remove('always', 'on-failure', 'never', 'done')
})

test('rebooted after its lease: its pods are given up, and it begins empty', async () => {
  await Promise.all([create(pod('always', on('n3'))), create(ends('done', { ...on('n3'), restartPolicy: 'Never' }))])
  await Promise.all([untilPod('always'), untilPod('done', ({ status }) => status?.phase === 'Succeeded')])
  await lab.kill(cluster.name, 'n3')
  await Promise.all([untilNode('n3', isGivenUp), untilGone('always')])
  await wait(5_000)
  await lab.start(cluster.name, 'n3')
  await untilNode('n3', isWell)
  expect(await containersOn('n3')).toEqual([])
  await remove('done')
})

/** The name under which a machine's agent starts from now on; its folders and its token stay. */
async function rename(machine: string, nodeName: string): Promise<void> {
  const file = `${layoutOf(cluster.spec).memberState(machine)}/config.json`
  await lab.kill(cluster.name, `${machine}/agent`)
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), nodeName }))
  await lab.start(cluster.name, `${machine}/agent`)
}

test('renamed: what ran under the old name is gone before the new one gives a sign of life, and the old one is given up', async () => {
  await create(pod('bare', on('n3')))
  await untilPod('bare')
  const sinceMs = Date.now()
  const other = cluster.until<Node>('/api/v1/nodes?fieldSelector=metadata.name%3Dother', ([node]) => node !== undefined && isWell(node), 30_000).then(async () => containersOn('n3'))
  await rename('n3', 'other')
  expect(await other).toEqual([])
  const old = await untilNode('n3', isGivenUp)
  await untilGone('bare')
  await create(pod('bare', on('other')))
  await untilPod('bare')
  // Nobody speaks for the old name any more, and it stays as it is until somebody deletes it.
  expect(await untilNode('n3', () => true)).toMatchObject({ metadata: { uid: old.metadata.uid } })
  await rename('n3', 'n3')
  await untilNode('n3', isWell)
  await untilTold('n3', sinceMs, /^NodeAdmitted n3: /m)
  await untilNode('other', isGivenUp)
  await untilGone('bare')
  expect(await containersOn('n3')).toEqual([])
  await cluster.send('DELETE', '/api/v1/nodes/other')
  await create(pod('bare', on('n3')))
  await untilPod('bare')
  expect(lives.of('bare').map(({ node }) => node)).toEqual(['n3', 'other', 'n3'])
  expect(lives.overlaps('bare')).toEqual([])
  await remove('bare')
})

test.each(['with the join token', 'with a copied certificate and the same boot id'])('doubled, %s: the second is refused in words, and takes the name only when nothing of the first runs', async (how) => {
  const { memberState, memberRun } = layoutOf(cluster.spec)
  const bootFile = (machine: string): string => `${memberRun(machine)}/boot-id`
  const bootId = readFileSync(bootFile('n3'), 'utf8')
  await create(pod('bare', on('n1')))
  await untilPod('bare')
  const sinceMs = Date.now()
  const [saidByFirst, saidBySecond] = await Promise.all([listenTo('n1'), listenTo('n3')])
  await lab.kill(cluster.name, 'n3/agent')
  if (how !== 'with the join token') {
    cpSync(`${memberState('n1')}/pki`, `${memberState('n3')}/pki`, { recursive: true })
    // As of machines that are containers of one host.
    writeFileSync(bootFile('n3'), readFileSync(bootFile('n1')))
  }
  try {
    await rename('n3', 'n1')
    await expect.poll(saidBySecond, { timeout: 15_000, interval: 100 }).toMatch(/(a node \\"n1\\" is in the cluster and alive|another agent is registered as node \\"n1\\" .*): give this one another name, or stop that one/)
    await untilTold('n1', sinceMs, /^NodeDoubled an agent .* was refused: /m)
    await wait(1_000)
    expect(await saidByFirst()).not.toContain('session lost')
    expect(lives.of('bare').length).toBe(1)
    const cutAt = upSeconds()
    await lab.partition(cluster.name, ['n1'])
    await expect.poll(() => lives.of('bare').length, { timeout: 15_000, interval: 50 }).toBe(2)
    expect(lives.overlaps('bare')).toEqual([])
    expect(lives.of('bare')[0]?.last).toBeGreaterThan(cutAt)
    // Now the first is the second.
    await lab.heal(cluster.name)
    await expect.poll(saidByFirst, { timeout: 15_000, interval: 100 }).toContain('another agent lives under this node\'s name: nothing is run here')
    expect(await containersOn('n1')).toEqual([])
  } finally {
    await lab.heal(cluster.name)
    await lab.kill(cluster.name, 'n3/agent')
    writeFileSync(bootFile('n3'), bootId)
    await rename('n3', 'n3')
  }
  await nodesAre(({ length }) => length === 3)
  await remove('bare')
})

test('doubled, by the very same settings on the same machine: the second ends, and says why', async () => {
  await create(pod('bare', on('n1')))
  await untilPod('bare')
  const saidByFirst = await listenTo('n1')
  const { netnsPath, mountsPin, memberState } = layoutOf(cluster.spec)
  const second = await run('nsenter', [`--net=${netnsPath('n1')}`, `--mount=${mountsPin('n1')}`, process.execPath, join(lab.programsFolder(), 'agent.mjs'), '--config', `${memberState('n1')}/config.json`], { timeoutMs: 15_000 })
  expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('agent: another agent runs on this machine with the run folder ') as string })
  await wait(1_500)
  expect(await saidByFirst()).toBe('')
  expect(lives.of('bare').length).toBe(1)
  await remove('bare')
})

const HOUR_MS = 3_600_000

/** Times that Kubernetes' clients show of a node, all by the control plane's clock. */
const timesOf = (node: Node): readonly number[] => (node.status?.conditions ?? []).flatMap(({ lastHeartbeatTime, lastTransitionTime }) => [lastHeartbeatTime, lastTransitionTime]).flatMap((time) => (time === undefined ? [] : [Date.parse(time)]))

const TROUBLE = /^(NodeFenced|NodeNotReady|NodeSilent|NodeRebooted|PodsStopped)/m

test.each([
  ['n1', -3 * HOUR_MS],
  ['n1', 5 * HOUR_MS],
  ['control-plane', -3 * HOUR_MS],
  ['control-plane', 5 * HOUR_MS],
])('the clock of %s is wrong by %i ms: nothing stops, and all goes on', async (machine, offsetMs) => {
  await Promise.all([create(pod('before', on('n1'))), create(pod('elsewhere', on('n2')))])
  const [before] = await Promise.all([untilPod('before'), untilPod('elsewhere')])
  const known = new Set((await toldOf('n1', 0)).concat(await toldOf('n2', 0)))
  const planeOffsetMs = machine === 'n1' ? 0 : offsetMs
  const startMs = Date.now()
  try {
    await lab.setClock(cluster.name, machine, offsetMs)
    await wait(2_500)
    await nodesAre(({ length }) => length === 3)
    await create(pod('after', on('n1')))
    await untilPod('after')
    for (const node of (await cluster.get<{ items: readonly Node[] }>('/api/v1/nodes')).items) {
      for (const time of timesOf(node)) {
        expect(time, `${node.metadata.name} ${new Date(time).toISOString()}`).toBeLessThanOrEqual(Date.now() + Math.max(0, planeOffsetMs) + 2_000)
        expect(time).toBeGreaterThan(startMs + Math.min(0, planeOffsetMs) - 600_000)
      }
    }
    const { spec } = await cluster.get<{ spec: { renewTime: string } }>('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1')
    expect(Math.abs(Date.parse(spec.renewTime) - (Date.now() + planeOffsetMs))).toBeLessThan(30_000)
    const again = await untilPod('before')
    expect(again.metadata.uid).toBe(before.metadata.uid)
    expect([lives.of('before').length, lives.of('elsewhere').length, lives.of('after').length]).toEqual([1, 1, 1])
    await cluster.send('DELETE', `${PODS}/after`)
    await untilGone('after')
  } finally {
    await lab.setClock(cluster.name, machine, 0)
  }
  await wait(2_500)
  await nodesAre(({ length }) => length === 3)
  await create(pod('after', on('n2')))
  await untilPod('after')
  expect([lives.of('before').length, lives.of('elsewhere').length]).toEqual([1, 1])
  const news = (await toldOf('n1', 0)).concat(await toldOf('n2', 0)).filter((told) => !known.has(told))
  expect(news.filter((told) => TROUBLE.test(told))).toEqual([])
  await remove('before', 'elsewhere', 'after')
})

const pidOf = async (machine: string): Promise<number> => (await lab.status(cluster.name)).members.find(({ name }) => name === machine)?.pid ?? 0
const KILLING_MS = 12_000
const { leaseMs: LEASE_MS } = DEFAULT_TERMS

test('an agent that dies again and again, and is there again within its lease, loses no container', async () => {
  await Promise.all(Array.from({ length: 4 }, (_, index) => create(pod(`kept-${index}`, on('n2')))))
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'busy' }, spec: { terminationGracePeriodSeconds: 0, ...on('n2'), containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sh', '-c', 'while :; do :; done'] }] } })
  const names = Array.from({ length: 4 }, (_, index) => `kept-${index}`)
  await Promise.all([...names, 'busy'].map((name) => untilPod(name)))
  const before = new Set(await containersOn('n2'))
  const sinceMs = Date.now()
  const tookMs: number[] = []
  while (tookMs.length < 50 && Date.now() - sinceMs < KILLING_MS) {
    const said = await listenTo('n2')
    const killedMs = performance.now()
    process.kill(await pidOf('n2'), 'SIGKILL')
    await expect.poll(said, { timeout: 5_000, interval: 20 }).toContain('heartbeats are acked')
    tookMs.push(Math.round(performance.now() - killedMs))
    // `runsv` keeps what dies within its first second waiting for a second, which is most of a lease.
    await wait(1_000 + (tookMs.length % 4) * 100)
  }
  await nodesAre(({ length }) => length === 3)
  process.stdout.write(`the agent was killed ${tookMs.length} times, and acked again after ${tookMs.toSorted((a, b) => a - b).join(', ')} ms\n`)
  expect(tookMs.length).toBeGreaterThan(3)
  // On a host that is busy with other things it may take longer than a lease: then they are stopped, as they must be.
  const late = tookMs.filter((ms) => ms > LEASE_MS - 400).length
  const news = (await toldOf('n2', sinceMs)).filter((told) => TROUBLE.test(told))
  if (late > 0) expect(news.filter((told) => told.startsWith('PodsStopped')).length).toBeLessThanOrEqual(late)
  else expect([news, new Set(await containersOn('n2'))]).toEqual([[], before])
  await remove(...names, 'busy')
})

test('an agent that stands still for longer than its lease: its pods are stopped from outside, and it says so', async () => {
  await create(pod('bare', on('n2')))
  await untilPod('bare')
  const sinceMs = Date.now()
  await lab.pause(cluster.name, 'n2/agent')
  try {
    await untilNode('n2', isGivenUp)
    expect(await containersOn('n2')).toEqual([])
  } finally {
    await lab.resume(cluster.name, 'n2/agent')
  }
  await untilNode('n2', isWell)
  await untilTold('n2', sinceMs, /^PodsStopped 1 pod stopped at \d\d:\d\d:\d\d\.\d{3}, \d+ ms before the lease's end$/m)
  await untilGone('bare')
  expect(lives.of('bare').length).toBe(1)
})

test('pods that tolerate out-of-service are neither stopped nor replaced', async () => {
  const tolerations = [{ key: OUT_OF_SERVICE, operator: 'Exists', effect: 'NoExecute' }]
  const template = { metadata: { labels: { app: 'stays' } }, spec: lives.spec({ ...on('n3'), tolerations }) }
  await cluster.send('POST', '/apis/apps/v1/namespaces/default/deployments', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'stays' }, spec: { replicas: 1, selector: { matchLabels: { app: 'stays' } }, template } })
  await create(pod('goes', on('n3')))
  await untilPod('goes')
  const [stays] = await cluster.until<Pod>(`${PODS}?labelSelector=app%3Dstays`, (pods) => pods.length === 1 && pods.every(isRunning), 30_000)
  const name = stays?.metadata.name ?? ''
  await lab.partition(cluster.name, ['n3'])
  await untilNode('n3', isGivenUp)
  await untilGone('goes')
  await wait(2_000)
  const there = async (): Promise<readonly Pod[]> => (await cluster.get<{ items: readonly Pod[] }>(`${PODS}?labelSelector=app%3Dstays`)).items
  expect((await there()).map(({ metadata }) => metadata.uid)).toEqual([stays?.metadata.uid])
  expect(upSeconds() - (lives.of(name)[0]?.last ?? 0)).toBeLessThan(1)
  await lab.heal(cluster.name)
  await untilNode('n3', isWell)
  await untilPod(name)
  const after = await there()
  expect(after.map(({ metadata }) => metadata.uid)).toEqual([stays?.metadata.uid])
  expect(after.map(restartsOf)).toEqual([0])
  expect(lives.of(name).length).toBe(1)
  // It is still its agent's: it can be stopped.
  await cluster.send('DELETE', '/apis/apps/v1/namespaces/default/deployments/stays')
  await untilGone(name)
  expect(await containersOn('n3')).toEqual([])
})

const GANTRY = join(import.meta.dirname, '../../gantry')
const gantry = (...words: readonly string[]): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', '/nonexistent/cache', ...words])

/** A person's word, in each of its forms. */
const SAID: Readonly<Record<string, (node: string) => Promise<Ran>>> = {
  'gantry node confirm-dead': (node) => gantry('node', 'confirm-dead', node, '--yes'),
  'kubectl taint node': (node) => cluster.kubectl(['taint', 'node', node, `${OUT_OF_SERVICE}=nodeshutdown:NoExecute`]),
  'kubectl delete node': (node) => cluster.kubectl(['delete', 'node', node]),
}

test.each(Object.keys(SAID))('two of three are lost at once: nothing is decided, which is told, until somebody does: %s', async (how) => {
  const both = ['n2', 'n3']
  await Promise.all(both.map((node) => create(pod(`of-${node}`, on(node)))))
  await Promise.all(both.map((node) => untilPod(`of-${node}`)))
  const sinceMs = Date.now()
  await Promise.all(both.map((node) => lab.kill(cluster.name, node)))
  for (const node of both) {
    const silent = await untilNode(node, (one) => readyOf(one)?.status === 'Unknown')
    expect(readyOf(silent)?.message).toMatch(new RegExp(`^${node}: no heartbeat for [\\d.]+ m?s; 1 of 3 members seen, fewer than half: not decided; its pods stay until it is back, rebooted, or confirmed dead \\(gantry node confirm-dead ${node}\\)$`))
    await untilTold(node, sinceMs, /^NodeSilent /m)
  }
  expect((await gantry('get', 'nodes')).stderr).toMatch(/n2: .*not decided[\s\S]*n3: .*not decided/)
  await wait(1_500)
  expect((await cluster.get<{ items: readonly Pod[] }>(PODS)).items.map(({ metadata }) => metadata.deletionTimestamp)).toEqual([undefined, undefined])
  for (const node of both) {
    const said = await SAID[how]?.(node)
    expect(said, said?.stderr).toMatchObject({ exitCode: 0 })
  }
  await Promise.all(both.map((node) => untilGone(`of-${node}`)))
  for (const node of both) await untilTold(node, sinceMs, how === 'kubectl delete node' ? /^NodeFenced n\d: confirmed dead by the deletion of its Node object; /m : /^NodeFenced n\d: confirmed dead by /m)
  await create(pod('new', {}))
  expect((await untilPod('new')).spec?.nodeName).toBe('n1')
  await Promise.all(both.map((node) => lab.start(cluster.name, node)))
  await nodesAre(({ length }) => length === 3)
  for (const node of both) expect(await containersOn(node)).toEqual([])
  await remove('new')
})

test('a node that is not heard is given up and has stopped its pods, and so is one that does not hear', async () => {
  for (const ways of [() => lab.partition(cluster.name, ['n3'], { oneWay: true }), () => lab.partition(cluster.name, ['control-plane'], { from: ['n3'], oneWay: true })]) {
    await create(pod('bare', on('n3')))
    await untilPod('bare')
    await ways()
    for (;;) {
      const made = await cluster.kubectl(['create', '-f', '-'], { stdin: JSON.stringify(pod('bare', on('n1'))) })
      if (made.exitCode === 0) break
      await wait(20)
    }
    await untilNode('n3', isGivenUp)
    await untilPod('bare')
    expect(lives.overlaps('bare')).toEqual([])
    expect(await containersOn('n3')).toEqual([])
    await lab.heal(cluster.name)
    await nodesAre(({ length }) => length === 3)
    await remove('bare')
  }
})

test('commands about one machine that are given at once are done one after the other', async () => {
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.allSettled([lab.kill(cluster.name, 'n3'), lab.start(cluster.name, 'n3'), lab.kill(cluster.name, 'n3'), lab.start(cluster.name, 'n3'), lab.partition(cluster.name, ['n3']), lab.heal(cluster.name)])
    expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as Error).message] : []))).toEqual([])
  }
  await lab.start(cluster.name, 'n3')
  await lab.heal(cluster.name)
  // A Ready of before the last boot may still stand there.
  const bootId = readFileSync(`${layoutOf(cluster.spec).memberRun('n3')}/boot-id`, 'utf8').trim()
  await nodesAre((all) => all.length === 3 && all.some(({ status }) => status?.nodeInfo?.bootID === bootId))
})

const reachOf = (node: Node) => node.status?.conditions?.find(({ type }) => type === 'PeersReachable')

test('nodes that do not reach each other say so, and nothing stops', async () => {
  await create(pod('bare', on('n3')))
  await untilPod('bare')
  await lab.partition(cluster.name, ['n2'], { from: ['n3'] })
  const cut = await untilNode('n3', (node) => reachOf(node)?.status === 'False')
  expect(reachOf(cut)).toMatchObject({ reason: 'PeersDoNotAnswer', message: expect.stringMatching(/^n3 cannot reach n2 at 10\.89\.\d+\.12:6447 \(/) as string })
  await untilNode('n2', (node) => reachOf(node)?.status === 'False')
  await nodesAre(({ length }) => length === 3)
  await lab.heal(cluster.name)
  await untilNode('n3', (node) => reachOf(node)?.status === 'True')
  await untilNode('n2', (node) => reachOf(node)?.status === 'True')
  expect(lives.of('bare').length).toBe(1)
  await remove('bare')
})

/** Everything on this host that bears the lab's name or number, but for the data of images that all labs share. */
async function tracesOf({ name, number }: LabSpec): Promise<readonly string[]> {
  const [mounts, namespaces, links, tables, groups] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readdir('/run/netns').catch(() => []),
    readdir('/sys/class/net'),
    run('nft', ['list', 'tables']),
    run('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*gantry/${name}*`]),
  ])
  const processes = await processesWith(`/labs/${name}/`)
  return [
    ...mounts.split('\n').filter((line) => line.includes(`/labs/${name}/`)),
    ...namespaces.filter((one) => one.startsWith(`gantry-${name}-`)),
    ...links.filter((one) => new RegExp(`^gt(lab)?${number}(?!\\d)`).test(one)),
    ...tables.stdout.split('\n').filter((line) => line.endsWith(` gantry_lab${number}`)),
    ...groups.stdout.split('\n').filter((line) => line !== ''),
    ...processes.map((pid) => `process ${pid}`),
    ...[`/run/gantry/labs/${name}`, `/var/lib/gantry/labs/${name}`].filter((path) => existsSync(path)),
  ]
}

test('after all this nothing of the lab is left on the host: no mount, no namespace, no process, no fencer', async () => {
  await create(pod('bare', on('n1')))
  await untilPod('bare')
  const { spec } = cluster
  await lab.partition(cluster.name, ['n1'], { from: ['n2'] })
  const before = (await tracesOf(spec)).join('\n')
  for (const there of [`gantry-${spec.name}-n1`, `gantry_lab${spec.number}`, `gt${spec.number}n1`, 'process ', '/sys/fs/cgroup/', '/run/gantry/labs/']) expect(before).toContain(there)
  for (const node of ['n1', 'n2', 'n3']) expect((await processesWith(`${layoutOf(spec).memberRun(node)}/fencing/fencer.sh`)).length).toBe(1)
  await lab.down(cluster.name, { keep: false })
  expect(await tracesOf(spec)).toEqual([])
})
