/** Where a pod comes from: whether it stands in for one of a node that was lost, or was stopped because its node lost its right to run it. */
import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { firstMs } from '../events/moment.ts'
import { formatMicroTime } from '../../shared/model/time.ts'
import { outagesOf } from './outages.ts'
import { lostPods } from './replacements.ts'

interface Items<T> {
  readonly items: readonly T[]
}

/** Lines to add to what the scheduler says; none if there is nothing to tell. */
export async function podOrigin(cluster: Cluster, name: string): Promise<string> {
  const all = async <T>(path: string): Promise<readonly T[]> => (await cluster.json<Items<T>>({ path })).items
  const [pods, events, nodes] = await Promise.all([all<Pod>('/api/v1/pods'), all<Event>('/api/v1/events'), all<Node>('/api/v1/nodes')])
  const pod = pods.find(({ metadata }) => metadata.namespace === cluster.namespace && metadata.name === name)
  const told = [replacementText({ namespace: cluster.namespace, name }, { events, pods, nodes }), ...stopTexts(name, { pod, events: events.filter(({ involvedObject }) => involvedObject.namespace === cluster.namespace) })].filter((line) => line !== undefined)
  return told.length === 0 ? '' : `\n${told.map((line) => `${line}\n`).join('')}`
}

const clockText = (ms: number): string => formatMicroTime(ms).slice(11, 23)

/** Nodes that are gone are known by what was told of them. */
function nodeNames(events: readonly Event[], nodes: readonly Node[]): readonly string[] {
  return [...new Set([...nodes.map(({ metadata }) => metadata.name ?? ''), ...events.flatMap(({ involvedObject }) => (involvedObject.kind === 'Node' ? [involvedObject.name ?? ''] : []))])]
}

interface Stored {
  readonly events: readonly Event[]
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
}

export function replacementText({ namespace, name }: { readonly namespace: string; readonly name: string }, { events, pods, nodes }: Stored): string | undefined {
  for (const nodeName of nodeNames(events, nodes)) {
    for (const outage of outagesOf(nodeName, events, undefined).toReversed()) {
      for (const lost of lostPods(nodeName, outage, { events, pods, slices: [] })) {
        if (lost.namespace !== namespace || lost.successor?.name !== name) continue
        const verdict = outage.moments.find(({ atMs }) => atMs === outage.verdictMs)
        return `It replaces pod ${lost.name}, which was on node ${nodeName} when that was lost at ${clockText(outage.startMs)} UTC${verdict ? ` (${verdict.what})` : ''}. "gantry why node/${nodeName}" tells it step by step.`
      }
    }
  }
  return undefined
}

/** Words by which agents say that a node's lease, and not the pod's own doing, ended its containers. */
const LEASE_REASONS = new Set(['PodsStopped', 'PodStopped', 'LeaseEnded', 'NodeLeaseEnded', 'Fenced'])

export function stopTexts(name: string, { pod, events }: { readonly pod: Pod | undefined; readonly events: readonly Event[] }): readonly string[] {
  const told = events.filter(({ involvedObject, reason = '' }) => involvedObject.kind === 'Pod' && involvedObject.name === name && LEASE_REASONS.has(reason)).map((event) => `At ${clockText(firstMs(event))} UTC ${event.reason ?? ''}: ${event.message ?? ''}`)
  const ended = (pod?.status?.containerStatuses ?? []).flatMap(({ name: container, state, lastState }) =>
    [state?.terminated, lastState?.terminated].flatMap((terminated) => (terminated && LEASE_REASONS.has(terminated.reason ?? '') ? [`Container ${container} was stopped at ${terminated.finishedAt ?? '?'}: ${terminated.message ?? terminated.reason ?? ''}`] : [])),
  )
  return [...told, ...ended]
}
