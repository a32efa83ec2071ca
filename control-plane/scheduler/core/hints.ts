/** Queueing hints (KEP-4247): whom of the pods that wait something that happened can help. PURE. */
import type { ClusterEvent } from './framework.ts'
import { filterPlugins, localFilters } from './schedule.ts'
import type { NodeInfo, PodInfo, Snapshot } from './state.ts'

/** A pod that no node could take, and the plugins that refused it on one node or another. */
export interface Unschedulable {
  readonly pod: PodInfo
  readonly refusedBy: readonly string[]
}

export type Hint = (waiting: Unschedulable) => boolean

/**
 * Whether a pod may be schedulable since the event. Of plugins that look at one node alone all are asked about the node that changed: the pod is helped if it
 * could not go there before and can now (every change of a node comes with what it was, so that none is missed). The others say it themselves.
 *
 * @param snapshot after the event.
 */
export function hintOf(event: ClusterEvent, snapshot: Snapshot): Hint {
  const classes = new Map<string, boolean>()
  const opened = (pod: PodInfo): boolean => {
    const known = classes.get(pod.classKey)
    if (known !== undefined) return known
    const answer = passes(pod, event.node.after, snapshot) && !passes(pod, event.node.before, snapshot)
    classes.set(pod.classKey, answer)
    return answer
  }
  return ({ pod, refusedBy }) => opened(pod) || filterPlugins.some((plugin) => !plugin.local && refusedBy.includes(plugin.name) && plugin.helps(pod, event, snapshot))
}

const passes = (pod: PodInfo, node: NodeInfo | undefined, snapshot: Snapshot): boolean => node !== undefined && localFilters.every((plugin) => plugin.filter(pod, snapshot)?.(node) === undefined)

/**
 * What all pods are alike in that would be refused as this one was, as long as nothing happens that helps them; undefined where its refusal says nothing of
 * others: a plugin that looks at more than one node had a part in it.
 */
export const refusedClass = ({ pod, refusedBy }: Unschedulable): string | undefined => (refusedBy.length > 0 && refusedBy.every((name) => localFilters.some((plugin) => plugin.name === name)) ? pod.classKey : undefined)
