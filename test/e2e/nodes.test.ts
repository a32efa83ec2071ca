/** Nodes that are lost, come back, boot anew, change their names, come twice, or have a wrong clock: nothing ever lives twice, and everything is told in words. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { upSeconds } from './application.ts'
import { isRunning, isWell, readyOf, run, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { Lives } from './lives.ts'
import { isGivenUp, nodeTrials, on, PODS, restartsOf, TROUBLE } from './node-trials.ts'

let cluster: TestLab
let lives: Lives
const { nodesAre, untilNode, pod, create, untilPod, untilGone, remove, toldOf, untilTold, containersOn, listenTo } = nodeTrials(
  () => cluster,
  () => lives,
)

labOfTests({ name: 'e2e-nodes', prepare: (lab) => void (cluster = lab) })
beforeEach(async () => {
  lives = new Lives()
  await nodesAre(({ length }) => length === 3)
})
afterEach(() => lives[Symbol.dispose]())

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

const ends = (name: string, more: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...more, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['true'] }] } })

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
    await expect.poll(saysAfterBoot, { timeout: 60_000, interval: 20 }).toContain('the agent is up')
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
  const other = cluster.until<Node>('/api/v1/nodes?fieldSelector=metadata.name%3Dother', ([node]) => node !== undefined && isWell(node)).then(async () => containersOn('n3'))
  // It is looked at below, unless something else goes wrong before.
  other.catch(() => {})
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
    await expect.poll(saidBySecond, { timeout: 60_000, interval: 100 }).toMatch(/(a node \\"n1\\" is in the cluster and alive|another agent is registered as node \\"n1\\" .*): give this one another name, or stop that one/)
    await untilTold('n1', sinceMs, /^NodeDoubled an agent .* was refused: /m)
    await wait(1_000)
    expect(await saidByFirst()).not.toContain('session lost')
    expect(lives.of('bare').length).toBe(1)
    const cutAt = upSeconds()
    await lab.partition(cluster.name, ['n1'])
    await expect.poll(() => lives.of('bare').length, { timeout: 60_000, interval: 50 }).toBe(2)
    expect(lives.overlaps('bare')).toEqual([])
    expect(lives.of('bare')[0]?.last).toBeGreaterThan(cutAt)
    // Now the first is the second.
    await lab.heal(cluster.name)
    await expect.poll(saidByFirst, { timeout: 60_000, interval: 100 }).toContain('another agent lives under this node\'s name: nothing is run here')
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
  const second = await run('nsenter', [`--net=${netnsPath('n1')}`, `--mount=${mountsPin('n1')}`, process.execPath, join(lab.programsFolder(), 'agent.mjs'), '--config', `${memberState('n1')}/config.json`])
  expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('agent: another agent runs on this machine with the run folder ') as string })
  await wait(1_500)
  expect(await saidByFirst()).toBe('')
  expect(lives.of('bare').length).toBe(1)
  await remove('bare')
})

const HOUR_MS = 3_600_000

/** Times that Kubernetes' clients show of a node, all by the control plane's clock. */
const timesOf = (node: Node): readonly number[] => (node.status?.conditions ?? []).flatMap(({ lastHeartbeatTime, lastTransitionTime }) => [lastHeartbeatTime, lastTransitionTime]).flatMap((time) => (time === undefined ? [] : [Date.parse(time)]))

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
