/** Agents that die or hang, nodes that are cut off in every way, and what people say of them: no second life, and no stop without need. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { processesWith } from '../bench/processes.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { upSeconds } from './application.ts'
import { isRunning, isWell, pidOf, readyOf, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { Lives } from './lives.ts'
import { isGivenUp, labTracesOf, nodeTrials, on, OUT_OF_SERVICE, PODS, restartsOf, TROUBLE } from './node-trials.ts'

let cluster: TestLab
let lives: Lives
const { nodesAre, untilNode, pod, create, untilPod, untilGone, remove, toldOf, untilTold, containersOn, listenTo } = nodeTrials(
  () => cluster,
  () => lives,
)

labOfTests({ name: 'e2e-fencing', prepare: (lab) => void (cluster = lab) })
beforeEach(async () => {
  lives = new Lives()
  await nodesAre(({ length }) => length === 3)
})
afterEach(() => lives[Symbol.dispose]())

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
    process.kill(await pidOf(cluster, 'n2'), 'SIGKILL')
    await expect.poll(said, { timeout: 60_000, interval: 20 }).toContain('heartbeats are acked')
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
  const [stays] = await cluster.until<Pod>(`${PODS}?labelSelector=app%3Dstays`, (pods) => pods.length === 1 && pods.every(isRunning))
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

test('after all this nothing of the lab is left on the host: no mount, no namespace, no process, no fencer', async () => {
  await create(pod('bare', on('n1')))
  await untilPod('bare')
  const { spec } = cluster
  await lab.partition(cluster.name, ['n1'], { from: ['n2'] })
  const before = (await labTracesOf(spec)).join('\n')
  for (const there of [`gantry-${spec.name}-n1`, `gantry_lab${spec.number}`, `gt${spec.number}n1`, 'process ', '/sys/fs/cgroup/', '/run/gantry/labs/']) expect(before).toContain(there)
  for (const node of ['n1', 'n2', 'n3']) expect((await processesWith(`${layoutOf(spec).memberRun(node)}/fencing/fencer.sh`)).length).toBe(1)
  await lab.down(cluster.name, { keep: false })
  expect(await labTracesOf(spec)).toEqual([])
})
