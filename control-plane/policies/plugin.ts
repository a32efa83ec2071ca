/** Admission policies: what is written is changed by and held against those that are bound. Costs nothing while there is none. */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../shared/model/gen/api.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { Reinvocation } from '../apiserver/admission/reinvocation.ts'
import { cachedObject, namespacesResource, type AdmissionSources } from '../apiserver/admission/sources.ts'
import type { Authorizer } from '../apiserver/authz/authorizer.ts'
import { prefixOf } from '../apiserver/core/resources.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { Bound } from './enforce.ts'
import type { BoundMutation } from './mutate.ts'

const GROUP = 'admissionregistration.k8s.io'

export function validatingAdmissionPolicy(sources: AdmissionSources, authorize: Authorizer): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    anyKind: true,
    validate(request) {
      const bound = isExempt(request) ? [] : boundPolicies(sources)
      return bound.length === 0 ? undefined : enforced(request, bound)
    },
  }

  async function enforced(request: AdmissionRequest, bound: readonly Bound[]): Promise<void> {
    const { enforce } = await import('./enforce.ts')
    await enforce(request, bound, { sources, authorize, namespaceObject: namespaceOf(request, sources) })
  }
}

export function mutatingAdmissionPolicy(sources: AdmissionSources, authorize: Authorizer): AdmissionPlugin {
  const name = 'MutatingAdmissionPolicy'
  return {
    name,
    anyKind: true,
    mutate(request) {
      const bound = isExempt(request) ? [] : boundMutations(sources)
      return bound.length === 0 ? request.object : mutated(request, bound)
    },
  }

  async function mutated(request: AdmissionRequest, bound: readonly BoundMutation[]): Promise<JsonObject> {
    const { mutate } = await import('./mutate.ts')
    const reinvocation = request.reinvocation ?? new Reinvocation()
    return mutate(request, bound, { parts: { sources, authorize, namespaceObject: namespaceOf(request, sources) }, again: reinvocation.of(name) })
  }
}

/** Of a namespace itself they are told as of the object alone. */
const namespaceOf = ({ namespace, store }: AdmissionRequest, sources: AdmissionSources): JsonObject | undefined => (namespace === '' || (store.definition.group === '' && store.definition.plural === 'namespaces') ? undefined : cachedObject(sources, namespacesResource, { namespace: '', name: namespace }))

/** Nobody may lock himself out of the policies. */
const isExempt = ({ store, call }: AdmissionRequest): boolean => call.isPart === true || (store.definition.group === GROUP && /^(validating|mutating)admissionpolic/.test(store.definition.plural))

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

function boundMutations(sources: AdmissionSources): readonly BoundMutation[] {
  const bindings = all<MutatingAdmissionPolicyBinding>(sources, 'mutatingadmissionpolicybindings')
  if (bindings.length === 0) return []
  const byPolicy = Map.groupBy(bindings, ({ spec }) => spec?.policyName)
  return all<MutatingAdmissionPolicy>(sources, 'mutatingadmissionpolicies').flatMap((policy) => {
    const own = byPolicy.get(policy.metadata.name ?? '')
    return own ? [{ policy, bindings: own }] : []
  })
}
