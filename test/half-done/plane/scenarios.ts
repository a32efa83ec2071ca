import type { Deployment, Pod, PodSpec, ReplicaSet, Service } from '../../../shared/model/gen/api.ts'
import { nameOf } from '../../../shared/model/meta.ts'
import { configMaps, deployments, namespaces, nodes, pods, replicaSets, services } from '../../../shared/model/resources.ts'
import { isPodReady } from '../../sim/ledger.ts'
import type { World } from '../../sim/world.ts'
import type { Act, Cluster, Scenario } from './run.ts'

const POLITE = "trap 'exit 0' TERM; while true; do sleep 1; done"
const spec = (image: string, more: Partial<PodSpec> = {}): PodSpec => ({ terminationGracePeriodSeconds: 1, ...more, containers: [{ name: 'main', image, command: ['sh', '-c', POLITE] }] })

interface Shape {
  readonly replicas: number
  readonly namespace?: string
  readonly more?: Partial<PodSpec>
}

const deployment = ({ replicas, namespace = 'default', more = {} }: Shape): Deployment => ({ metadata: { name: 'web', namespace }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: spec('busybox:1.35', more) } } })
const replicaSet: ReplicaSet = { metadata: { name: 'set', namespace: 'default' }, spec: { replicas: 2, selector: { matchLabels: { app: 'set' } }, template: { metadata: { labels: { app: 'set' } }, spec: spec('busybox:1.35') } } }
const service: Service = { metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } }

const readyPods = (world: World): readonly Pod[] => world.ledger.pods().filter((pod) => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined)
const ready =
  (count: number, image = 'busybox:1.35') =>
  (world: World): boolean =>
    readyPods(world).filter((pod) => pod.spec?.containers[0]?.image === image).length === count && world.ledger.pods().length === count
const none = (world: World): boolean => world.ledger.pods().length === 0

const at = { namespace: 'default', name: 'web' }
const create = (shape: Shape): Act => ({ what: 'a deployment is created', act: (cluster) => cluster.ask((api) => api.create(deployments, deployment(shape))), until: ready(shape.replicas) })
const image = (name: string, count: number): Act => ({ what: `it gets ${name}`, act: (cluster) => cluster.ask((api) => api.patch(deployments, at, { type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'main', image: name }] } } } } })), until: ready(count, name) })
const scale = (replicas: number): Act => ({ what: `it is scaled to ${replicas}`, act: (cluster) => cluster.ask((api) => api.patch(deployments, at, { type: 'merge', body: { spec: { replicas } } })), until: ready(replicas) })
const remove = (propagationPolicy: 'Foreground' | 'Background' | 'Orphan'): Act => ({ what: `it is deleted (${propagationPolicy})`, act: (cluster) => cluster.ask((api) => api.delete(deployments, at, { propagationPolicy })), until: propagationPolicy === 'Orphan' ? (world) => world.ledger.under('/gantry/apps/deployments/').length === 0 : none })

const hasSlice = (count: number) => (world: World): boolean => world.ledger.under('/gantry/discovery.k8s.io/endpointslices/default/').filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web').length === count
const hasNode = (name: string) => (world: World): boolean => world.ledger.nodes().some((node) => nameOf(node) === name)

const SOON: Partial<PodSpec> = { tolerations: ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'].map((key) => ({ key, operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: 2 })) }

/** Each controller at its work, from something to nothing. */
export const scenarios: readonly Scenario[] = [
  { name: 'a first start', nodes: 1, withStart: true, acts: [create({ replicas: 1 })] },
  { name: 'a rollout, its way back, and scaling', nodes: 2, acts: [create({ replicas: 3 }), image('busybox:1.36', 3), image('busybox:1.35', 3), scale(1), scale(2), remove('Foreground')] },
  { name: 'a replacement of all at once', nodes: 1, acts: [{ ...create({ replicas: 2 }), act: (cluster) => cluster.ask((api) => api.create(deployments, { ...deployment({ replicas: 2 }), spec: { ...deployment({ replicas: 2 }).spec, strategy: { type: 'Recreate' } } as NonNullable<Deployment['spec']> })) }, image('busybox:1.36', 2), remove('Background')] },
  {
    name: 'orphans',
    nodes: 1,
    acts: [
      create({ replicas: 1 }),
      { ...remove('Orphan'), until: (world) => world.ledger.under('/gantry/apps/deployments/').length === 0 && world.ledger.under('/gantry/apps/replicasets/').length === 1 },
      { what: 'its set is deleted', act: (cluster) => cluster.ask(async (api) => Promise.all((await api.list(replicaSets, { namespace: 'default' })).items.map((one) => api.delete(replicaSets, { namespace: 'default', name: nameOf(one) })))), until: none },
      { what: 'a set is created', act: (cluster) => cluster.ask((api) => api.create(replicaSets, replicaSet)), until: ready(2) },
      { what: 'one of its pods is deleted', act: (cluster) => deleteOnePod(cluster), until: ready(2) },
      { what: 'it is deleted', act: (cluster) => cluster.ask((api) => api.delete(replicaSets, { namespace: 'default', name: 'set' }, { propagationPolicy: 'Foreground' })), until: none },
    ],
  },
  {
    name: 'a namespace',
    nodes: 1,
    acts: [
      { what: 'is created', act: (cluster) => cluster.ask((api) => api.create(namespaces, { metadata: { name: 'team' } })), until: (world) => world.ledger.under('/gantry/core/configmaps/team/').length === 1 && world.ledger.under('/gantry/core/serviceaccounts/team/').length === 1 },
      { what: 'is filled', act: async (cluster) => (await cluster.ask((api) => api.create(configMaps, { metadata: { name: 'one', namespace: 'team' }, data: { a: 'b' } })), cluster.ask((api) => api.create(deployments, deployment({ replicas: 2, namespace: 'team' })))), until: ready(2) },
      { what: 'is deleted', act: (cluster) => cluster.ask((api) => api.delete(namespaces, { name: 'team' })), until: (world) => world.ledger.under('/gantry/core/namespaces/').every((one) => one.metadata.name !== 'team') && none(world) },
    ],
  },
  {
    name: 'a service',
    nodes: 2,
    acts: [
      { what: 'is created', act: (cluster) => cluster.ask((api) => api.create(services, service)), until: hasSlice(1) },
      create({ replicas: 2 }),
      scale(3),
      { what: 'is deleted', act: (cluster) => cluster.ask((api) => api.delete(services, at)), until: hasSlice(0) },
      remove('Background'),
    ],
  },
  {
    name: 'a node that dies and comes back',
    nodes: 2,
    acts: [
      create({ replicas: 3, more: SOON }),
      { what: 'n1 loses its power', act: ({ world }) => world.node('n1').losePower(), until: (world) => readyPods(world).filter((pod) => pod.spec?.nodeName === 'n2').length === 3 && !world.isNodeReady('n1') },
      { what: 'n1 is back', act: ({ world }) => world.node('n1').start(), until: (world) => world.isNodeReady('n1') },
      remove('Background'),
    ],
  },
  {
    name: 'a node whose object is deleted',
    nodes: 2,
    acts: [
      create({ replicas: 2 }),
      { what: 'n1 is switched off and deleted', act: async (cluster) => (cluster.world.node('n1').losePower(), await cluster.ask((api) => api.delete(nodes, { name: 'n1' }))), until: (world) => !hasNode('n1')(world) && ready(2)(world) && readyPods(world).every((pod) => pod.spec?.nodeName === 'n2') },
      { what: 'n1 is back', act: ({ world }) => world.node('n1').start(), until: (world) => world.isNodeReady('n1') },
      remove('Foreground'),
    ],
  },
]

async function deleteOnePod(cluster: Cluster): Promise<void> {
  const [first] = readyPods(cluster.world)
  if (first) await cluster.ask((api) => api.delete(pods, { namespace: 'default', name: nameOf(first) }))
}
