/** How long a service, or the API, is away when something dies: each row with what the settings alone make unavoidable. */
import { request } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { labIdentity } from '../../../deploy/lab/identity.ts'
import * as lab from '../../../deploy/lab/lab.ts'
import { layoutOf } from '../../../deploy/lab/layout.ts'
import { DEFAULT_TTL_MS } from '../../../control-plane/election/election.ts'
import { DEFAULT_TERMS } from '../../../shared/model/fencing-terms.ts'
import { openCluster, type Cluster } from '../cluster.ts'
import { median, spread, type Figure, type Row } from '../row.ts'
import { callFrom } from '../../e2e/harness.ts'
import { DEPLOYMENTS, deployment, isRunning, ofApp, watchPods } from '../watch.ts'

const ROUNDS = 5
const NODES = 3
const REPLICAS = 6
/** A member that is silent is noticed after a lease, counted from an ack that is half a period old when it dies. */
const UNAVOIDABLE_NODE_MS = DEFAULT_TERMS.leaseMs - DEFAULT_TERMS.heartbeatPeriodMs / 2
/** A leader's silence is noticed after its lease, counted from a renewal that is half a period old when it dies: there are four in a lease. */
const UNAVOIDABLE_LEADER_MS = DEFAULT_TTL_MS * (1 - 1 / 8)

const web = (name: string) => {
  const plain = deployment(name, REPLICAS)
  const [container] = plain.spec.template.spec.containers
  const served = { ...container, command: ['sh', '-c', 'mkdir -p /www && echo here > /www/index.html && exec httpd -f -p 8080 -h /www'], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }
  return { ...plain, spec: { ...plain.spec, template: { ...plain.spec.template, spec: { ...plain.spec.template.spec, containers: [served] } } } }
}
const service = (name: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] } })
const isReady = (pod: Parameters<typeof isRunning>[0]): boolean => isRunning(pod) && (pod.status?.containerStatuses ?? []).every(({ ready }) => ready)

interface NodeFault {
  readonly strike: (cluster: Cluster) => Promise<void>
  readonly mend: (cluster: Cluster) => Promise<void>
}

/** From the fault until every replica runs and is ready on other nodes, and until the last call that failed, whichever is later. */
async function nodeLost({ strike, mend }: NodeFault): Promise<Figure> {
  await using cluster = await openCluster('bench-failover', { nodes: NODES })
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const name = `web-${round}`
    using pods = await watchPods(cluster, 'default')
    await cluster.send('POST', DEPLOYMENTS, web(name))
    const { spec } = await cluster.send<{ readonly spec: { readonly clusterIP: string } }>('POST', '/api/v1/namespaces/default/services', service(name))
    await pods.until((all) => ofApp(all, name).filter(isReady).length === REPLICAS && ofApp(all, name).some((pod) => pod.spec?.nodeName === 'n3'))
    const caller = callFrom(cluster, { machine: 'n1', url: `http://${spec.clusterIP}:80/` })
    await wait(500)
    const startMs = Date.now()
    await strike(cluster)
    await pods.until((all) => ofApp(all, name).filter((pod) => isReady(pod) && pod.spec?.nodeName !== 'n3').length === REPLICAS)
    const runningMs = Date.now()
    await wait(1_000)
    const { failures } = await caller.stop()
    times.push(Math.max(runningMs, ...failures.map((failure) => Date.parse(failure.slice(0, 24)))) - startMs)
    await mend(cluster)
    await cluster.send('DELETE', `${DEPLOYMENTS}/${name}`)
    await cluster.send('DELETE', `/api/v1/namespaces/default/services/${name}`)
    await untilReady(cluster)
  }
  return { value: median(times), beside: { name: 'by settings', value: UNAVOIDABLE_NODE_MS }, note: spread(times) }
}

interface NodeList {
  readonly items: ReadonlyArray<{ readonly spec?: { readonly taints?: readonly unknown[] }; readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }> } }>
}

async function untilReady(cluster: Cluster): Promise<void> {
  for (let look = 0; look < 300; look++) {
    const { items } = await cluster.send<NodeList>('GET', '/api/v1/nodes').catch((): NodeList => ({ items: [] }))
    if (items.length === NODES && items.every(({ spec, status }) => (spec?.taints ?? []).length === 0 && status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'))) return
    await wait(100)
  }
  throw new Error('the nodes are not ready again')
}

const nodeRow = (name: string, { title, fault }: { readonly title: string; readonly fault: NodeFault }): Row => ({ name, title, unit: 'ms', judged: 'figure', better: 'less', must: 3_000, aim: 1_500, measure: () => nodeLost(fault) })

export const nodeKilledRow: Row = nodeRow('failover-node-killed', {
  title: 'node killed → its pods ready elsewhere, service answers',
  fault: { strike: ({ name }) => lab.kill(name, 'n3'), mend: ({ name }) => lab.start(name, 'n3') },
})

export const nodeCutRow: Row = nodeRow('failover-node-cut', {
  title: 'node cut off and fenced → the same',
  fault: { strike: ({ name }) => lab.partition(name, ['n3']), mend: ({ name }) => lab.heal(name) },
})

/** One write, on a connection of its own, given up after 150 ms. */
async function tryWrite(cluster: Cluster, round: string): Promise<boolean> {
  const { ca, admin } = await labIdentity(cluster.spec)
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: `write-${round}-` } })
  return new Promise((resolve) => {
    const call = request(`${layoutOf(cluster.spec).server}/api/v1/namespaces/default/configmaps`, { method: 'POST', ca, cert: admin.certificatePem, key: admin.privateKeyPem, agent: false, timeout: 150, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode === 201))
      answer.once('error', () => resolve(false))
    })
    call.setTimeout(150, () => call.destroy(new Error('timeout')))
    call.once('error', () => resolve(false))
    call.end(body)
  })
}

/** How often a write is tried, whether the ones before have been given up or not: one that went to a machine that is gone hides nothing. */
const EVERY_MS = 25

async function untilWritten(cluster: Cluster, round: string): Promise<void> {
  const written = new AbortController()
  const end = Date.now() + 60_000
  while (!written.signal.aborted) {
    if (Date.now() > end) throw new Error('no write was accepted within a minute')
    void tryWrite(cluster, round).then((isWritten) => void (isWritten && written.abort()))
    await wait(EVERY_MS, undefined, { signal: written.signal }).catch(() => {})
  }
}

/** The machine that leads loses its power, with its etcd member; writes go to the lab's one address. */
export const leaderLostRow: Row = {
  name: 'failover-leader-lost',
  title: 'leader of three control planes lost → first write',
  unit: 'ms',
  judged: 'figure',
  better: 'less',
  must: 3_000,
  aim: 1_000,
  async measure() {
    const name = 'bench-leader'
    await using cluster = await openCluster(name, { nodes: 1, controlPlanes: 3 })
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await untilWritten(cluster, `before-${round}`)
      const leader = (await lab.status(name)).members.find(({ leads }) => leads)?.machine
      if (leader === undefined) throw new Error('nobody leads')
      const startMs = Date.now()
      await lab.kill(name, leader)
      await untilWritten(cluster, String(round))
      times.push(Date.now() - startMs)
      await lab.start(name, leader)
      // Its member has caught up when a write needs no other luck than before.
      await wait(3_000)
    }
    return { value: median(times), beside: { name: 'by settings', value: UNAVOIDABLE_LEADER_MS }, note: spread(times) }
  },
}

/** Only the process dies; its supervisor starts it again. */
export const controlPlaneKilledRow: Row = {
  name: 'failover-control-plane-killed',
  title: 'control plane killed → API answers again',
  unit: 'ms',
  judged: 'figure',
  better: 'less',
  must: 3_000,
  aim: 1_000,
  async measure() {
    const name = 'bench-failover'
    await using cluster = await openCluster(name, { nodes: 1 })
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await untilWritten(cluster, `before-${round}`)
      // A supervisor waits for a second before it restarts what has lived for less.
      await wait(1_500)
      const pid = (await lab.status(name)).members.find(({ kind }) => kind === 'control-plane')?.pid
      if (pid === undefined) throw new Error('the control plane does not run')
      const startMs = Date.now()
      process.kill(pid, 'SIGKILL')
      await untilWritten(cluster, String(round))
      times.push(Date.now() - startMs)
    }
    return { value: median(times), note: spread(times) }
  },
}
