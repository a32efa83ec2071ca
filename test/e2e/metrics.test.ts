/** `kubectl top`, by every kubectl on this machine: served as long as an APIService for it is there, from what the agents measure. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { nodeName } from '../../deploy/lab/layout.ts'
import type { AutoscalingV2HorizontalPodAutoscaler, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, kubectlMinor, kubectls, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { BUSYBOX, running, trialPod } from './pod-trials.ts'

const clients = kubectls().map((path) => ({ path, minor: kubectlMinor(path) ?? 0 }))
if (clients.length === 0) test.skip('no kubectl from 1.27 on is on this machine (kubectl.1.NN, or kubectl, in the PATH)', () => {})

let cluster: TestLab
if (clients.length > 0)
  labOfTests({
    name: 'e2e-metrics',
    nodes: 1,
    async prepare(lab) {
      cluster = lab
      await Promise.all([
        running(cluster, trialPod('busy', 'while :; do :; done', { container: { resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } } } })),
        running(cluster, trialPod('idle', 'exec sleep 100000')),
      ])
    },
  })

const top = (program: string, minor: number, ...words: readonly string[]): Promise<Ran> => cluster.kubectl(['--cache-dir', join(cluster.kubeconfig, '..', `cache-top-${minor}`), 'top', ...words], { program })
/** Without the head, by words. */
const rowsOf = ({ stdout, stderr, exitCode }: Ran): ReadonlyArray<readonly string[]> => {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout.trimEnd().split('\n').slice(1).map((line) => line.trim().split(/\s+/))
}

const NAME = 'v1beta1.metrics.k8s.io'
const MANIFEST = `apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: ${NAME} }
spec: { group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name: metrics-server, namespace: kube-system } }
`
const NOT_SERVED = 'error: Metrics API not available\n'

test.each(clients)('kubectl 1.$minor: nothing, everything, and nothing again', async ({ path, minor }) => {
  expect(await top(path, minor, 'node')).toMatchObject({ exitCode: 1, stderr: NOT_SERVED })
  expect(await cluster.kubectl(['apply', '-f', '-'], { stdin: MANIFEST, program: path })).toMatchObject({ exitCode: 0 })
  await expect.poll(async () => (await cluster.kubectl(['get', '--raw', '/apis/metrics.k8s.io/v1beta1/nodes'])).exitCode, { timeout: 60_000, interval: 100 }).toBe(0)
  expect((await cluster.kubectl(['get', 'apiservice', NAME, '--no-headers'])).stdout).toMatch(/^v1beta1\.metrics\.k8s\.io +kube-system\/metrics-server +True /)

  const [node] = rowsOf(await top(path, minor, 'node'))
  expect(node).toEqual([nodeName(1), expect.stringMatching(/^[1-9]\d*m$/), expect.stringMatching(/^\d+%$/), expect.stringMatching(/^[1-9]\d*Mi$/), expect.stringMatching(/^\d+%$/)])
  const sum = await top(path, minor, 'pod', '--containers', '--sum', '--sort-by=cpu')
  const [busy, idle, line, total] = rowsOf(sum)
  expect([busy?.slice(0, 2), idle?.slice(0, 2), line]).toEqual([['busy', 'c'], ['idle', 'c'], ['________', '________']])
  const [busyCpu, idleCpu] = [busy, idle].map((row) => Number.parseInt(row?.[2] ?? '', 10))
  // Its limit is 200m, and the quota of the kernel comes by tenths of a second.
  expect(busyCpu).toBeGreaterThan(20)
  expect(busyCpu).toBeLessThan(450)
  expect(idleCpu).toBeLessThan(20)
  expect(total?.[0]).toBe(`${(busyCpu ?? 0) + (idleCpu ?? 0)}m`)
  expect(rowsOf(await top(path, minor, 'pod', '-A', '--containers', '--sort-by=memory')).map(([namespace, pod]) => `${namespace}/${pod}`).toSorted()).toEqual(['default/busy', 'default/idle'])
  expect(rowsOf(await top(path, minor, 'pod', '-l', 'trial=idle')).map(([name]) => name)).toEqual(['idle'])
  expect(await top(path, minor, 'pod', 'nobody')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('pods "nobody" not found') as string })
  expect((await cluster.kubectl(['get', 'pods.v1beta1.metrics.k8s.io', 'idle'], { program: path })).stdout).toMatch(/^NAME +CPU +MEMORY +WINDOW\nidle +\S+ +\d+Ki +\S+s\n$/)

  expect(await cluster.kubectl(['delete', 'apiservice', NAME], { program: path })).toMatchObject({ exitCode: 0 })
  await expect.poll(async () => (await top(path, minor, 'node')).stderr, { timeout: 60_000, interval: 100 }).toBe(NOT_SERVED)
})

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{ name: c, image: '${BUSYBOX}', command: [sh, -c, 'while :; do :; done'], resources: { requests: { cpu: 20m }, limits: { cpu: 100m } } }]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }, maxReplicas: 2, metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }] }
`

test.skipIf(clients.length === 0)('a lab that is asked for metrics has them, and may be asked again; autoscalers go by them', async () => {
  for (const _ of [1, 2]) await lab.up({ name: cluster.name, kubeconfig: false, metrics: true })
  await expect.poll(async () => (await cluster.kubectl(['top', 'node', '--no-headers'])).stdout, { timeout: 60_000, interval: 100 }).toMatch(/^\S+ +\d+m /)
  expect(await cluster.kubectl(['apply', '-f', '-'], { stdin: WEB })).toMatchObject({ exitCode: 0 })
  const [scaled] = await cluster.until<AutoscalingV2HorizontalPodAutoscaler>('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', (all) => all[0]?.status?.desiredReplicas === 2, 120_000)
  expect(scaled?.status?.conditions).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' })]))
  expect(scaled?.status?.currentMetrics?.[0]?.resource?.current.averageUtilization).toBeGreaterThan(50)
  await cluster.until<Pod>('/api/v1/namespaces/default/pods?labelSelector=app%3Dweb', (pods) => pods.filter(isRunning).length === 2)
})
