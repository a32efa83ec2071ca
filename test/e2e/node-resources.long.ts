/** A node that runs short of memory, pods that write too much, and pods of files; on a real machine of a lab that has less than its host. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, testLab, type TestLab } from './harness.ts'
import { containerOf, create, podWhen, remove, running, told, trialPod } from './pod-trials.ts'

const NAME = 'e2e-resources'
const FOREVER = 'exec sleep 100000'
let cluster: TestLab
let files: string

const nodeWhen = async (holds: (node: Node) => boolean): Promise<void> => void (await cluster.until<Node>('/api/v1/nodes', ([node]) => node !== undefined && holds(node)))
const condition = (node: Node, type: string): string | undefined => node.status?.conditions?.find((one) => one.type === type)?.status

beforeAll(async () => {
  cluster = await testLab(NAME, { nodes: 1 })
  const state = layoutOf(cluster.spec).memberState('n1')
  files = join(state, 'static')
  mkdirSync(files)
  const file = join(state, 'config.json')
  const settings = JSON.parse(readFileSync(file, 'utf8')) as object
  // So much that the agent alone leaves it, and a pod that takes a good part of it does not.
  writeFileSync(file, JSON.stringify({ ...settings, staticPodPath: files, capacity: { memory: '600Mi' }, systemReserved: { memory: '50Mi' }, evictionHard: { 'memory.available': '350Mi' }, evictionPressureTransitionPeriod: '5s' }))
  await lab.kill(NAME, 'n1/agent')
  await lab.start(NAME, 'n1/agent')
  await nodeWhen(({ status }) => status?.allocatable?.['memory'] === '200Mi' && status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true)
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
})

test('memory: the pod that took more than it asked for goes, with the words of it; the node says so as long as it lasts', async () => {
  await running(cluster, trialPod('modest', FOREVER, { container: { resources: { requests: { memory: '32Mi' } } } }))
  await create(cluster, trialPod('greedy', `exec awk 'BEGIN { s = "x"; while (length(s) < 250000000) s = s s; system("sleep 100000") }'`, { spec: { restartPolicy: 'Never' }, container: { resources: { requests: { memory: '10Mi' } } } }))
  const pod = await podWhen(cluster, 'greedy', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({ reason: 'Evicted', message: expect.stringMatching(/^The node was low on resource: memory\. Threshold quantity: 350Mi, available: \w+\. Container c was using \w+, request is 10Mi, has larger consumption of memory\. $/) })
  expect(pod.status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }))
  await told(cluster, 'greedy', { reason: 'Evicted', message: 'low on resource: memory' })
  await nodeWhen((node) => condition(node, 'MemoryPressure') === 'False' && node.spec?.taints === undefined)
  expect((await podWhen(cluster, 'modest', () => true)).status?.phase).toBe('Running')
})

test('a container that writes more than its limit goes', async () => {
  await create(cluster, trialPod('writer', `dd if=/dev/zero of=/tmp/f bs=1M count=5; ${FOREVER}`, { spec: { restartPolicy: 'Never' }, container: { resources: { limits: { 'ephemeral-storage': '1Mi' } } } }))
  const pod = await podWhen(cluster, 'writer', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({ reason: 'Evicted', message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ' })
})

test('a pod of a file: shown, deleted in vain, changed, and gone with the file', async () => {
  const write = (command: string): void => writeFileSync(join(files, 'web.json'), JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { trial: 'web' } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'busybox:1.35', command: ['sh', '-c', command] }] } }))
  write('sleep 100000')
  const first = await podWhen(cluster, 'web', isRunning)
  expect(first.metadata).toMatchObject({ name: 'web-n1', annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.mirror': expect.any(String) } })
  await cluster.send('DELETE', '/api/v1/namespaces/default/pods/web-n1')
  const again = await podWhen(cluster, 'web', (pod) => pod.metadata.uid !== first.metadata.uid && isRunning(pod))
  expect(containerOf(again)).toMatchObject({ containerID: containerOf(first).containerID, state: containerOf(first).state })
  write('sleep 200000')
  const changed = await podWhen(cluster, 'web', (pod) => pod.metadata.uid !== again.metadata.uid && isRunning(pod))
  expect(containerOf(changed).containerID).not.toBe(containerOf(first).containerID)
  rmSync(join(files, 'web.json'))
  await cluster.until<Pod>('/api/v1/namespaces/default/pods?labelSelector=trial%3Dweb', (pods) => pods.length === 0)
  await remove(cluster, 'modest', 1)
})
