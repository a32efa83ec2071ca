/** A node that runs short of memory, pods that write too much, and pods of files; on a real machine of a lab that has less than its host. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, testLab, type TestLab } from './harness.ts'
import { containerOf, create, inside, podWhen, remove, running, told, trialPod } from './pod-trials.ts'

const NAME = 'e2e-resources'
const FOREVER = 'exec sleep 100000'
/** Set aside for the whole host: some more than are there. */
const SET_ASIDE = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'
const setAside = existsSync(SET_ASIDE) ? Number(readFileSync(SET_ASIDE, 'utf8')) : undefined
const MORE_PAGES = 8
let cluster: TestLab
let files: string

/** What is set aside is not for pods to ask for as memory. */
const pagesMi = setAside === undefined ? 0 : 2 * (setAside + MORE_PAGES)

const nodeWhen = async (holds: (node: Node) => boolean): Promise<void> => void (await cluster.until<Node>('/api/v1/nodes', ([node]) => node !== undefined && holds(node)))
const condition = (node: Node, type: string): string | undefined => node.status?.conditions?.find((one) => one.type === type)?.status

/** Processes and threads of the machine now. */
const processesOf = (machine: string): number => Number(readFileSync(['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].map((root) => `${root}/${layoutOf(cluster.spec).memberCgroup(machine)}/pids.current`).find((file) => existsSync(file)) ?? '', 'utf8'))
const mostProcesses = Math.min(...['pid_max', 'threads-max'].map((name) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'))))
/** So many more than the machine begins with are too many. */
const MORE_PROCESSES = 150

beforeAll(async () => {
  if (setAside !== undefined) writeFileSync(SET_ASIDE, String(setAside + MORE_PAGES))
  cluster = await testLab(NAME, { nodes: 1 })
  const state = layoutOf(cluster.spec).memberState('n1')
  files = join(state, 'static')
  mkdirSync(files)
  const file = join(state, 'config.json')
  const settings = JSON.parse(readFileSync(file, 'utf8')) as object
  // So much that the agent alone leaves it, and a pod that takes a good part of it does not.
  writeFileSync(file, JSON.stringify({ ...settings, staticPodPath: files, capacity: { memory: `${600 + pagesMi}Mi` }, systemReserved: { memory: '50Mi' }, evictionHard: { 'memory.available': '350Mi', 'pid.available': String(mostProcesses - processesOf('n1') - MORE_PROCESSES) }, evictionPressureTransitionPeriod: '5s' }))
  await lab.kill(NAME, 'n1/agent')
  await lab.start(NAME, 'n1/agent')
  await nodeWhen(({ status }) => status?.allocatable?.['memory'] === '200Mi' && status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true)
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  if (setAside !== undefined) writeFileSync(SET_ASIDE, String(setAside))
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

test('processes: the pod that has most of them goes, and the node says so and takes no others as long as it lasts', async () => {
  const script = `i=0; while [ $i -lt ${2 * MORE_PROCESSES} ]; do sleep 100000 & i=$((i + 1)); done; wait`
  const limits = { resources: { limits: { memory: '128Mi', cpu: '1' }, requests: { memory: '64Mi', cpu: '10m' } } }
  await create(cluster, trialPod('forker', script, { spec: { restartPolicy: 'Never' }, container: limits }))
  const pod = await podWhen(cluster, 'forker', ({ status }) => status?.phase === 'Failed')
  expect(pod.status).toMatchObject({ reason: 'Evicted', message: expect.stringMatching(/^The node was low on resource: pids\. Threshold quantity: \d+k?, available: \d+k?\. $/) })
  expect(pod.status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }))
  await nodeWhen((node) => condition(node, 'PIDPressure') === 'True' && node.spec?.taints?.some(({ key, effect }) => key === 'node.kubernetes.io/pid-pressure' && effect === 'NoSchedule') === true)
  await nodeWhen((node) => condition(node, 'PIDPressure') === 'False' && node.spec?.taints === undefined)
  expect((await podWhen(cluster, 'modest', () => true)).status?.phase).toBe('Running')
})

test.skipIf(setAside === undefined)('huge pages: told of, asked for, and had', async () => {
  await cluster.until<Node>('/api/v1/nodes', ([node]) => node?.status?.capacity?.['hugepages-2Mi'] === `${pagesMi}Mi` && node.status.allocatable?.['hugepages-2Mi'] === `${pagesMi}Mi`)
  const resources = { limits: { memory: '16Mi', 'hugepages-2Mi': '4Mi' } }
  await running(cluster, trialPod('huge', FOREVER, { spec: { volumes: [{ name: 'h', emptyDir: { medium: 'HugePages' } }] }, container: { resources, volumeMounts: [{ name: 'h', mountPath: '/huge' }] } }))
  expect(await inside(cluster, 'huge', 'grep " /huge " /proc/mounts; fallocate -l 4194304 /huge/f; du -k /huge/f')).toMatch(/^nodev \/huge hugetlbfs rw,.*pagesize=2M.*\n4096\t/)
  await remove(cluster, 'huge')
  await create(cluster, trialPod('too-huge', FOREVER, { container: { resources: { limits: { memory: '16Mi', 'hugepages-2Mi': `${pagesMi + 2}Mi` } } } }))
  await podWhen(cluster, 'too-huge', ({ status }) => status?.conditions?.some(({ type, message }) => type === 'PodScheduled' && message?.includes('Insufficient hugepages-2Mi') === true) === true)
  await remove(cluster, 'too-huge')
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
