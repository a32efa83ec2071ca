/** The rules of a ClusterRole that is put together from others. PURE. */
import type { ClusterRole, PolicyRule } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json } from '../../../shared/model/json.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'

export const MANAGER = 'clusterrole-aggregation-controller'

/** The rules it shall have; `undefined`: it has them, or they are its own. */
export function planAggregation(role: ClusterRole, all: Iterable<ClusterRole>): readonly PolicyRule[] | undefined {
  if (!role.aggregationRule || role.metadata.deletionTimestamp !== undefined) return undefined
  const byName = [...all].toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const rules: PolicyRule[] = []
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !matchesSelector(selector, other.metadata.labels)) continue
      for (const rule of other.rules ?? []) if (!rules.some((one) => isSame(one, rule))) rules.push(rule)
    }
  }
  // Nothing selected takes nothing away from somebody's own rules.
  if (rules.length === 0 && !isAggregated(role)) return undefined
  return isSame(rules, role.rules ?? []) ? undefined : rules
}

const isSame = (a: unknown, b: unknown): boolean => deepEqual(a as Json, b as Json)

/** Whether the rules that stand there were put together here. */
const isAggregated = ({ metadata }: ClusterRole): boolean => metadata.managedFields?.some(({ manager, fieldsV1 }) => manager === MANAGER && fieldsV1 !== undefined && 'f:rules' in fieldsV1) ?? false
