/** Nobody gives away more than she has: what a role or a binding would grant, its writer must hold, or be allowed to `escalate` or `bind`. */
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { Access } from '../authz/access.ts'
import { MASTERS } from '../authz/groups.ts'
import { compacted, quotedList, ruleText, uncovered } from '../authz/rbac/covers.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import { notFound, plainError } from '../status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, type AdmissionSources } from './sources.ts'

const GROUP = 'rbac.authorization.k8s.io'
const ROLES = new Set(['roles', 'clusterroles'])
const BINDINGS = new Set(['rolebindings', 'clusterrolebindings'])

/** Everything that can be done at all. */
const FULL_AUTHORITY: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** Runs as the last that sees the object before it is validated, as Kubernetes' storage of these kinds does. */
export const rbacEscalation = (sources: AdmissionSources, access: Access): AdmissionPlugin => ({
  name: 'RBACEscalation',
  resources: [...ROLES, ...BINDINGS].map((plural) => `${GROUP}/${plural}`),
  async mutate(request) {
    const { definition } = request.store
    if (definition.group !== GROUP || request.call.user.groups.includes(MASTERS) || isOnlyForCollector(request)) return request.object
    if (ROLES.has(definition.plural)) checkRole(request, access)
    if (BINDINGS.has(definition.plural)) await checkBinding(request, { sources, access })
    return request.object
  },
})

/** Whether an update changes nothing but what the garbage collector needs to delete the object at last. */
function isOnlyForCollector({ object, old }: AdmissionRequest): boolean {
  return old !== undefined && deepEqual(bare(object), bare(old))
}

function bare(object: JsonObject): JsonObject {
  const { finalizers: _finalizers, ownerReferences: _owners, managedFields: _fields, resourceVersion: _revision, ...metadata } = metadataOf(object)
  return { ...object, metadata }
}

function checkRole(request: AdmissionRequest, access: Access): void {
  const { call, object, old, store, name, namespace } = request
  const base = { kind: 'resource', user: call.user, group: GROUP, version: '*', subresource: '', namespace, name, fieldSelector: '' } as const
  if (access.authorize({ ...base, verb: 'escalate', resource: store.definition.plural }).kind === 'allow') return
  const wanted = object as unknown as ClusterRole
  confirmHeld(request, access, wanted.rules ?? [])
  if (store.definition.plural !== 'clusterroles' || isSameAggregation(wanted, old as unknown as ClusterRole | undefined)) return
  if (uncovered(access.rbac.rulesFor(call.user, namespace).rules, FULL_AUTHORITY).length > 0) throw forbid(request, 'must have cluster-admin privileges to use the aggregationRule')
}

const isSameAggregation = (wanted: ClusterRole, old: ClusterRole | undefined): boolean => deepEqual((wanted.aggregationRule ?? null) as unknown as Json, (old?.aggregationRule ?? null) as unknown as Json)

async function checkBinding(request: AdmissionRequest, { sources, access }: { readonly sources: AdmissionSources; readonly access: Access }): Promise<void> {
  const { call, object, namespace } = request
  const { roleRef } = object as unknown as RoleBinding
  if (!roleRef) return
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : roleRef.kind === 'Role' ? 'roles' : undefined
  if (resource === undefined) throw plainError(`unsupported role reference kind: ${JSON.stringify(roleRef.kind)}`)
  const bind = { kind: 'resource', user: call.user, verb: 'bind', group: roleRef.apiGroup ?? '', version: '*', resource, subresource: '', namespace, name: roleRef.name, fieldSelector: '' } as const
  if (access.authorize(bind).kind === 'allow') return
  confirmHeld(request, access, await rulesOfRole(request, sources, roleRef))
}

/** Read where it is proven to be, for it may just have been written. */
async function rulesOfRole({ store, namespace, call }: AdmissionRequest, sources: AdmissionSources, { kind, name }: RoleRef): Promise<readonly PolicyRule[]> {
  const ofCluster = kind === 'ClusterRole'
  const role = await findObject(sources, { group: GROUP, version: 'v1', plural: ofCluster ? 'clusterroles' : 'roles' }, { namespace: ofCluster ? '' : namespace, name, signal: call.signal })
  // Kubernetes names the resource of the request here, not the role's.
  if (!role) throw notFound(store.resource, name)
  return (role as unknown as ClusterRole).rules ?? []
}

function confirmHeld(request: AdmissionRequest, { rbac }: Access, wanted: readonly PolicyRule[]): void {
  const { user } = request.call
  const held = rbac.rulesFor(user, request.namespace)
  const missing = uncovered(held.rules, wanted)
  if (missing.length === 0) return
  const rules = [...new Set(compacted(missing).map(ruleText))].toSorted()
  const errors = held.errors.length === 0 ? '' : `; resolution errors: [${held.errors.length === 1 ? held.errors[0] : `[${held.errors.join(', ')}]`}]`
  const groups = quotedList(user.groups)
  throw forbid({ ...request, name: metaText(request.object, 'name') }, `user ${JSON.stringify(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${rules.join('\n')}${errors}`)
}
