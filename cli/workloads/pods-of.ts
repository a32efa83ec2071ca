/** The pods behind a workload: by its selector. */
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { pathOf } from '../cluster/resources.ts'
import { formatLabelSelector } from '../../shared/model/selectors.ts'
import type { LabelSelector, Pod } from '../../shared/model/gen/api.ts'
import { Problem } from '../program/problem.ts'

/** The selector's text. @throws Problem for an object that selects no pods */
export function selectorOf(object: ApiObject, resource: Pick<ApiResource, 'plural' | 'kind'>): string {
  const spec = object['spec'] as { readonly selector?: LabelSelector & Readonly<Record<string, string>> } | undefined
  const selector = spec?.selector
  if (selector === undefined || Object.keys(selector).length === 0) throw new Problem(`cannot get the pods of ${resource.kind.toLowerCase()}/${object.metadata?.name ?? ''}: it selects none`)
  // Services and replication controllers have plain labels.
  if (resource.plural === 'services' || resource.plural === 'replicationcontrollers') return Object.entries(selector as Readonly<Record<string, string>>).map(([key, value]) => `${key}=${value}`).join(',')
  return formatLabelSelector(selector)
}

export async function podsBySelector(cluster: Cluster, labelSelector: string, namespace = cluster.namespace): Promise<readonly Pod[]> {
  const { items } = await cluster.json<{ readonly items: readonly Pod[] }>({ path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, query: { labelSelector } })
  return items
}

const isReady = (pod: Pod): boolean => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

/** Those one would rather look at first: not on their way out, running, ready, the longest. */
export function byUsefulness(a: Pod, b: Pod): number {
  const rank = (pod: Pod): number => (pod.metadata.deletionTimestamp ? 8 : 0) + (pod.spec?.nodeName ? 0 : 4) + (pod.status?.phase === 'Running' ? 0 : 2) + (isReady(pod) ? 0 : 1)
  return rank(a) - rank(b) || ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1)
}

/** The pods of `pod/NAME`, `deployment/NAME`, `service/NAME`… */
export async function podsOf(cluster: Cluster, { resource, name }: { readonly resource: ApiResource; readonly name: string }): Promise<readonly Pod[]> {
  const path = pathOf(resource, { namespace: cluster.namespace, name })
  if (resource.plural === 'pods' && resource.group === '') return [await cluster.json<Pod>({ path })]
  const object = await cluster.json({ path })
  return (await podsBySelector(cluster, selectorOf(object, resource))).toSorted(byUsefulness)
}
