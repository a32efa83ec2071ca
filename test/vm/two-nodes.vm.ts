/** Two nodes and a Service on a host whose control groups are version 2 alone: a pod on each is reached from each, a node whose agent is killed serves on, and one without power is not called. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Deployment, EndpointSlice, Pod, Service } from '../../shared/model/gen/api.ts'
import { isRunning, run, testLab, type TestLab } from '../e2e/harness.ts'
import { BUSYBOX, eventually } from '../e2e/pod-trials.ts'

const NAME = 'vm-two'
const NODES = ['n1', 'n2']
const PODS = '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb'
let cluster: TestLab
let url = ''

const template = {
  metadata: { labels: { app: 'web' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }] } },
    containers: [{ name: 'c', image: BUSYBOX, command: ['sh', '-c', 'mkdir /w; echo $NODE >/w/index.html; exec httpd -f -p 8080 -h /w'], env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }], readinessProbe: { tcpSocket: { port: 8080 }, timeoutSeconds: 30 } }],
  },
}
const deployment: Deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template } }

beforeAll(async () => {
  cluster = await testLab(NAME, { nodes: 2 })
  await cluster.send('POST', '/apis/apps/v1/namespaces/default/deployments', deployment)
  const service = await cluster.send<Service>('POST', '/api/v1/namespaces/default/services', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } })
  url = `http://${service.spec?.clusterIP}/`
})
afterAll(() => lab.down(NAME, { keep: false }))

/** The node whose pod answers one call from a machine, or why none did. Debian's busybox ends with a fault where its wget is given a time limit. */
async function askFrom(machine: string): Promise<string> {
  const { stdout, stderr } = await run('nsenter', [`--net=${layoutOf(cluster.spec).netnsPath(machine)}`, 'busybox', 'wget', '-q', '-O', '-', url])
  return `${stdout}${stderr}`.trim()
}

/** Calls until this many different answers came, and answers them. */
async function answersTo(machine: string, wanted: readonly string[]): Promise<readonly string[]> {
  const answers = new Set<string>()
  await eventually(async () => answers.add(await askFrom(machine)), (all) => all.size >= wanted.length)
  return [...answers].sort()
}

const nodesOf = (pods: readonly Pod[]): readonly string[] => pods.map(({ spec }) => spec?.nodeName ?? '').sort()

const onBoth = (): Promise<readonly Pod[]> => cluster.until<Pod>(PODS, (pods) => pods.length === 2 && pods.every(isRunning))

/** Those pods, by their nodes, that the Service leads to. */
const endpointsAre = (nodes: readonly string[]): Promise<unknown> =>
  cluster.until<EndpointSlice>('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb', (slices) => {
    const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready === true)
    return ready.map(({ nodeName = '' }) => nodeName).sort().join() === nodes.join()
  })

test('one pod a node; each node reaches both by the address of their Service', async () => {
  const pods = await onBoth()
  expect(nodesOf(pods)).toEqual(NODES)
  await endpointsAre(NODES)
  for (const machine of NODES) expect(await answersTo(machine, NODES)).toEqual(NODES)
})

test('an agent that is killed: its pod runs on, and is called', async () => {
  const before = await onBoth()
  const pidOf = async (): Promise<number | undefined> => (await lab.status(NAME)).members.find(({ name }) => name === 'n2')?.pid
  const first = await eventually(pidOf, (pid) => pid !== undefined)
  process.kill(first ?? 0, 'SIGKILL')
  for (const machine of NODES) expect(await answersTo(machine, NODES)).toEqual(NODES)
  await eventually(pidOf, (pid) => pid !== undefined && pid !== first)
  const identities = (pods: readonly Pod[]): readonly string[] => pods.map(({ metadata, status }) => `${metadata.uid} ${status?.containerStatuses?.[0]?.containerID} ${status?.containerStatuses?.[0]?.restartCount}`).sort()
  expect(identities(await onBoth())).toEqual(identities(before))
})

test('a node without power: its pod is no longer called; it comes back, and is', async () => {
  await lab.kill(NAME, 'n2')
  await endpointsAre(['n1'])
  for (let calls = 0; calls < 4; calls++) expect(await askFrom('n1')).toBe('n1')
  await lab.start(NAME, 'n2')
  await onBoth()
  await endpointsAre(NODES)
  for (const machine of NODES) expect(await answersTo(machine, NODES)).toEqual(NODES)
})
