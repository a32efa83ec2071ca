/** Chooses how an object is described, and asks for what else that needs. */
import type { ConfigMap, Deployment, EndpointSlice, Event, Namespace, Node, Pod, ReplicaSet, Secret, Service, ServiceAccount } from '../../shared/model/gen/api.ts'
import { formatLabelSelector } from '../../shared/model/selectors.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { isNotFound } from '../cluster/status-problem.ts'
import { sightOf } from '../nodes/sight.ts'
import { eventsAbout } from './events.ts'
import { describeEndpointSlice } from './endpoint-slice.ts'
import { describeGeneric } from './generic.ts'
import { describeNode } from './node.ts'
import { describePod } from './pod.ts'
import { describeService } from './service.ts'
import { describeConfigMap, describeNamespace, describeSecret, describeServiceAccount } from './simple.ts'
import { describeDeployment, describeReplicaSet } from './workloads.ts'

export interface DescribeOptions {
  readonly nowMs: number
  readonly withEvents: boolean
}

interface Items<T> {
  readonly items: readonly T[]
}

const inNamespace = (object: ApiObject, root: string, plural: string): string => `${root}/namespaces/${encodeURIComponent(object.metadata?.namespace ?? '')}/${plural}`

export async function describeObject(cluster: Cluster, object: ApiObject, { nowMs, withEvents }: DescribeOptions): Promise<string> {
  const events = withEvents ? await eventsAbout(cluster, object) : []
  const as = <T>(): T => object as unknown as T
  switch (`${object.apiVersion ?? ''} ${object.kind ?? ''}`) {
    case 'v1 Pod':
      return describePod(as<Pod>(), events, nowMs)
    case 'v1 Node':
      return describeNode(as<Node>(), { ...(await aboutNode(cluster, object, nowMs)), events, nowMs })
    case 'apps/v1 Deployment':
      return describeDeployment(as<Deployment>(), { sets: await setsOf(cluster, object), events, nowMs })
    case 'apps/v1 ReplicaSet':
      return describeReplicaSet(as<ReplicaSet>(), { phases: await phasesOf(cluster, object), events, nowMs })
    case 'v1 Service':
      return describeService(as<Service>(), { slices: await slicesOf(cluster, object), events, nowMs })
    case 'discovery.k8s.io/v1 EndpointSlice':
      return describeEndpointSlice(as<EndpointSlice>(), events, nowMs)
    case 'v1 Namespace':
      return describeNamespace(as<Namespace>(), { quotas: await limitsIn(cluster, object, 'resourcequotas'), ranges: await limitsIn(cluster, object, 'limitranges') })
    case 'v1 ConfigMap':
      return describeConfigMap(as<ConfigMap>(), events, nowMs)
    case 'v1 Secret':
      return describeSecret(as<Secret>())
    case 'v1 ServiceAccount':
      return describeServiceAccount(as<ServiceAccount>(), events, nowMs)
    default:
      return describeGeneric(object, events satisfies readonly Event[], nowMs)
  }
}

async function aboutNode(cluster: Cluster, { metadata }: ApiObject, nowMs: number): Promise<Pick<Parameters<typeof describeNode>[1], 'pods' | 'lease' | 'sight'>> {
  const name = metadata?.name ?? ''
  const { items } = await cluster.json<Items<Pod>>({ path: '/api/v1/pods', query: { fieldSelector: `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed` } })
  const lease = await cluster.json<NonNullable<Parameters<typeof describeNode>[1]['lease']>>({ path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(name)}` }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })
  return { sight: await sightOf(cluster, metadata, nowMs), lease, pods: items.toSorted((a, b) => (`${a.metadata.namespace ?? ''}/${a.metadata.name ?? ''}` < `${b.metadata.namespace ?? ''}/${b.metadata.name ?? ''}` ? -1 : 1)) }
}

/** `undefined` where the server has no such resource. */
async function limitsIn(cluster: Cluster, { metadata }: ApiObject, plural: string): Promise<readonly string[] | undefined> {
  try {
    const { items } = await cluster.json<Items<ApiObject>>({ path: `/api/v1/namespaces/${encodeURIComponent(metadata?.name ?? '')}/${plural}` })
    return items.map((item) => `${plural}/${item.metadata?.name ?? ''}`)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function setsOf(cluster: Cluster, object: ApiObject): Promise<readonly ReplicaSet[]> {
  const { spec } = object as unknown as Deployment
  return (await cluster.json<Items<ReplicaSet>>({ path: inNamespace(object, '/apis/apps/v1', 'replicasets'), query: { labelSelector: formatLabelSelector(spec?.selector) } })).items
}

async function phasesOf(cluster: Cluster, object: ApiObject): Promise<Readonly<Record<string, number>>> {
  const { spec, metadata } = object as unknown as ReplicaSet
  const { items } = await cluster.json<Items<Pod>>({ path: inNamespace(object, '/api/v1', 'pods'), query: { labelSelector: formatLabelSelector(spec?.selector) } })
  const phases: Record<string, number> = {}
  for (const { metadata: own, status } of items) if (own.ownerReferences?.some(({ uid }) => uid === metadata.uid)) phases[status?.phase ?? ''] = (phases[status?.phase ?? ''] ?? 0) + 1
  return phases
}

async function slicesOf(cluster: Cluster, object: ApiObject): Promise<readonly EndpointSlice[]> {
  return (await cluster.json<Items<EndpointSlice>>({ path: inNamespace(object, '/apis/discovery.k8s.io/v1', 'endpointslices'), query: { labelSelector: `kubernetes.io/service-name=${object.metadata?.name ?? ''}` } })).items
}
