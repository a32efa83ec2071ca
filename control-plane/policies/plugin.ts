/** ValidatingAdmissionPolicy: what is written is held against the policies that are bound. Costs nothing while there is none. */
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../shared/model/gen/api.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { cachedObject, namespacesResource, type AdmissionSources } from '../apiserver/admission/sources.ts'
import type { Authorizer } from '../apiserver/authz/authorizer.ts'
import { prefixOf } from '../apiserver/core/resources.ts'
import type { Bound } from './enforce.ts'

const GROUP = 'admissionregistration.k8s.io'

export function validatingAdmissionPolicy(sources: AdmissionSources, authorize: Authorizer): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(request) {
      const bound = isExempt(request) ? [] : boundPolicies(sources)
      if (bound.length === 0) return
      const { enforce } = await import('./enforce.ts')
      const namespaceObject = request.namespace === '' ? undefined : cachedObject(sources, namespacesResource, { namespace: '', name: request.namespace })
      enforce(request, bound, { sources, authorize, namespaceObject })
    },
  }
}

/** Nobody may lock himself out of the policies. */
const isExempt = ({ store }: AdmissionRequest): boolean => store.definition.group === GROUP && /^(validating|mutating)admissionpolic/.test(store.definition.plural)

function all<T>({ resources }: AdmissionSources, plural: string): readonly T[] {
  const store = resources.find(GROUP, 'v1', plural)
  return (store?.cache.list(prefixOf(store)) ?? []).map(({ object }) => object as unknown as T)
}

function boundPolicies(sources: AdmissionSources): readonly Bound[] {
  const bindings = all<ValidatingAdmissionPolicyBinding>(sources, 'validatingadmissionpolicybindings')
  if (bindings.length === 0) return []
  const byPolicy = Map.groupBy(bindings, ({ spec }) => spec.policyName)
  return all<ValidatingAdmissionPolicy>(sources, 'validatingadmissionpolicies').flatMap((policy) => {
    const own = byPolicy.get(policy.metadata.name ?? '')
    return own ? [{ policy, bindings: own }] : []
  })
}
