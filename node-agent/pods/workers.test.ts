import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { deleted, podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(async () => {
  await node.close()
})

const conditions = (status: PodStatus): ReadonlyArray<readonly (string | undefined)[]> => (status.conditions ?? []).map(({ type, status: is, reason, message }) => [type, is, reason, message])
const eventsOf = (name: string): readonly string[] => node.events.filter((one) => one.pod === name).map(({ reason, message }) => `${reason}: ${message}`)

test('a pod starts: status, conditions and events as kubelet has them', async () => {
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done', { ports: [{ containerPort: 80 }] })] }))
  await node.clock.advance(100)
  const status = node.status('p')
  expect(status).toMatchObject({ phase: 'Running', hostIP: '192.0.2.1', podIP: '10.244.1.2', qosClass: 'BestEffort', observedGeneration: 1, resources: {} })
  expect(status.containerStatuses).toMatchObject([{ name: 'c', ready: true, started: true, restartCount: 0, image: 'docker.io/library/busybox:1.35', lastState: {}, resources: {}, state: { running: {} }, user: { linux: { uid: 0, gid: 0, supplementalGroups: [0, 10] } } }])
  expect(conditions(status).map(([type, is]) => [type, is])).toEqual([['PodReadyToStartContainers', 'True'], ['Initialized', 'True'], ['Ready', 'True'], ['ContainersReady', 'True'], ['PodScheduled', 'True']])
  expect(eventsOf('p')).toEqual(['Pulled: Container image "busybox:1.35" already present on machine and can be accessed by the pod', 'Created: Container created', 'Started: Container started'])
})

test('how a start went is told with the status; probes that fail later do not change it', async () => {
  node.workers.update(testPod('p', { initContainers: [shell('i', 'sleep 0.5')], containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(400)
  expect(node.reports.at(-1)?.timeline).toBeUndefined()
  await node.clock.advance(600)
  const told = node.reports.at(-1)?.timeline
  expect(told).toEqual({ seenMs: expect.any(Number), image: 500, network: 0, volumes: 0, created: 500, started: 500, ready: 500 })
  await node.restartAgent()
  await node.clock.advance(100)
  expect(node.workers.statuses().map(({ timeline }) => timeline)).toEqual([told])
})

test('a pod whose state was lost keeps the deadline that it had', async () => {
  const begun = new Date(node.clock.nowMs() - 50_000).toISOString()
  const pod = testPod('p', { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 1, containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update({ ...pod, status: { ...pod.status, startTime: begun } })
  await node.clock.advance(9_000)
  expect(node.status('p').phase).toBe('Running')
  await node.clock.advance(5_000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' })
})

test('Always, exit 1: restarted at once, then backs off 10 s, 20 s', async () => {
  node.workers.update(testPod('p', { containers: [shell('c', 'exit 1')] }))
  await node.clock.advance(1000)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 1, ready: false, started: false, state: { waiting: { reason: 'CrashLoopBackOff', message: expect.stringMatching(/^back-off 10s restarting failed container=c pod=p_ns\(.*\)$/) } }, lastState: { terminated: { exitCode: 1, reason: 'Error' } } }])
  expect(node.status('p').phase).toBe('Running')
  expect(conditions(node.status('p'))).toEqual([['PodReadyToStartContainers', 'True', undefined, undefined], ['Initialized', 'True', undefined, undefined], ['Ready', 'False', 'ContainersNotReady', 'containers with unready status: [c]'], ['ContainersReady', 'False', 'ContainersNotReady', 'containers with unready status: [c]'], ['PodScheduled', 'True', undefined, undefined]])
  expect(eventsOf('p').at(-1)).toMatch(/^BackOff: Back-off restarting failed container c in pod p_ns\(/)
  await node.clock.advance(9500)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 2, state: { waiting: { message: expect.stringContaining('back-off 20s') } } }])
})

test('Never, exit 0 and 1: Succeeded and Failed, the sandbox goes', async () => {
  node.workers.update(testPod('good', { restartPolicy: 'Never', containers: [shell('c', 'exit 0')] }))
  node.workers.update(testPod('bad', { restartPolicy: 'Never', containers: [shell('c', 'exit 1')] }))
  await node.clock.advance(1000)
  expect(node.status('good')).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ ready: false, started: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }] })
  expect(conditions(node.status('good')).map(([type, is, reason]) => [type, is, reason])).toEqual([['PodReadyToStartContainers', 'False', undefined], ['Initialized', 'True', 'PodCompleted'], ['Ready', 'False', 'PodCompleted'], ['ContainersReady', 'False', 'PodCompleted'], ['PodScheduled', 'True', undefined]])
  expect(node.status('bad').phase).toBe('Failed')
  expect(conditions(node.status('bad')).map(([, is, reason]) => [is, reason])).toEqual([['False', undefined], ['True', undefined], ['False', 'PodFailed'], ['False', 'PodFailed'], ['True', undefined]])
  expect(await node.parts.network.list()).toEqual([])
})

test('a container that ends before its start is answered has ended', async () => {
  await node.close()
  node = await podHarness({ startMs: 5 })
  node.workers.update(testPod('p', { restartPolicy: 'Never', containers: [shell('c', 'exit 3')] }))
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] })
})

test('a container that the host cannot make: why is seen, and it is tried again', async () => {
  await node.close()
  node = await podHarness()
  const { create } = node.parts.runtime
  let isFull = true
  node.parts.runtime.create = (spec) => (isFull ? Promise.reject(new Error('no space left on device')) : create(spec))
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(1000)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'CreateContainerError', message: 'no space left on device' } } }])
  expect(eventsOf('p').at(-1)).toBe('Failed: Error: no space left on device')
  isFull = false
  await node.clock.advance(30_000)
  expect(node.status('p').phase).toBe('Running')
})

test('a deleted pod: SIGTERM, then SIGKILL after the grace, one last report', async () => {
  const pod = testPod('p', { containers: [shell('c', 'trap "" TERM; while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(deleted(pod, 5))
  await node.clock.advance(4900)
  expect(node.removed('p')).toBe(false)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { running: {} } }])
  await node.clock.advance(200)
  expect(node.removed('p')).toBe(true)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'Error' } } }] })
  expect(eventsOf('p').at(-1)).toBe('Killing: Stopping container c')
  expect(await node.parts.runtime.list()).toEqual([])
  expect(await node.parts.volumes.list()).toEqual([])
})

test('a deleted pod that is gone from here and named again, by an object that is older than its end: how it ended is said again, and nothing is begun anew', async () => {
  const pod = testPod('p', { initContainers: [shell('i', 'exit 0')], containers: [shell('c', 'trap "exit 0" TERM; while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(deleted(pod, 30))
  await node.clock.advance(100)
  const last = node.reports.at(-1)
  expect(last).toMatchObject({ removed: true, status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] } })
  for (const name of [() => node.workers.update(deleted(pod, 30)), () => node.workers.setAll([deleted(pod, 30)]), () => node.workers.setAll([pod])]) {
    const before = node.reports.length
    name()
    await node.clock.advance(1000)
    expect(node.reports.slice(before).map(({ removed, status }) => ({ removed, status }))).toEqual([{ removed: true, status: last?.status }])
    expect(await node.parts.runtime.list()).toEqual([])
  }
})

test('an agent that is killed before its last word on a deleted pod has come through: the next one says it again', async () => {
  const pod = testPod('p', { containers: [shell('c', 'trap "exit 0" TERM; while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(deleted(pod, 30))
  await node.clock.advance(100)
  const last = node.reports.at(-1)
  expect(last).toMatchObject({ removed: true, status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] } })
  for (let death = 1; death <= 2; death++) {
    await node.restartAgent()
    const before = node.reports.length
    node.workers.setAll([deleted(pod, 30)])
    await node.clock.advance(1000)
    expect(node.reports.slice(before).map(({ removed, status }) => ({ removed, phase: status.phase, containers: status.containerStatuses }))).toEqual([{ removed: true, phase: 'Succeeded', containers: last?.status.containerStatuses }])
  }
  expect(await node.parts.files.names('/state')).toHaveLength(1)
  node.workers.setAll([])
  await node.clock.advance(100)
  expect(await node.parts.files.names('/state')).toEqual([])
})

test('the last word on a deleted pod is kept no longer than its object is there', async () => {
  const pods = ['one', 'other'].map((name) => testPod(name, { containers: [shell('c', 'trap "exit 0" TERM; while :; do sleep 1; done')] }))
  for (const pod of pods) node.workers.update(pod)
  await node.clock.advance(100)
  for (const pod of pods) node.workers.update(deleted(pod, 30))
  await node.clock.advance(100)
  expect(pods.map((pod) => node.status(pod.metadata.name ?? '').phase)).toEqual(['Succeeded', 'Succeeded'])
  const [one, other] = pods as [Pod, Pod]
  node.workers.remove('ns/one', one.metadata.uid ?? '')
  node.workers.setAll([one])
  await node.clock.advance(100)
  expect(await node.parts.files.names('/state')).toEqual([`${one.metadata.uid}.json`])
  node.workers.setAll([one, other])
  await node.clock.advance(100)
  // Both are as if they had never been here.
  expect([node.status('one').phase, node.status('other').phase]).toEqual(['Running', 'Running'])
})

test.each(['when it is gone', 'as its last word is said'])('a pod of a file that ended with it and comes back the same runs again: %s', async (moment) => {
  const made = testPod('p', { containers: [shell('c', 'trap "exit 0" TERM; while :; do sleep 1; done')] })
  const uid = (made.metadata.uid ?? '').replaceAll('-', '')
  const pod: Pod = { ...made, metadata: { ...made.metadata, uid, annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': uid } } }
  node.workers.update(pod)
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
  const { report } = node.parts.reporter
  if (moment === 'as its last word is said') {
    node.parts.reporter.report = (last) => {
      report(last)
      node.parts.reporter.report = report
      node.workers.update(pod)
    }
  }
  node.workers.update(deleted(pod, 30))
  await node.clock.advance(100)
  if (moment === 'when it is gone') node.workers.update(pod)
  await node.clock.advance(100)
  expect(node.reports.filter(({ removed }) => removed)).toHaveLength(1)
  expect(node.status('p').phase).toBe('Running')
  expect(await node.parts.runtime.list()).toHaveLength(1)
})

test('a second deletion shortens the grace', async () => {
  const pod = testPod('p', { containers: [shell('c', 'trap "" TERM; while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(deleted(pod, 600))
  await node.clock.advance(10_000)
  node.workers.update(deleted(pod, 0))
  await node.clock.advance(100)
  expect(node.removed('p')).toBe(true)
})

test('a handler of SIGTERM that exits 0 makes the pod Succeeded', async () => {
  const pod = testPod('p', { containers: [shell('c', 'trap "exit 0" TERM; while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(deleted(pod, 30))
  await node.clock.advance(100)
  expect(node.status('p')).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }] })
})

test('preStop runs before SIGTERM; one longer than the grace is cut off', async () => {
  const pod = testPod('p', { containers: [shell('c', 'trap "exit 0" TERM; while :; do sleep 1; done', { lifecycle: { preStop: { sleep: { seconds: 100 } } } })] })
  node.workers.update(pod)
  await node.clock.advance(100)
  node.workers.update(deleted(pod, 3))
  await node.clock.advance(2900)
  expect(node.removed('p')).toBe(false)
  await node.clock.advance(200)
  expect(node.removed('p')).toBe(true)
  expect(node.status('p')).toMatchObject({ phase: 'Succeeded' })
})

test('init containers run one after the other; a failing one backs off', async () => {
  node.workers.update(testPod('p', { initContainers: [shell('i1', 'sleep 5'), shell('i2', 'sleep 5')], containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Pending', initContainerStatuses: [{ name: 'i1', started: true, ready: false, state: { running: {} } }, { name: 'i2', started: false, state: { waiting: { reason: 'PodInitializing' } } }], containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }] })
  expect(conditions(node.status('p'))[1]).toEqual(['Initialized', 'False', 'ContainersNotInitialized', 'containers with incomplete status: [i1 i2]'])
  await node.clock.advance(10_000)
  expect(node.status('p')).toMatchObject({ phase: 'Running', initContainerStatuses: [{ ready: true, state: { terminated: { exitCode: 0 } } }, { ready: true }], containerStatuses: [{ ready: true }] })
  node.workers.update(testPod('q', { initContainers: [shell('i1', 'exit 4')], containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(1000)
  expect(node.status('q')).toMatchObject({ phase: 'Pending', initContainerStatuses: [{ ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 4 } } }] })
})

test('sidecars start before what comes after them and end after the main container, last one first', async () => {
  const sidecar = { restartPolicy: 'Always' }
  const pod = testPod('p', { restartPolicy: 'Never', initContainers: [shell('s1', 'trap "sleep 1; exit 0" TERM; while :; do sleep 1; done', sidecar), shell('s2', 'trap "sleep 1; exit 5" TERM; while :; do sleep 1; done', sidecar)], containers: [shell('c', 'sleep 2')] })
  node.workers.update(pod)
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Running', initContainerStatuses: [{ ready: true, started: true }, { ready: true, started: true }] })
  await node.clock.advance(10_000)
  expect(node.status('p')).toMatchObject({ phase: 'Succeeded', initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }, { state: { terminated: { exitCode: 5 } } }] })
  const [s1, s2] = node.status('p').initContainerStatuses ?? []
  expect([s2?.state?.terminated?.finishedAt, s1?.state?.terminated?.finishedAt]).toEqual(['2026-01-01T00:00:03Z', '2026-01-01T00:00:04Z'])
})

test('an image that is missing: ErrImagePull, then ImagePullBackOff; never pulled: ErrImageNeverPull; bad name: InvalidImageName', async () => {
  node.workers.update(testPod('p', { containers: [{ name: 'c', image: 'nosuch.example/none:1' }] }))
  node.workers.update(testPod('q', { containers: [{ name: 'c', image: 'nosuch.example/none:1', imagePullPolicy: 'Never' }] }))
  node.workers.update(testPod('r', { containers: [{ name: 'c', image: 'Not/VALID::x' }] }))
  await node.clock.advance(100)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ErrImagePull' } } }])
  expect(node.status('q').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ErrImageNeverPull', message: 'Container image "nosuch.example/none:1" is not present with pull policy of Never' } } }])
  expect(node.status('r').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'InvalidImageName' } } }])
  expect(eventsOf('r')).toContain('Failed: Error: InvalidImageName')
  await node.clock.advance(2000)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ImagePullBackOff', message: expect.stringMatching(/^Back-off pulling image "nosuch.example\/none:1": ErrImagePull: /) } } }])
  expect(node.status('p').phase).toBe('Pending')
})

test('a missing secret in the environment: CreateContainerConfigError, until it is there', async () => {
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] })] })
  node.workers.update(pod)
  await node.clock.advance(100)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } } }])
  Object.assign(node.parts.sources, { secret: () => ({ metadata: {}, data: { k: 'dg==' } }) })
  node.workers.sourcesChanged('Secret', 'ns/s')
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
})

test('volumes that wait hold the pod in ContainerCreating, with an event', async () => {
  node.volumeAnswers.set('p', { kind: 'waiting', message: 'MountVolume.SetUp failed for volume "d" : configmap "x" not found' })
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(100)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ContainerCreating' } } }])
  expect(eventsOf('p')).toEqual(['FailedMount: MountVolume.SetUp failed for volume "d" : configmap "x" not found'])
  node.volumeAnswers.delete('p')
  await node.clock.advance(5000)
  expect(node.status('p').phase).toBe('Running')
})

test('a command that is missing: StartError 128', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1.35', command: ['nosuchcommand'] }] }))
  await node.clock.advance(100)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 128, reason: 'StartError', message: expect.stringContaining('exec: "nosuchcommand": executable file not found in $PATH'), startedAt: '1970-01-01T00:00:00Z' } } }] })
  expect(eventsOf('p').at(-1)).toMatch(/^Failed: Error: .*nosuchcommand/)
})

test('activeDeadlineSeconds: ended, and only then told to have failed', async () => {
  node.workers.update(testPod('p', { activeDeadlineSeconds: 3, terminationGracePeriodSeconds: 1, containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(3100)
  expect(node.status('p')).toMatchObject({ phase: 'Running' })
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' })
  expect(node.status('p').containerStatuses).toMatchObject([{ ready: false, state: { terminated: { exitCode: 137, reason: 'Error' } } }])
})

test('more CPU than there is: OutOfcpu; a sysctl that is not safe: SysctlForbidden', async () => {
  node.workers.update(testPod('p', { containers: [shell('c', 'sleep 1', { resources: { requests: { cpu: '1000' } } })] }))
  node.workers.update(testPod('q', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '65536' }] }, containers: [shell('c', 'sleep 1')] }))
  await node.clock.advance(100)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' })
  expect(node.status('q')).toMatchObject({ phase: 'Failed', reason: 'SysctlForbidden', message: 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted' })
  expect(await node.parts.runtime.list()).toEqual([])
})

test('an agent that is killed and started again takes running containers over and sees what ended meanwhile', async () => {
  node.workers.update(testPod('runs', { containers: [shell('c', 'while :; do sleep 1; done')] }))
  node.workers.update(testPod('ends', { restartPolicy: 'Never', containers: [shell('c', 'sleep 10; exit 3')] }))
  await node.clock.advance(1000)
  const before = node.status('runs').containerStatuses
  const said = node.reports.length
  await node.restartAgent()
  await node.clock.advance(1000)
  expect(node.status('runs').containerStatuses).toEqual(before)
  expect(node.reports.slice(said).map(({ status }) => [status.podIP, status.conditions?.map((one) => one.status).join()])).toEqual([['10.244.1.2', 'True,True,True,True,True'], ['10.244.1.3', 'True,True,True,True,True']])
  await node.clock.advance(10_000)
  expect(node.status('ends')).toMatchObject({ phase: 'Failed', containerStatuses: [{ restartCount: 0, state: { terminated: { exitCode: 3 } } }] })
})

test('what no assignment owns is removed once all are known', async () => {
  const pod = testPod('p', { containers: [shell('c', 'while :; do sleep 1; done')] })
  node.workers.update(pod)
  await node.clock.advance(100)
  await node.parts.runtime.create({ id: 'f'.repeat(64), rootfs: '/', config: { process: { args: ['sleep', '1'] } }, logPath: '/l', terminal: false, stdin: false })
  await node.parts.network.attach('stray', { hostname: 'stray' })
  node.workers.setAll([pod])
  await node.clock.advance(100)
  expect(await node.parts.runtime.list()).toHaveLength(1)
  expect(await node.parts.network.list()).toEqual([pod.metadata.uid])
  node.workers.setAll([])
  await node.clock.advance(100)
  expect(node.removed('p')).toBe(true)
  expect(await node.parts.runtime.list()).toEqual([])
})

test('liveness: killed and restarted at once, the second time too, then backing off', async () => {
  await node.close()
  node = await podHarness({ exec: () => ({ exitCode: 1, stdout: 'sick' }) })
  node.workers.update(testPod('p', { terminationGracePeriodSeconds: 1, containers: [shell('c', 'while :; do sleep 1; done', { livenessProbe: { exec: { command: ['check'] }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1, successThreshold: 1 } })] }))
  await node.clock.advance(1100)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 137, reason: 'Error' } } }])
  expect(eventsOf('p').slice(3, 5)).toEqual(['Unhealthy: Liveness probe failed: sick', 'Killing: Container c failed liveness probe, will be restarted'])
  await node.clock.advance(1100)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 2, state: { running: {} } }])
  await node.clock.advance(1100)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }])
})

test('readiness: a probe decides, a startup probe holds it back', async () => {
  const answers = { startup: 1, readiness: 1 }
  await node.close()
  node = await podHarness({ exec: (_id, command) => ({ exitCode: command[0] === 'startup' ? answers.startup : answers.readiness }) })
  const probe = (name: string, failureThreshold = 3): object => ({ exec: { command: [name] }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold, successThreshold: 1 })
  node.workers.update(testPod('p', { containers: [shell('c', 'while :; do sleep 1; done', { startupProbe: probe('startup', 100), readinessProbe: probe('readiness') })] }))
  await node.clock.advance(5000)
  expect(node.status('p').containerStatuses).toMatchObject([{ started: false, ready: false }])
  answers.startup = 0
  await node.clock.advance(1100)
  expect(node.status('p').containerStatuses).toMatchObject([{ started: true, ready: false }])
  answers.readiness = 0
  await node.clock.advance(1100)
  expect(node.status('p').containerStatuses).toMatchObject([{ started: true, ready: true }])
  expect(conditions(node.status('p'))[2]).toEqual(['Ready', 'True', undefined, undefined])
})

test('a readiness gate nobody has set', async () => {
  node.workers.update(testPod('p', { readinessGates: [{ conditionType: 'x/ok' }], containers: [shell('c', 'while :; do sleep 1; done')] }))
  await node.clock.advance(100)
  expect(conditions(node.status('p')).slice(2, 4)).toEqual([['Ready', 'False', 'ReadinessGatesNotReady', 'corresponding condition of pod readiness gate "x/ok" does not exist.'], ['ContainersReady', 'True', undefined, undefined]])
})
