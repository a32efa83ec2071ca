/** What becomes of pods on a real node: how they end, are probed, told to stop, talked to; and that nothing of them stays. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { EndpointSlice, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, run, testLab, type TestLab } from './harness.ts'
import { containerOf, create, eventually, inside, logOf, podWhen, remove, running, told, tracesOn, trialPod } from './pod-trials.ts'

const NAME = 'e2e-pods'
const FOREVER = 'exec sleep 100000'
let cluster: TestLab

beforeAll(async () => {
  cluster = await testLab(NAME, { nodes: 1 }).catch(() => testLab(NAME, { nodes: 1 }))
})
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

async function agentPid(): Promise<number> {
  const { members } = await lab.status(NAME)
  const pid = members.find((one) => one.name === 'n1')?.pid
  if (pid === undefined) throw new Error('the agent does not run')
  return pid
}

describe.concurrent('how containers end', () => {
  test('out of memory: killed, and told so', async () => {
    await create(cluster, trialPod('oom', 'exec tail /dev/zero', { spec: { restartPolicy: 'Never' }, container: { resources: { limits: { memory: '16Mi' } } } }))
    const pod = await podWhen(cluster, 'oom', (one) => one.status?.phase === 'Failed')
    expect(containerOf(pod)).toMatchObject({ restartCount: 0, state: { terminated: { reason: 'OOMKilled', exitCode: 137, message: expect.stringContaining("the container's limit is 16Mi") } } })
    await told(cluster, 'oom', { reason: 'OOMKilled', message: 'Container c was killed: out of memory' })
  })

  test('resources are changed as the pod runs; what the node cannot give is refused', async () => {
    const asking = (cpu: string) => ({ resources: { requests: { cpu: '10m' }, limits: { cpu } } })
    await running(cluster, trialPod('resized', FOREVER, { container: asking('200m') }))
    const resize = (resources: object): Promise<unknown> => cluster.kubectl(['patch', 'pod', 'resized', '--subresource', 'resize', '--patch', JSON.stringify({ spec: { containers: [{ name: 'c', resources }] } })])
    await resize({ limits: { cpu: '300m' } })
    const pod = await podWhen(cluster, 'resized', (one) => containerOf(one).resources?.limits?.['cpu'] === '300m')
    expect(containerOf(pod).restartCount).toBe(0)
    expect(await inside(cluster, 'resized', 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max')).toBe('30000\n')
    await told(cluster, 'resized', { reason: 'ResizeCompleted', message: 'Pod resize completed' })
    expect(await resize({ requests: { cpu: '4000' }, limits: { cpu: '4000' } })).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Node didn't have enough capacity: cpu") })
  })

  test('how long each part of a start took is written on the pod', async () => {
    await running(cluster, trialPod('timed', FOREVER))
    const pod = await podWhen(cluster, 'timed', (one) => one.metadata.annotations?.['gantry.dev/start-timeline']?.includes('"ready"') === true)
    const steps = JSON.parse(pod.metadata.annotations?.['gantry.dev/start-timeline'] ?? '[]') as ReadonlyArray<{ readonly step: string }>
    expect(steps.map(({ step }) => step)).toEqual(['queued', 'bound', 'image', 'network', 'volumes', 'created', 'started', 'ready'])
  })

  test('one that fails is started again at once, then backs off and says so', async () => {
    await create(cluster, trialPod('crash', 'echo tried; exit 3'))
    const pod = await podWhen(cluster, 'crash', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff')
    expect(containerOf(pod)).toMatchObject({ restartCount: 1, ready: false, state: { waiting: { message: `back-off 10s restarting failed container=c pod=crash_default(${pod.metadata.uid})` } }, lastState: { terminated: { exitCode: 3, reason: 'Error' } } })
    expect(pod.status?.phase).toBe('Running')
    await told(cluster, 'crash', { reason: 'BackOff', message: `Back-off restarting failed container c in pod crash_default(${pod.metadata.uid})` })
    const again = await podWhen(cluster, 'crash', (one) => containerOf(one).restartCount === 2 && containerOf(one).state?.waiting !== undefined)
    expect(containerOf(again).state?.waiting?.message).toContain('back-off 20s')
  })

  test('the log of the attempt before is kept', async () => {
    const script = 'n=$(cat /d/n 2>/dev/null || echo 0); echo "attempt $n"; echo $((n + 1)) >/d/n; [ $n = 0 ] && exit 1; exec sleep 100000'
    await create(cluster, trialPod('twice', script, { spec: { volumes: [{ name: 'd', emptyDir: {} }] }, container: { volumeMounts: [{ name: 'd', mountPath: '/d' }] } }))
    await podWhen(cluster, 'twice', (one) => isRunning(one) && containerOf(one).restartCount === 1)
    // It runs, and says so a moment later.
    await eventually(() => logOf(cluster, 'twice'), (text) => text === 'attempt 1\n')
    expect(await logOf(cluster, 'twice', '-p')).toBe('attempt 0\n')
  })

  test('a log that grows large is rotated, and read on over that', async () => {
    const pod = await running(cluster, trialPod('talker', 'yes "a line of some length, so that it does not take for ever" | head -n 200000; while :; do echo alive; sleep 0.2; done'))
    const folder = join(layoutOf(cluster.spec).memberState('n1'), 'logs', `default_talker_${pod.metadata.uid}`, 'c')
    const files = await eventually(() => readdirSync(folder), (names) => names.length > 1)
    expect(files).toContain('0.log')
    await eventually(() => readFileSync(join(folder, '0.log'), 'utf8'), (text) => text.includes('alive'))
    // It says more while its end is looked for.
    expect(await logOf(cluster, 'talker', '--tail=1')).toMatch(/^(alive\n){1,5}$/)
  })
})

describe.concurrent('probes', () => {
  test('liveness: a container that fails it is started again', async () => {
    await create(cluster, trialPod('sick', 'touch /ok; sleep 2; rm /ok; exec sleep 100000', { container: { livenessProbe: { exec: { command: ['test', '-f', '/ok'] }, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 1 } } }))
    const pod = await podWhen(cluster, 'sick', (one) => (one.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
    expect(containerOf(pod).lastState?.terminated?.exitCode).toBe(137)
    await told(cluster, 'sick', { reason: 'Unhealthy', message: 'Liveness probe failed' })
    await told(cluster, 'sick', { reason: 'Killing', message: 'Container c failed liveness probe, will be restarted' })
  })

  test('readiness: a pod that fails it gets no calls of its Service', async () => {
    const readiness = (wanted: boolean): Promise<unknown> => cluster.until<EndpointSlice>('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dmoody', (slices) => slices.some(({ endpoints }) => endpoints?.[0]?.conditions?.ready === wanted))
    await cluster.send('POST', '/api/v1/namespaces/default/services', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'moody' }, spec: { selector: { trial: 'moody' }, ports: [{ port: 80, targetPort: 8080 }] } })
    await create(cluster, trialPod('moody', FOREVER, { container: { readinessProbe: { exec: { command: ['test', '-f', '/ready'] }, periodSeconds: 1, timeoutSeconds: 60, failureThreshold: 1 } } }))
    await podWhen(cluster, 'moody', (one) => one.status?.containerStatuses?.[0]?.state?.running !== undefined)
    await readiness(false)
    await inside(cluster, 'moody', 'touch /ready')
    await podWhen(cluster, 'moody', isRunning)
    await readiness(true)
    await inside(cluster, 'moody', 'rm /ready')
    await podWhen(cluster, 'moody', (one) => !containerOf(one).ready)
    await readiness(false)
    expect(containerOf(await podWhen(cluster, 'moody', () => true)).restartCount).toBe(0)
  })
})

describe.concurrent('stopping and talking', () => {
  test('SIGTERM first: a container that heeds it ends at once, and its last words are read', async () => {
    await running(cluster, trialPod('polite', 'trap "echo bye; exit 0" TERM; echo hello; while :; do sleep 0.1; done', { spec: { terminationGracePeriodSeconds: 60 } }))
    const { chunks } = await cluster.client.stream({ path: '/api/v1/namespaces/default/pods/polite/log?follow=true' })
    let said = ''
    let gone: Promise<number> | undefined
    for await (const chunk of chunks) {
      said += Buffer.from(chunk).toString()
      // Whoever reads it hears the end of it.
      gone ??= remove(cluster, 'polite')
    }
    expect(said).toBe('hello\nbye\n')
    expect(await gone).toBeLessThan(30_000)
  })

  test('SIGKILL after the grace', async () => {
    await running(cluster, trialPod('stubborn', 'trap "" TERM; while :; do sleep 0.1; done', { spec: { terminationGracePeriodSeconds: 2 } }))
    const tookMs = await remove(cluster, 'stubborn')
    expect(tookMs).toBeGreaterThan(1900)
    expect(tookMs).toBeLessThan(30_000)
  })

  test('a command inside: its exit code, its input, a terminal', async () => {
    await running(cluster, trialPod('shell', FOREVER))
    expect((await cluster.kubectl(['exec', 'shell', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']))).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: expect.stringContaining('err\n') as string })
    expect((await cluster.kubectl(['exec', '-i', 'shell', '--', 'cat'], { stdin: 'to and fro' })).stdout).toBe('to and fro')
    // A client that has a terminal itself.
    const terminal = await run('script', ['-qec', `kubectl --kubeconfig ${cluster.kubeconfig} exec -it shell -- sh -c 'tty; exit 5'`, '/dev/null'])
    expect(terminal).toMatchObject({ exitCode: 5, stdout: expect.stringMatching(/\/dev\/pts\/\d+\r\n/) as string })
    expect((await cluster.kubectl(['exec', 'shell', '--', 'nosuchcommand'])).stderr).toContain('executable file not found in $PATH')
  })
})

describe.concurrent('files that outlive', () => {
  test('emptyDir outlives a container, not the pod', async () => {
    const keeper = (): Pod => trialPod('keeper', 'trap "exit 1" TERM; while :; do sleep 0.1; done', { spec: { volumes: [{ name: 'd', emptyDir: {} }] }, container: { volumeMounts: [{ name: 'd', mountPath: '/d' }] } })
    await running(cluster, keeper())
    await inside(cluster, 'keeper', 'echo kept >/d/x; echo lost >/tmp-x; kill 1')
    await podWhen(cluster, 'keeper', (one) => isRunning(one) && containerOf(one).restartCount === 1)
    expect(await inside(cluster, 'keeper', 'cat /d/x; ls /tmp-x 2>/dev/null || echo gone')).toBe('kept\ngone\n')
    await remove(cluster, 'keeper')
    await running(cluster, keeper())
    expect(await inside(cluster, 'keeper', 'ls /d')).toBe('')
  })

  test('hostPath is the folder of the host, and stays', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-hostpath-'))
    try {
      const word = randomUUID()
      writeFileSync(join(folder, 'in'), word)
      await running(cluster, trialPod('guest', `cp /h/in /h/out; ${FOREVER}`, { spec: { volumes: [{ name: 'h', hostPath: { path: folder, type: 'Directory' } }] }, container: { volumeMounts: [{ name: 'h', mountPath: '/h' }] } }))
      await eventually(() => existsSync(join(folder, 'out')) && readFileSync(join(folder, 'out'), 'utf8'), (text) => text === word)
      await remove(cluster, 'guest')
      expect(readdirSync(folder).sort()).toEqual(['in', 'out'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

test('an agent that is killed while pods start goes on where it was', async () => {
  const many = `many-${randomUUID().slice(0, 8)}`
  const names = Array.from({ length: 12 }, (_, index) => `${many}-${index}`)
  await Promise.all(names.map((name) => create(cluster, trialPod(name, FOREVER, { labels: { many } }))))
  for (const pauseMs of [100, 400]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    process.kill(await eventually(() => agentPid().catch(() => 0), (pid) => pid > 0), 'SIGKILL')
  }
  const pods = await cluster.until<Pod>(`/api/v1/namespaces/default/pods?labelSelector=many=${many}`, (items) => items.length === names.length && items.every(isRunning))
  expect(pods.map(containerOf).filter(({ restartCount }) => restartCount > 0).map(({ lastState }) => lastState)).toEqual([])
  expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(names.length)
  for (const pod of pods) expect(await inside(cluster, pod.metadata.name ?? '', 'hostname')).toBe(`${pod.metadata.name}\n`)
})

test('nothing of deleted pods stays on the host', async () => {
  await running(cluster, trialPod('last', FOREVER))
  expect(await tracesOn(cluster, 'n1', await agentPid())).not.toEqual([])
  await cluster.send('DELETE', '/api/v1/namespaces/default/pods')
  await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.length === 0)
  expect(await eventually(async () => tracesOn(cluster, 'n1', await agentPid()), (traces) => traces.length === 0)).toEqual([])
})
