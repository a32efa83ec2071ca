import type { Pod } from '../../../shared/model/gen/api.ts'
import { addQuantities, compareQuantities } from '../../../shared/model/quantity.ts'
import { isPodLevelResource, sumOfContainers } from '../defaults/pod-resources.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'

/** What a pod asks for, or is limited to, as a whole: what it says itself before the sum of its containers, and its overhead. */
export function podAmounts({ spec }: Pod, side: 'requests' | 'limits'): ResourceList {
  if (!spec) return {}
  const own = Object.entries(amountsOf(spec.resources?.[side])).filter(([name]) => isPodLevelResource(name))
  const amounts: Record<string, string> = { ...sumOfContainers(spec, side), ...Object.fromEntries(own) }
  for (const [name, amount] of Object.entries(amountsOf(spec.overhead))) {
    // No limit stays no limit.
    if (side === 'requests' || compareQuantities(amounts[name], '0') > 0) amounts[name] = addQuantities(amounts[name], amount)
  }
  return amounts
}
