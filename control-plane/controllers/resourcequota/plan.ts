/** What the objects of a namespace use of a quota. PURE. */
import type { ResourceQuota } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { isInScopes } from '../../registry/quota/scopes.ts'
import { type Counted, isCountedAs, sumUsage, usageOf } from '../../registry/quota/usage.ts'
import { amountsOf, type ResourceList } from '../../registry/resource-list.ts'

export interface Held {
  readonly resource: Counted
  readonly objects: readonly JsonObject[]
}

/** Whether objects of the resource are of interest to the quota at all. */
export const concerns = ({ spec }: ResourceQuota, resource: Counted): boolean => Object.keys(amountsOf(spec?.hard)).some((name) => isCountedAs(resource, name))

/** The status the quota shall have; `undefined` if it has it. */
export function planStatus(quota: ResourceQuota, held: readonly Held[], nowMs: number): ResourceQuota['status'] | undefined {
  const hard = amountsOf(quota.spec?.hard)
  const used = usedOf(quota, held, nowMs)
  const [before, already] = [amountsOf(quota.status?.hard), amountsOf(quota.status?.used)]
  return deepEqual(before, hard) && sameAmounts(already, used) ? undefined : { hard, used }
}

function usedOf(quota: ResourceQuota, held: readonly Held[], nowMs: number): ResourceList {
  const names = Object.keys(amountsOf(quota.spec?.hard))
  let used: ResourceList = {}
  for (const { resource, objects } of held) {
    const counted = names.filter((name) => isCountedAs(resource, name))
    if (counted.length === 0) continue
    used = { ...Object.fromEntries(counted.map((name) => [name, '0'])), ...used }
    for (const object of objects) {
      if (!isInScopes(quota, resource, object)) continue
      const usage = Object.entries(usageOf(resource, object, nowMs)).filter(([name]) => counted.includes(name))
      used = sumUsage(used, Object.fromEntries(usage))
    }
  }
  return used
}

const sameAmounts = (a: ResourceList, b: ResourceList): boolean => {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => a[name] !== undefined && b[name] !== undefined && compareQuantities(a[name], b[name]) === 0)
}
