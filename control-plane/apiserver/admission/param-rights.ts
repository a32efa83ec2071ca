/** Who makes a policy depend on other objects must be allowed to read them: Kubernetes asks this in the registries of policies and bindings. */
import { forbidden } from '../../../shared/model/field-error.ts'
import type { ParamKind, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { Access } from '../authz/access.ts'
import { MASTERS } from '../authz/groups.ts'
import type { User } from '../request.ts'
import { invalid } from '../status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'
import { type AdmissionSources, findObject } from './sources.ts'

const GROUP = 'admissionregistration.k8s.io'
const POLICIES = ['validatingadmissionpolicies', 'mutatingadmissionpolicies']
const BINDINGS = ['validatingadmissionpolicybindings', 'mutatingadmissionpolicybindings']

/** Policies and bindings of both kinds are alike in what is looked at here. */
const policyIn = (object: JsonObject | undefined): ValidatingAdmissionPolicy['spec'] => (object as unknown as ValidatingAdmissionPolicy | undefined)?.spec
const bindingIn = (object: JsonObject | undefined): Partial<ValidatingAdmissionPolicyBindingSpec> | undefined => (object as unknown as ValidatingAdmissionPolicyBinding | undefined)?.spec
const isSame = (a: object | undefined, b: object | undefined): boolean => deepEqual(a as Json | undefined, b as Json | undefined)

export const paramRights = (sources: AdmissionSources, access: Access): AdmissionPlugin => ({
  name: 'ParamRights',
  resources: [...POLICIES, ...BINDINGS].map((plural) => `${GROUP}/${plural}`),
  async validate(request) {
    const { definition } = request.store
    if (definition.group !== GROUP || request.subresource !== '' || (request.operation !== 'CREATE' && request.operation !== 'UPDATE') || request.call.user.groups.includes(MASTERS)) return
    if (POLICIES.includes(definition.plural)) checkKind(request, sources, access)
    if (BINDINGS.includes(definition.plural)) await checkReference(request, sources, access)
  },
})

const refused = ({ store, name }: AdmissionRequest, field: string, message: string): Error => invalid(store.kind, name, [forbidden(field, message)])

interface Wanted {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly problem?: 'parse' | 'resolve'
}

/** What must be read: everything, as far as nobody knows better. */
function resourceOf(kind: ParamKind | undefined, { resources }: AdmissionSources): Wanted {
  const all = { group: '*', version: '*', resource: '*' }
  if (!kind) return all
  const [version = '', group = '', ...more] = (kind.apiVersion ?? '').split('/').toReversed()
  if (more.length > 0) return { ...all, problem: 'parse' }
  const store = resources.findKind(group, version, kind.kind ?? '')
  return store ? { group, version, resource: store.definition.plural } : { group, version, resource: '*', problem: 'resolve' }
}

function checkKind(request: AdmissionRequest, sources: AdmissionSources, { authorize }: Access): void {
  const { user } = request.call
  const paramKind = policyIn(request.object)?.paramKind
  if (!paramKind || isSame(paramKind, policyIn(request.old)?.paramKind)) return
  const { group, version, resource } = resourceOf(paramKind, sources)
  if (authorize({ kind: 'resource', user, verb: 'get', group, version, resource, subresource: '', namespace: '*', name: '*', fieldSelector: '' }).kind === 'allow') return
  throw refused(request, 'spec.paramKind', `user ${printed(user)} must have "get" permission on all objects of the referenced paramKind (kind=${paramKind.kind ?? ''}, apiVersion=${paramKind.apiVersion ?? ''})`)
}

async function checkReference(request: AdmissionRequest, sources: AdmissionSources, { authorize }: Access): Promise<void> {
  const { user, signal } = request.call
  const { policyName = '', paramRef } = bindingIn(request.object) ?? {}
  const before = bindingIn(request.old)
  if (!paramRef || (isSame(paramRef, before?.paramRef) && policyName === before?.policyName)) return
  const policies = request.store.definition.plural.replace('policybindings', 'policies')
  const policy = await findObject(sources, { group: GROUP, version: 'v1', plural: policies }, { namespace: '', name: policyName, signal })
  const paramKind = policyIn(policy)?.paramKind
  const { problem, ...wanted } = resourceOf(paramKind, sources)
  const verb = paramRef.name ? 'get' : 'list'
  if (authorize({ kind: 'resource', user, verb, ...wanted, subresource: '', namespace: paramRef.namespace ?? '', name: paramRef.name ?? '', fieldSelector: '' }).kind === 'allow') return
  // For one of both kinds Kubernetes says who and what the wrong way round.
  if (policies.startsWith('mutating')) throw refused(request, 'spec.paramRef', notHeld(verb, printed(user)))
  const found = policy ? `unable to ${problem} paramKind &{${paramKind?.apiVersion ?? ''} ${paramKind?.kind ?? ''}}` : `unable to get policy ${policyName}`
  const unknown = `${found} to determine minimum required permissions and user ${printed(user)} does not have "${verb}" permission for all groups, versions and resources`
  throw refused(request, 'spec.paramRef', policy && !problem ? notHeld(printed(user), verb) : unknown)
}

const notHeld = (who: string, verb: string): string => `user ${who} does not have "${verb}" permission on the object referenced by paramRef`

/** As Go prints a user. */
function printed({ name, uid, groups, extra }: User): string {
  const more = Object.entries(extra).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `&{${name} ${uid} [${groups.join(' ')}] map[${more.map(([key, values]) => `${key}:[${values.join(' ')}]`).join(' ')}]}`
}
