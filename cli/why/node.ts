/** `why node/NAME`: asks for all that is stored about a node's last hour. */
import { systemClock } from '../../shared/kit/clock.ts'
import type { EndpointSlice, Event, Node, Pod } from '../../shared/model/gen/api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isNotFound } from '../cluster/status-problem.ts'
import { nodePath } from '../nodes/cordon.ts'
import { sightOf } from '../nodes/sight.ts'
import { outagesOf } from './outages.ts'
import type { NodeStory } from './node-text.ts'

interface Items<T> {
  readonly items: readonly T[]
}

export async function nodeStory(cluster: Cluster, name: string): Promise<NodeStory> {
  const all = async <T>(path: string): Promise<readonly T[]> => (await cluster.json<Items<T>>({ path })).items
  const [found, events, pods, slices] = await Promise.all([
    cluster.json<Node>({ path: nodePath(name) }).catch((error: unknown) => (isNotFound(error) ? error : Promise.reject(error as Error))),
    all<Event>('/api/v1/events'),
    all<Pod>('/api/v1/pods'),
    all<EndpointSlice>('/apis/discovery.k8s.io/v1/endpointslices'),
  ])
  const node = found instanceof Error ? undefined : found
  const outages = outagesOf(name, events, node)
  if (found instanceof Error && outages.length === 0) throw found
  const nowMs = systemClock.nowMs()
  return { name, node, sight: node ? await sightOf(cluster, node.metadata, nowMs) : { kind: 'unknown' }, outages, events, pods, slices, nowMs }
}
