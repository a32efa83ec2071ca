import type { Pod, ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { addQuantities, compareQuantities } from '../../../shared/model/quantity.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

type Amounts = Map<string, string>

/** Only these two decide the class. */
const counted = ['cpu', 'memory'] as const

function addAll(sums: Amounts, list: ResourceList): ReadonlySet<string> {
  const found = new Set<string>()
  for (const name of counted) {
    const amount = list[name]
    if (amount === undefined || compareQuantities(amount, '0') <= 0) continue
    sums.set(name, sums.has(name) ? addQuantities(sums.get(name), amount) : amount)
    found.add(name)
  }
  return found
}

/** The class of service a pod gets by what it asks for: it decides who is killed first when a node runs short. */
export function qosClass(pod: Pod): QosClass {
  const spec = pod.spec
  const asked: readonly ResourceRequirements[] = spec?.resources ? [spec.resources] : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((one) => one.resources ?? {})
  const requests: Amounts = new Map()
  const limits: Amounts = new Map()
  let limited = true
  for (const resources of asked) {
    addAll(requests, amountsOf(resources.requests))
    if (addAll(limits, amountsOf(resources.limits)).size < counted.length) limited = false
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const equal = requests.size === limits.size && [...requests].every(([name, amount]) => limits.has(name) && compareQuantities(limits.get(name), amount) === 0)
  return limited && equal ? 'Guaranteed' : 'Burstable'
}
