/** What pods cost that merely are there: 100 idle ones, and as many as a node takes at most in Kubernetes' own tests, with probes. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { processesOf } from '../../../deploy/lab/cgroups.ts'
import * as machines from '../../../deploy/lab/lab.ts'
import { layoutOf } from '../../../deploy/lab/layout.ts'
import type { Node, Pod } from '../../../shared/model/gen/api.ts'
import { openCluster, type Cluster } from '../cluster.ts'
import { megabytes, memoryOfAll, programsIn } from '../processes.ts'
import type { Figure, Row } from '../row.ts'
import { DEPLOYMENTS, deployment, ofApp, watchPods } from '../watch.ts'

const IDLE_PODS = 100
const MANY_PODS = 250
const SETTLE_MS = 10_000
const LOOK_MS = 30_000
const TICKS_PER_SECOND = 100

/** The agent itself and its fencer; not the pods' processes and monitors. */
async function agentProcesses(lab: Cluster): Promise<readonly number[]> {
  const group = `${layoutOf(lab.spec).memberCgroup('n1')}/agent`
  const monitors = new Set(await programsIn(group, 'conmon'))
  return (await processesOf(group)).filter((pid) => !monitors.has(pid))
}

/** Processor time they have had, seconds. */
const agentSeconds = async (lab: Cluster): Promise<number> => (await agentProcesses(lab)).reduce((sum, pid) => sum + secondsOf(pid), 0)

function secondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // utime, stime, and those of children that have ended.
    return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

/** Percent of one processor. */
async function agentPercent(lab: Cluster): Promise<number> {
  await wait(SETTLE_MS)
  const [before, beganMs] = [await agentSeconds(lab), performance.now()]
  await wait(LOOK_MS)
  return (((await agentSeconds(lab)) - before) / ((performance.now() - beganMs) / 1000)) * 100
}

const agentMegabytes = async (lab: Cluster): Promise<number> => megabytes((await memoryOfAll(await agentProcesses(lab))).residentBytes)

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

async function hold(lab: Cluster, count: number, made: object): Promise<number> {
  using pods = await watchPods(lab, 'default')
  const beganMs = performance.now()
  await lab.send('POST', DEPLOYMENTS, made)
  await pods.until((all) => ofApp(all, 'held').filter(isReady).length === count)
  return (performance.now() - beganMs) / 1000
}

export const nodeIdleRow: Row = {
  name: 'node-idle',
  title: `processor time of an agent with ${IDLE_PODS} idle pods`,
  unit: '%',
  judged: 'figure',
  better: 'less',
  must: 2,
  aim: 1,
  async measure(): Promise<Figure> {
    await using lab = await openCluster('bench-idle', { nodes: 1 })
    await wait(SETTLE_MS)
    const none = await agentPercent(lab)
    await hold(lab, IDLE_PODS, deployment('held', IDLE_PODS))
    return { value: await agentPercent(lab), note: `of one core; without a pod ${none.toFixed(2)} %` }
  },
}

/** The node takes more pods than it does by default. */
async function allowPods(lab: Cluster, maxPods: number): Promise<void> {
  const file = join(layoutOf(lab.spec).memberState('n1'), 'config.json')
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), maxPods }))
  await machines.kill(lab.name, 'n1/agent')
  await machines.start(lab.name, 'n1/agent')
  for (let tries = 0; tries < 300; tries++) {
    const { status } = await lab.send<Node>('GET', '/api/v1/nodes/n1')
    if (status?.allocatable?.['pods'] === String(maxPods) && status.conditions?.some(({ type, status: now }) => type === 'Ready' && now === 'True') === true) return
    await wait(100)
  }
  throw new Error(`the node does not take ${maxPods} pods`)
}

interface Probed {
  readonly spec: { readonly template: { readonly spec: { readonly containers: ReadonlyArray<object> } } }
}

/** Each container listens, and is asked over HTTP every ten seconds whether it lives and whether it is ready: kubelet's default period. */
function probed(count: number): object {
  const made = deployment('held', count) as unknown as Probed & { readonly spec: object }
  const probe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 10, timeoutSeconds: 5 }
  const [container] = made.spec.template.spec.containers
  const containers = [{ ...container, command: ['httpd', '-f', '-p', '8080', '-h', '/etc'], readinessProbe: { ...probe, httpGet: { path: '/passwd', port: 8080 } }, livenessProbe: { ...probe, httpGet: { path: '/passwd', port: 8080 } } }]
  return { ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: { ...made.spec.template.spec, containers } } } }
}

export const nodeFullRow: Row = {
  name: 'node-full',
  title: `${MANY_PODS} pods on one node, all Ready by their probes`,
  unit: 's',
  judged: 'figure',
  better: 'less',
  must: 60,
  aim: 15,
  async measure(): Promise<Figure> {
    await using lab = await openCluster('bench-full', { nodes: 1 })
    await allowPods(lab, MANY_PODS)
    const seconds = await hold(lab, MANY_PODS, probed(MANY_PODS))
    const percent = await agentPercent(lab)
    const { items } = await lab.send<{ readonly items: readonly Pod[] }>('GET', '/api/v1/namespaces/default/pods')
    const held = items.filter((pod) => isReady(pod) && pod.status?.containerStatuses?.every(({ restartCount }) => restartCount === 0)).length
    if (held !== MANY_PODS) throw new Error(`${held} of ${MANY_PODS} pods are ready and were never restarted`)
    return { value: seconds, note: `then, with two HTTP probes every 10 s each: ${percent.toFixed(1)} % of one core, ${(await agentMegabytes(lab)).toFixed(0)} MB resident` }
  },
}
