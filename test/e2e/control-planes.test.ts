/** Three control planes: each serves, one leads; the leader is killed, paused and cut off, and clients go on. */
import { request } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { labIdentity, type LabIdentity } from '../../deploy/lab/identity.ts'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { ConfigMap, EndpointSlice, Pod } from '../../shared/model/gen/api.ts'
import type { TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

/** May pass between a leader's loss and the first write that is acknowledged: the bench says how long it takes, here it only must not take for ever. */
const LIMIT_MS = 30_000
/** What a client may wait for one answer here: one that was under way to the lost leader is asked again. */
const PATIENCE_MS = 300

let cluster: TestLab
let identity: LabIdentity
const acknowledged: string[] = []
labOfTests({
  name: 'e2e-cps',
  nodes: 2,
  controlPlanes: 3,
  async prepare(lab) {
    cluster = lab
    identity = await labIdentity(cluster.spec)
    acknowledged.length = 0
  },
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const leaderOf = async (): Promise<string> => (await lab.status(cluster.name)).members.find(({ leads }) => leads)?.name ?? ''

async function newLeader(before: string): Promise<string> {
  for (let tries = 0; tries < 600; tries++) {
    const now = await leaderOf()
    if (now !== '' && now !== before) return now
    await pause(100)
  }
  throw new Error(`nobody follows ${before} as leader`)
}

/** One write through the virtual address on a connection of its own. */
function write(name: string): Promise<boolean> {
  const body = JSON.stringify({ metadata: { name, namespace: 'default' } })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const asked = request(`${layoutOf(cluster.spec).server}/api/v1/namespaces/default/configmaps`, {
    method: 'POST',
    agent: false,
    ca: identity.ca,
    cert: identity.admin.certificatePem,
    key: identity.admin.privateKeyPem,
    headers: { 'content-type': 'application/json' },
    timeout: PATIENCE_MS,
  })
  asked.on('response', (answer) => answer.resume().on('end', () => resolve(answer.statusCode === 201)).on('error', () => resolve(false)))
  asked.on('timeout', () => asked.destroy())
  asked.on('error', () => resolve(false))
  asked.end(body)
  return promise
}

/** Writes without pause until one lands; how long that took. */
async function firstWriteMs(purpose: string): Promise<number> {
  const startedMs = performance.now()
  for (let tries = 0; performance.now() - startedMs < 30_000; tries++) {
    const name = `${purpose}-${tries}`
    if (await write(name)) {
      acknowledged.push(name)
      return performance.now() - startedMs
    }
    await pause(10)
  }
  throw new Error('nothing was written for 30 s')
}

const hosts = async (): Promise<readonly string[]> => ((await cluster.get<EndpointSlice>('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes')).endpoints ?? []).flatMap(({ addresses }) => addresses)

async function untilHosts(count: number): Promise<void> {
  let seen: readonly string[] = []
  for (let tries = 0; tries < 600; tries++) {
    seen = await hosts().catch(() => [])
    if (seen.length === count) return
    await pause(100)
  }
  throw new Error(`the service kubernetes leads to ${seen.join(' ')}`)
}

test('every control plane brings logs, commands and ports of pods', async () => {
  const pod: Pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'echo began; echo pong > /tmp/index.html; exec httpd -f -p 8080 -h /tmp'], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }] } }
  await cluster.send('POST', '/api/v1/namespaces/default/pods', pod)
  await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')))
  const { servers } = layoutOf(cluster.spec)
  expect(servers.length).toBe(3)
  for (const server of servers) {
    // It may say so a moment after it runs.
    await expect.poll(async () => cluster.kubectl(['--server', server, 'logs', 'web']), { timeout: 60_000 }).toEqual({ exitCode: 0, stdout: 'began\n', stderr: '' })
    const exec = await cluster.kubectl(['--server', server, 'exec', '-i', 'web', '--', 'sh', '-c', 'cat; exit 3'], { stdin: 'through the leader' })
    expect([exec.stdout, exec.exitCode]).toEqual(['through the leader', 3])
    expect(await fetchForwarded(server)).toContain('pong')
  }
})

/** Through `kubectl port-forward` by this control plane. */
async function fetchForwarded(server: string): Promise<string> {
  const port = await freePort()
  const child = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, '--server', server, 'port-forward', 'pod/web', `${port}:8080`], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await new Promise((resolve, reject) => child.stdout.once('data', resolve) && child.once('close', (code) => reject(new Error(`kubectl port-forward ended: ${code}`))))
    return await (await fetch(`http://127.0.0.1:${port}/index.html`)).text()
  } finally {
    child.kill()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

test('the service kubernetes leads to all of them', async () => {
  await untilHosts(3)
})

describe.each([
  ['killed', (member: string) => lab.kill(cluster.name, member), (member: string) => lab.start(cluster.name, member)],
  ['paused', (member: string) => lab.pause(cluster.name, member), (member: string) => lab.resume(cluster.name, member)],
  ['cut off', (member: string) => lab.partition(cluster.name, [machineOf(member)]), () => lab.heal(cluster.name)],
  ['gone with its machine', (member: string) => lab.kill(cluster.name, machineOf(member)), (member: string) => lab.start(cluster.name, machineOf(member))],
] as const)('a leader that is %s', (how, lose, mend) => {
  test('is followed by another, and loses nothing that was acknowledged', async () => {
    const before = await leaderOf()
    const purpose = how.replaceAll(' ', '-')
    await firstWriteMs(`${purpose}-before`)
    await lose(before)
    expect(await firstWriteMs(`${purpose}-after`)).toBeLessThan(LIMIT_MS)
    await newLeader(before)
    await untilHosts(2)
    // What only a leader does is done: the pod is scheduled, and its node's agent has found the new leader.
    await cluster.send('POST', '/api/v1/namespaces/default/pods', { metadata: { name: purpose }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1.36', command: ['true'] }] } })
    await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.some(({ metadata, status }) => metadata.name === purpose && status?.phase === 'Succeeded'))
    await mend(before)
    await untilHosts(3)
    // etcd may be choosing a leader of its own just now.
    await cluster.until<ConfigMap>('/api/v1/namespaces/default/configmaps', (there) => acknowledged.every((name) => there.some(({ metadata }) => metadata.name === name)))
  })
})

const machineOf = (member: string): string => member.split('/')[0] ?? member
