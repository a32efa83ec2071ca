import type { Container, PodSpec, ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { addQuantities, compareQuantities } from '../../../shared/model/quantity.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'

const isPages = (name: string): boolean => name.startsWith('hugepages-')

/** Resources that may be asked for by a pod as a whole. */
export const isPodLevelResource = (name: string): boolean => name === 'cpu' || name === 'memory' || isPages(name)

const sum = (a: ResourceList, b: ResourceList): ResourceList => ({ ...a, ...Object.fromEntries(Object.entries(b).map(([name, amount]) => [name, a[name] === undefined ? amount : addQuantities(a[name], amount)])) })

const greatest = (a: ResourceList, b: ResourceList): ResourceList => ({
  ...a,
  ...Object.fromEntries(Object.entries(b).filter(([name, amount]) => a[name] === undefined || compareQuantities(amount, a[name]) > 0)),
})

/**
 * What the containers of a pod need together: those that run side by side added up, and while initializing what each init container needs
 * with the sidecars started before it.
 */
export function sumOfContainers(spec: PodSpec, side: 'requests' | 'limits'): ResourceList {
  const own = (container: Container): ResourceList => amountsOf(container.resources?.[side])
  let sidecars: ResourceList = {}
  let peak: ResourceList = {}
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = sum(sidecars, own(container))
      peak = greatest(peak, sidecars)
    } else peak = greatest(peak, sum(sidecars, own(container)))
  }
  const running = (spec.containers ?? []).map(own).reduce(sum, sidecars)
  return greatest(running, peak)
}

/**
 * A pod that says what it asks for as a whole asks at least for what its containers ask; where they ask nothing, for its limit. Of pages its
 * limit is what theirs are together.
 */
export function defaultPodRequests(resources: ResourceRequirements, spec: PodSpec): ResourceRequirements {
  if (Object.keys(resources.limits ?? {}).length === 0 && Object.keys(resources.requests ?? {}).length === 0) return resources
  const pages = Object.entries(sumOfContainers(spec, 'limits')).filter(([name]) => isPages(name))
  const limits = { ...Object.fromEntries(pages), ...resources.limits }
  const fromContainers = Object.entries(sumOfContainers(spec, 'requests')).filter(([name]) => name === 'cpu' || name === 'memory')
  const fromLimits = Object.entries(limits).filter(([name]) => isPodLevelResource(name))
  const requests = { ...Object.fromEntries(fromLimits), ...Object.fromEntries(fromContainers), ...resources.requests }
  return { ...resources, ...(Object.keys(limits).length > 0 && { limits }), ...(Object.keys(requests).length > 0 && { requests }) }
}
