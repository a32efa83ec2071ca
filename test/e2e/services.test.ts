/** Services keep answering: while a Deployment rolls, while agents, control plane and etcd die, when a node is lost. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import type { Deployment, Node, Pod, Service } from '../../shared/model/gen/api.ts'
import { callFrom, isRunning, isWell, PATIENCE_MS, pidOf, untilAnswers, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const PODS = '/api/v1/namespaces/default/pods?labelSelector=app%3Dhello'
let cluster: TestLab
let url: string

labOfTests({ name: 'e2e-services', prepare })

async function prepare(lab: TestLab): Promise<void> {
  cluster = lab
  const applied = await cluster.kubectl(['apply', '-f', '-'], { stdin: readFileSync(join(import.meta.dirname, '../../deploy/examples/hello.yaml'), 'utf8') })
  expect(applied.exitCode, applied.stderr).toBe(0)
  await cluster.until<Pod>(PODS, (pods) => pods.filter(isRunning).length === 6)
  const service = await cluster.get<Service>('/api/v1/namespaces/default/services/hello')
  url = `http://${service.spec?.clusterIP}:80/`
  await untilAnswers(cluster, url)
}

const identities = (pods: readonly Pod[]): readonly string[] => pods.map((pod) => `${pod.metadata.uid} ${pod.status?.containerStatuses?.[0]?.containerID} ${pod.status?.containerStatuses?.[0]?.restartCount}`).sort()

test('six replicas run, spread over three nodes, and the Service answers from each node', async () => {
  const pods = await cluster.until<Pod>(PODS, (items) => items.filter(isRunning).length === 6)
  expect(new Set(pods.map((pod) => pod.spec?.nodeName)).size).toBe(3)
  for (const machine of ['n1', 'n2', 'n3']) {
    const caller = callFrom(cluster, { machine, url, perSecond: 100, patienceMs: PATIENCE_MS })
    await expect.poll(caller.calls, { timeout: 60_000 }).toBeGreaterThan(30)
    const { failures } = await caller.stop()
    expect(failures).toEqual([])
  }
})

test('no call fails during a rolling update', async () => {
  const caller = callFrom(cluster, { machine: 'n1', url, patienceMs: PATIENCE_MS })
  await expect.poll(caller.calls, { timeout: 60_000 }).toBeGreaterThan(0)
  const before = await cluster.get<{ items: Pod[] }>(PODS)
  await cluster.send('PATCH', '/apis/apps/v1/namespaces/default/deployments/hello', { spec: { template: { metadata: { annotations: { round: 'two' } } } } }, 'application/strategic-merge-patch+json')
  const old = new Set(before.items.map((pod) => pod.metadata.uid))
  await cluster.until<Pod>(PODS, (pods) => pods.length === 6 && pods.every((pod) => isRunning(pod) && !old.has(pod.metadata.uid)), 90_000)
  await expect.poll(caller.calls, { timeout: 60_000 }).toBeGreaterThan(50)
  const { failures } = await caller.stop()
  expect(failures).toEqual([])
})

test.each(['n1', 'control-plane', 'etcd'])('%s is killed with SIGKILL and started again: no container restarts, nothing stored is lost, no call fails', async (member) => {
  const before = await cluster.until<Pod>(PODS, (pods) => pods.filter(isRunning).length === 6)
  const stored = await cluster.get<Deployment>('/apis/apps/v1/namespaces/default/deployments/hello')
  const caller = callFrom(cluster, { machine: 'n2', url, patienceMs: PATIENCE_MS })
  const pid = await pidOf(cluster, member)
  process.kill(pid, 'SIGKILL')
  await expect.poll(async () => (await lab.status(cluster.name)).members.find((one) => one.name === member)?.pid ?? pid, { timeout: 60_000, interval: 50 }).not.toBe(pid)
  await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell))
  // The stored Ready may be of before. A command in a pod of n1 needs the control plane and an agent that has taken the container over.
  const onFirst = before.find((pod) => pod.spec?.nodeName === 'n1')?.metadata.name ?? ''
  await expect.poll(async () => (await cluster.kubectl(['exec', onFirst, '--', 'true'])).exitCode, { timeout: 60_000, interval: 200 }).toBe(0)
  // A write, to see that everything works again.
  await cluster.send('PATCH', '/apis/apps/v1/namespaces/default/deployments/hello', { metadata: { annotations: { [`after-${member}`]: 'yes' } } }, 'application/merge-patch+json')
  const { failures } = await caller.stop()
  expect(failures).toEqual([])
  expect(identities(await cluster.until<Pod>(PODS, (pods) => pods.filter(isRunning).length === 6))).toEqual(identities(before))
  expect((await cluster.get<Deployment>('/apis/apps/v1/namespaces/default/deployments/hello')).spec).toEqual(stored.spec)
})

test('a container that is killed runs again', async () => {
  const [pod] = await cluster.until<Pod>(PODS, (pods) => pods.filter(isRunning).length === 6)
  const killed = await cluster.kubectl(['exec', pod?.metadata.name ?? '', '--', 'kill', '-TERM', '1'])
  // The command may die with its container.
  expect([0, 137], killed.stderr).toContain(killed.exitCode)
  await cluster.until<Pod>(PODS, (pods) => pods.some((one) => one.metadata.uid === pod?.metadata.uid && one.status?.containerStatuses?.[0]?.restartCount === 1 && isRunning(one)))
})

test('a node loses power: its pods are replaced on the others', async () => {
  const before = await cluster.until<Pod>(PODS, (pods) => pods.filter(isRunning).length === 6)
  expect(before.some((pod) => pod.spec?.nodeName === 'n3')).toBe(true)
  await lab.kill(cluster.name, 'n3')
  await cluster.until<Pod>(PODS, (pods) => pods.filter((pod) => isRunning(pod) && pod.spec?.nodeName !== 'n3').length === 6)
  const caller = callFrom(cluster, { machine: 'n1', url, patienceMs: PATIENCE_MS })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect((await caller.stop()).failures).toEqual([])
  await lab.start(cluster.name, 'n3')
  await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell))
})
