import type { Container, Deployment, Pod, Service } from '../../shared/model/gen/api.ts'
import { keyOf, nameOf, namespaceOf } from '../../shared/model/meta.ts'
import { nodes, pods, services } from '../../shared/model/resources.ts'
import type { Random } from '../../shared/kit/random.ts'
import { happens, pick, whole } from './chance.ts'
import type { SimUser } from './user.ts'
import type { World } from './world.ts'

const APPS = ['web', 'api', 'db', 'cache', 'jobs']
const TAGS = ['busybox:1.35', 'busybox:1.36', 'busybox:1.37']
const POLITE = "trap 'sleep 0.3; exit 0' TERM; while true; do sleep 1; done"
const STUBBORN = 'while true; do sleep 1; done'

/** A probe that never succeeds: its pods run, and get no calls. */
const neverReady = { exec: { command: ['false'] }, periodSeconds: 2 }

interface Work {
  readonly world: World
  readonly user: SimUser
  readonly random: Random
}

type Act = (work: Work) => void

/** What people do, and how often. */
const ACTS: Readonly<Record<string, readonly [weight: number, act: Act]>> = {
  createDeployment: [6, createDeployment],
  scale: [5, scale],
  update: [5, update],
  deleteDeployment: [2, deleteDeployment],
  deletePod: [3, deletePod],
  createService: [2, createService],
  deleteService: [1, deleteService],
  createPod: [2, createPod],
  createOnly: [2, createOnly],
  cordon: [2, cordon],
  drain: [1, drain],
}

/** The name of something that people do, by chance. */
export function chooseAct(random: Random): string {
  let at = random.next() * Object.values(ACTS).reduce((sum, [weight]) => sum + weight, 0)
  for (const [name, [weight]] of Object.entries(ACTS)) {
    at -= weight
    if (at < 0) return name
  }
  return 'scale'
}

export function act(name: string, work: Work): void {
  const found = ACTS[name]
  if (!found) throw new Error(`nobody does ${name}`)
  found[1](work)
}

function createDeployment({ user, random }: Work): void {
  const name = pick(random, APPS) ?? 'web'
  user.create(name, deploymentOf(name, random))
}

/** A deployment by chance: strategy, probes, init container, requests, grace. */
export function deploymentOf(name: string, random: Random): Deployment {
  const strategy = happens(random, 0.2) ? { type: 'Recreate' as const } : { type: 'RollingUpdate' as const, rollingUpdate: { maxSurge: pick(random, [0, 1, '25%', '100%']) ?? 1, maxUnavailable: pick(random, [1, '25%', '50%']) ?? 1 } }
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: whole(random, 0, 5),
      selector: { matchLabels: { app: name } },
      strategy,
      minReadySeconds: happens(random, 0.2) ? 2 : 0,
      template: { metadata: { labels: { app: name } }, spec: podSpec(random) },
    },
  }
}

function podSpec(random: Random): NonNullable<Pod['spec']> {
  const main: Container = {
    name: 'main',
    image: pick(random, TAGS) ?? 'busybox:1.35',
    command: ['sh', '-c', happens(random, 0.8) ? POLITE : STUBBORN],
    ports: [{ containerPort: 8080 }],
    resources: { requests: { cpu: `${whole(random, 1, 9) * 100}m`, memory: `${whole(random, 1, 8) * 128}Mi` } },
    ...(happens(random, 0.08) ? { readinessProbe: neverReady } : happens(random, 0.5) ? { readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, failureThreshold: 2 } } : {}),
    ...(happens(random, 0.3) ? { livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 2, failureThreshold: 3 } } : {}),
    ...(happens(random, 0.2) ? { lifecycle: { preStop: { sleep: { seconds: 1 } } } } : {}),
  }
  const init: Container = { name: 'first', image: 'busybox:1.35', command: ['sleep', '0.5'] }
  return { terminationGracePeriodSeconds: whole(random, 1, 5), containers: happens(random, 0.15) ? [main, { name: 'beside', image: 'busybox:1.35', command: ['sh', '-c', STUBBORN] }] : [main], ...(happens(random, 0.2) ? { initContainers: [init] } : {}) }
}

function scale({ user, random }: Work): void {
  user.scale(pick(random, APPS) ?? 'web', whole(random, 0, 7))
}

function update({ user, random }: Work): void {
  user.setImage(pick(random, APPS) ?? 'web', pick(random, TAGS) ?? 'busybox:1.36')
}

function deleteDeployment({ user, random }: Work): void {
  user.delete(pick(random, APPS) ?? 'web', happens(random, 0.5) ? 'Background' : 'Foreground')
}

function deletePod({ world, user, random }: Work): void {
  const pod = pick(random, world.ledger.pods())
  if (!pod) return
  const options = happens(random, 0.2) ? { gracePeriodSeconds: whole(random, 0, 1) } : {}
  if (options.gracePeriodSeconds === 0) world.judge.force(keyOf(pod))
  user.ask(`deletes pod ${keyOf(pod)} ${JSON.stringify(options)}`, (api) => api.delete(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, options))
}

function createService({ user, random }: Work): void {
  const name = pick(random, APPS) ?? 'web'
  const service: Service = { metadata: { name, namespace: 'default' }, spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...(happens(random, 0.3) ? { type: 'NodePort' as const } : {}) } }
  user.ask(`creates service ${name}`, (api) => api.create(services, service))
}

function deleteService({ user, random }: Work): void {
  const name = pick(random, APPS) ?? 'web'
  user.ask(`deletes service ${name}`, (api) => api.delete(services, { namespace: 'default', name }))
}

const made = new WeakMap<World, number>()

function createPod({ world, user, random }: Work): void {
  const name = `once-${made.get(world) ?? 0}`
  made.set(world, (made.get(world) ?? 0) + 1)
  const command = happens(random, 0.7) ? ['sleep', String(whole(random, 1, 20))] : ['sh', '-c', `sleep 2; exit ${whole(random, 1, 3)}`]
  const restartPolicy = happens(random, 0.7) ? ('Never' as const) : ('OnFailure' as const)
  const pod: Pod = { metadata: { name, namespace: 'default' }, spec: { restartPolicy: command[0] === 'sleep' ? restartPolicy : 'Never', terminationGracePeriodSeconds: 2, containers: [{ name: 'main', image: 'busybox:1.35', command }] } }
  user.ask(`creates pod ${name}`, (api) => api.create(pods, pod))
}

/** A pod of which there must never be two, made again under its name whenever it is gone: what a StatefulSet does. */
function createOnly({ user, random }: Work): void {
  const name = `only-${whole(random, 0, 2)}`
  const pod: Pod = { metadata: { name, namespace: 'default' }, spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: whole(random, 1, 3), containers: [{ name: 'main', image: 'busybox:1.35', command: ['sh', '-c', POLITE] }] } }
  user.keep(name, pod)
}

function cordon({ world, user, random }: Work): void {
  const node = pick(random, world.nodes)
  const unschedulable = happens(random, 0.4)
  if (node) user.ask(`${unschedulable ? 'cordons' : 'uncordons'} ${node.name}`, (api) => api.patch(nodes, { name: node.name }, { type: 'merge', body: { spec: { unschedulable: unschedulable ? true : null } } }))
}

/** Cordons a node and deletes its pods, as `drain --disable-eviction` does; uncordoned later. */
function drain({ world, user, random }: Work): void {
  const node = pick(random, world.nodes)
  if (!node) return
  const mark = (unschedulable: true | null): void => user.ask(`${unschedulable ? 'cordons' : 'uncordons'} ${node.name}`, (api) => api.patch(nodes, { name: node.name }, { type: 'merge', body: { spec: { unschedulable } } }))
  mark(true)
  for (const pod of world.ledger.pods().filter(({ spec }) => spec?.nodeName === node.name)) user.ask(`drains pod ${keyOf(pod)}`, (api) => api.delete(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }))
  user.later(whole(random, 1, 20) * 1000, () => mark(null))
}
