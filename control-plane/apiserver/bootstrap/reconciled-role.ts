/** Roles and bindings of the system that somebody has changed, or that an older version made, get back what they lack; what was added stays. PURE. */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RbacV1Subject } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { uncovered } from '../authz/rbac/covers.ts'

/** Whoever sets it to "false" keeps the object as it is. */
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'

/** What the stored object should be; `undefined`: as it is. */
export function reconciledRole(stored: JsonObject, wanted: JsonObject): JsonObject | undefined {
  const { metadata, ...changes } = 'roleRef' in wanted ? binding(stored, wanted) : role(stored, wanted)
  if ((stored['metadata'] as ClusterRole['metadata']).annotations?.[AUTOUPDATE] === 'false') return undefined
  const result = { ...stored, ...changes, metadata: metadata ?? stored['metadata'] ?? {} }
  return deepEqual(result, stored) ? undefined : result
}

function role(stored: JsonObject, wanted: JsonObject): JsonObject {
  const [now, should] = [stored as unknown as ClusterRole, wanted as unknown as ClusterRole]
  const metadata = mergedMeta(stored, wanted)
  // Its rules come from others.
  if (should.aggregationRule) {
    const selectors = [...(now.aggregationRule?.clusterRoleSelectors ?? [])]
    for (const selector of should.aggregationRule.clusterRoleSelectors ?? []) if (!selectors.some((one) => same(one, selector))) selectors.push(selector)
    return { metadata, aggregationRule: { clusterRoleSelectors: selectors as unknown as Json } }
  }
  const missing: readonly PolicyRule[] = uncovered(now.rules ?? [], should.rules ?? [])
  return missing.length === 0 ? { metadata } : { metadata, rules: [...(now.rules ?? []), ...missing] as unknown as Json }
}

function binding(stored: JsonObject, wanted: JsonObject): JsonObject {
  const [now, should] = [stored as unknown as ClusterRoleBinding, wanted as unknown as ClusterRoleBinding]
  const isSame = (a: RbacV1Subject, b: RbacV1Subject): boolean => a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '')
  const missing = (should.subjects ?? []).filter((subject) => !(now.subjects ?? []).some((one) => isSame(one, subject)))
  const metadata = mergedMeta(stored, wanted)
  return missing.length === 0 ? { metadata } : { metadata, subjects: [...(now.subjects ?? []), ...missing] as unknown as Json }
}

const same = (a: unknown, b: unknown): boolean => deepEqual(a as Json, b as Json)

function mergedMeta(stored: JsonObject, wanted: JsonObject): JsonObject {
  const [now, should] = [stored['metadata'] as JsonObject, wanted['metadata'] as JsonObject]
  const merged = (member: string): JsonObject => {
    const values = { ...(should[member] as JsonObject | undefined), ...(now[member] as JsonObject | undefined) }
    return Object.keys(values).length === 0 ? {} : { [member]: values }
  }
  return { ...now, ...merged('labels'), ...merged('annotations') }
}
