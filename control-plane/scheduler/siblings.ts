import type { Pod, ReplicaSet, Service } from '../../shared/model/gen/api.ts'
import { controllerOf, namespaceOf, objectKey } from '../../shared/model/meta.ts'
import type { Lister } from '../informers/port.ts'
import { labelMatcher } from './core/match.ts'

type Labels = Readonly<Record<string, string>>

/** Index of services by namespace. */
export const NAMESPACE_INDEX = 'scheduler-namespace'

/** How the services that select a pod, and the ReplicaSet that owns it, select its siblings: all of them must. */
export function siblingSelector(pod: Pod, from: { readonly services: Lister<Service>; readonly replicaSets: Lister<ReplicaSet> }): ((labels: Labels) => boolean) | undefined {
  const labels = pod.metadata.labels ?? {}
  const conditions: Array<(labels: Labels) => boolean> = []
  for (const service of from.services.byIndex(NAMESPACE_INDEX, namespaceOf(pod))) {
    const selector = Object.entries(service.spec?.selector ?? {})
    if (selector.length > 0 && selector.every(([key, value]) => labels[key] === value)) conditions.push((other) => selector.every(([key, value]) => other[key] === value))
  }
  const owner = controllerOf(pod)
  const replicaSet = owner?.kind === 'ReplicaSet' ? from.replicaSets.get(objectKey(namespaceOf(pod), owner.name)) : undefined
  if (replicaSet?.spec?.selector) conditions.push(labelMatcher(replicaSet.spec.selector))
  return conditions.length === 0 ? undefined : (other) => conditions.every((holds) => holds(other))
}
