/** A lab on a host whose control groups are version 2 alone: limits and their change, want of memory, probes, commands inside, logs, an agent that is started again, and nothing left. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { isRunning, testLab, type TestLab } from '../e2e/harness.ts'
import { containerOf, create, eventually, inside, logOf, podWhen, remove, running, told, trialPod } from '../e2e/pod-trials.ts'

const NAME = 'vm'
const FOREVER = 'exec sleep 100000'
const ROOT = '/sys/fs/cgroup'
let cluster: TestLab

beforeAll(async () => {
  cluster = await testLab(NAME, { nodes: 1 })
})
afterAll(() => lab.down(NAME, { keep: false }))

const podGroup = (pod: Pod): string => `${ROOT}/${layoutOf(cluster.spec).memberCgroup(pod.spec?.nodeName ?? '')}/pods/pod${pod.metadata.uid}`
const read = (folder: string, file: string): string => readFileSync(`${folder}/${file}`, 'utf8').trim()
const agentPid = async (node: string): Promise<number | undefined> => (await lab.status(NAME)).members.find(({ name }) => name === node)?.pid
const firstContainer = (group: string): string => `${group}/${readdirSync(group, { withFileTypes: true }).find((entry) => entry.isDirectory())?.name ?? ''}`

test('this host has version 2 alone', () => {
  expect(existsSync(`${ROOT}/cgroup.controllers`)).toBe(true)
  expect(existsSync(`${ROOT}/unified`)).toBe(false)
})

test('limits are the kernel’s; a command inside sees them', async () => {
  const pod = await running(cluster, trialPod('bounded', `echo up; ${FOREVER}`, { container: { resources: { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '500m', memory: '32Mi' } } } }))
  const group = podGroup(pod)
  const container = firstContainer(group)
  for (const folder of [group, container]) expect([read(folder, 'memory.max'), read(folder, 'cpu.max')]).toEqual([String(32 << 20), '50000 100000'])
  expect(read(container, 'memory.oom.group')).toBe('1')
  // A limit of memory would be none beside what can be swapped out. Not every kernel knows swap.
  if (existsSync(`${container}/memory.swap.max`)) expect(read(container, 'memory.swap.max')).toBe('0')
  expect(await inside(cluster, 'bounded', 'cat /sys/fs/cgroup/memory.max /proc/self/cgroup')).toMatch(/^33554432\n0::\/\n$/)
  expect(await logOf(cluster, 'bounded')).toBe('up\n')
})

test('limits of a pod that runs are changed, and it runs on', async () => {
  const before = await podWhen(cluster, 'bounded', isRunning)
  const resources = { limits: { cpu: '250m', memory: '48Mi' } }
  expect(await cluster.kubectl(['patch', 'pod', 'bounded', '--subresource', 'resize', '--patch', JSON.stringify({ spec: { containers: [{ name: 'c', resources }] } })])).toMatchObject({ exitCode: 0 })
  const after = await podWhen(cluster, 'bounded', (pod) => containerOf(pod).resources?.limits?.['memory'] === '48Mi')
  expect(containerOf(after)).toMatchObject({ restartCount: 0, containerID: containerOf(before).containerID })
  for (const folder of [podGroup(after), firstContainer(podGroup(after))]) expect([read(folder, 'memory.max'), read(folder, 'cpu.max')]).toEqual([String(48 << 20), '25000 100000'])
})

test('out of memory: killed, and told so; one process of several takes all with it', async () => {
  await create(cluster, trialPod('oom', 'sleep 100000 & tail /dev/zero; sleep 100000', { spec: { restartPolicy: 'Never' }, container: { resources: { limits: { memory: '16Mi' } } } }))
  const pod = await podWhen(cluster, 'oom', (one) => one.status?.phase === 'Failed')
  expect(containerOf(pod).state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137, message: expect.stringContaining("the container's limit is 16Mi") })
  await told(cluster, 'oom', { reason: 'OOMKilled', message: 'Container c was killed: out of memory' })
})

test('liveness: a container that fails it is started again', async () => {
  await create(cluster, trialPod('sick', `touch /ok; sleep 5; rm /ok; ${FOREVER}`, { container: { livenessProbe: { exec: { command: ['test', '-f', '/ok'] }, periodSeconds: 5, timeoutSeconds: 60, failureThreshold: 1 } } }))
  const pod = await podWhen(cluster, 'sick', (one) => (one.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  expect(containerOf(pod).lastState?.terminated?.exitCode).toBe(137)
})

test('an agent that is killed finds its containers running, and says no more than that', async () => {
  const before = await podWhen(cluster, 'bounded', isRunning)
  const node = before.spec?.nodeName ?? ''
  const first = await eventually(() => agentPid(node), (pid) => pid !== undefined)
  const file = join(layoutOf(cluster.spec).memberState(node), 'config.json')
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), memoryThrottlingFactor: 0.5, memoryReservationPolicy: 'TieredReservation' }))
  process.kill(first ?? 0, 'SIGKILL')
  await eventually(() => agentPid(node), (pid) => pid !== undefined && pid !== first)
  const after = await podWhen(cluster, 'bounded', isRunning)
  expect(containerOf(after)).toMatchObject({ restartCount: 0, containerID: containerOf(before).containerID })
  expect(await inside(cluster, 'bounded', 'echo still here')).toBe('still here\n')
})

/** `memory.min`, `memory.low`, `memory.high` */
const protection = (group: string): readonly string[] => ['memory.min', 'memory.low', 'memory.high'].map((file) => read(group, file))

test('memory is kept for those that asked for it, and who nears its limit is slowed, where the agent’s settings say so', async () => {
  const of = (name: string, requests: string): Pod => trialPod(name, FOREVER, { container: { resources: { requests: { cpu: '200m', memory: requests }, limits: { cpu: '200m', memory: '32Mi' } } } })
  const guaranteed = podGroup(await running(cluster, of('kept', '32Mi')))
  const burstable = podGroup(await running(cluster, of('slowed', '16Mi')))
  const [whole, half] = [String(32 << 20), String(16 << 20)]
  expect([protection(guaranteed), protection(firstContainer(guaranteed))]).toEqual([[whole, '0', 'max'], [whole, '0', 'max']])
  expect([protection(burstable), protection(firstContainer(burstable))]).toEqual([['0', half, 'max'], ['0', half, String(24 << 20)]])
  for (const above of [dirname(burstable), `${ROOT}/gantry`]) expect(protection(above)).toEqual([whole, half, 'max'])
  await Promise.all([remove(cluster, 'kept'), remove(cluster, 'slowed')])
  await eventually(() => protection(dirname(burstable)), (now) => now.join(' ') === '0 0 max')
})

test('a pod that is deleted leaves no group', async () => {
  const group = podGroup(await podWhen(cluster, 'bounded', isRunning))
  await remove(cluster, 'bounded')
  await eventually(() => existsSync(group), (there) => !there)
})

test('a lab that is taken down leaves nothing', async () => {
  await cluster[Symbol.asyncDispose]()
  expect(existsSync(`${ROOT}/gantry/${NAME}`)).toBe(false)
  expect(readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`/gantry/labs/${NAME}`))).toEqual([])
  expect([`/var/lib/gantry/labs/${NAME}`, `/run/gantry/labs/${NAME}`].filter((folder) => existsSync(folder))).toEqual([])
  // The machine has a file system of its own there.
  expect(readdirSync('/var/lib/gantry')).toEqual([])
})
