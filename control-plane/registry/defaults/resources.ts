import type { ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { roundUpToMillis } from '../../../shared/model/quantity.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { mapMember } from './fill.ts'

/** Resource lists are kept in whole thousandths. */
export function defaultResourceList(list: QuantityList): QuantityList {
  const rounded = Object.entries(list).map(([name, quantity]) => [name, typeof quantity === 'string' ? roundUpToMillis(quantity) : quantity] as const)
  return rounded.every(([name, quantity]) => list[name] === quantity) ? list : Object.fromEntries(rounded)
}

export const defaultRequirements = (resources: ResourceRequirements): ResourceRequirements => mapMember(mapMember(resources, 'limits', defaultResourceList), 'requests', defaultResourceList)

/** A limit without a request is its own request. */
export function requestsFromLimits(resources: ResourceRequirements): ResourceRequirements {
  const limits = amountsOf(resources.limits)
  const missing = Object.entries(limits).filter(([name]) => resources.requests?.[name] === undefined)
  return missing.length === 0 ? resources : { ...resources, requests: { ...resources.requests, ...Object.fromEntries(missing) } }
}
