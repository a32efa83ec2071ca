/** Changes a request's object by the mutating policies that are bound. Loaded when the first one is there. */
import { ApiError } from '../../shared/kit/api-error.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, StatusCause } from '../../shared/model/gen/api.ts'
import { deepEqual, type Json, type JsonObject } from '../../shared/model/json.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { forbid } from '../apiserver/admission/refuse.ts'
import type { Reinvoked } from '../apiserver/admission/reinvocation.ts'
import { compiledPolicy } from './compiled.ts'
import { bindingsOf, type EnforcementParts } from './enforce.ts'
import { concerned, type Given, variablesOf } from './judge.ts'
import { matchOf, type Subjects } from './matching.ts'
import { paramsOf } from './params.ts'
import { patchedBy } from './patches.ts'
import { valueOfJson } from './values.ts'
import { changingViews } from './views.ts'

export interface BoundMutation {
  readonly policy: MutatingAdmissionPolicy
  readonly bindings: readonly MutatingAdmissionPolicyBinding[]
}

/** One policy with one binding and one of its params. */
interface Invocation {
  readonly key: string
  /** In whose words the rules are about the request. */
  readonly place: number
  readonly policy: MutatingAdmissionPolicy
  readonly binding: MutatingAdmissionPolicyBinding
  readonly params: Json
  readonly hasParams: boolean
}

interface Failure {
  readonly policy: MutatingAdmissionPolicy
  readonly binding: MutatingAdmissionPolicyBinding
  readonly message: string
}

/** @param again which of them were invoked before, and which are to be again. */
export async function mutate(request: AdmissionRequest, bound: readonly BoundMutation[], { parts, again }: { readonly parts: EnforcementParts; readonly again: Reinvoked }): Promise<JsonObject> {
  const failures: Failure[] = []
  let { object } = request
  again.begin(object)
  const views = changingViews(request, parts.sources.resources, parts.namespaceObject)
  for (const invocation of await invocationsOf(request, bound, { parts, failures, subjects: views(object).subjects })) {
    if (!again.isDue(invocation.key)) continue
    const view = views(object).at(invocation.place)
    const made = invoke(invocation, view.request, { parts, failures })
    if (made === undefined) continue
    const changed = made === view.request.object ? object : view.back(made)
    if (!deepEqual(changed, object)) {
      object = request.store.definition.defaults(changed)
      again.changed()
    }
    if (invocation.policy.spec?.reinvocationPolicy === 'IfNeeded') again.remember(invocation.key)
  }
  refuse(request, failures)
  again.end(object)
  return object
}

interface Collecting {
  readonly parts: EnforcementParts
  readonly failures: Failure[]
}

async function invocationsOf(request: AdmissionRequest, bound: readonly BoundMutation[], { parts, failures, subjects }: Collecting & { readonly subjects: Subjects }): Promise<readonly Invocation[]> {
  const all: Invocation[] = []
  for (const { policy, bindings } of bound) {
    const place = policy.spec ? matchOf(policy.spec.matchConstraints, subjects, false) : -1
    if (!policy.spec || place < 0) continue
    const { paramKind } = policy.spec
    for (const binding of bindings) {
      const { paramRef, matchResources, policyName } = binding.spec ?? {}
      if (matchOf(matchResources, subjects, true) < 0) continue
      const found = await paramsOf({ paramKind, paramRef }, request, parts.sources)
      if (found.kind === 'there') all.push(...found.objects.map((params, index): Invocation => ({ key: `${policyName}/${binding.metadata.name}/${index}`, place, policy, binding, params, hasParams: paramKind !== undefined })))
      else if (found.message !== undefined) failures.push({ policy, binding, message: found.message })
    }
  }
  return all
}

/** The object as the policy makes it; `undefined` if it is not concerned, or failed. */
function invoke({ policy, binding, params, hasParams }: Invocation, request: AdmissionRequest, { parts, failures }: Collecting): JsonObject | undefined {
  const fail = (message: string): undefined => void failures.push({ policy, binding, message })
  const compiled = compiledPolicy(policy.spec ?? {})
  const { store } = request
  let { object } = request
  const given = (): Given => {
    const bindings = bindingsOf({ ...request, object }, parts)
    return hasParams ? new Map([...bindings, ['params', valueOfJson(params)]]) : bindings
  }
  const concern = concerned(compiled, given())
  if (concern) return concern.kind === 'failed' ? fail(concern.message) : undefined
  for (const mutation of compiled.mutations) {
    const outcome = patchedBy(mutation, variablesOf(compiled, given()), { store, object: { kind: store.definition.kind, apiVersion: store.apiVersion, ...object } })
    if (outcome.kind === 'failed') return fail(outcome.message)
    object = outcome.object
  }
  return object
}

/** Tells all that failed; those that may are passed over. */
function refuse(request: AdmissionRequest, failures: readonly Failure[]): void {
  const causes: readonly StatusCause[] = failures
    .filter(({ policy }) => policy.spec?.failurePolicy !== 'Ignore')
    .map(({ policy, binding, message }) => ({ message: `policy '${policy.metadata.name ?? ''}' with binding '${binding.metadata.name ?? ''}' denied request: ${message}` }))
  const [first] = causes
  if (!first) return
  const error = forbid(request, '', causes)
  throw error instanceof ApiError ? new ApiError({ ...error.status, message: first.message ?? '', reason: 'Invalid' }) : error
}
