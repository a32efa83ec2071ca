/** Changes a request's object by the mutating policies that are bound. Loaded when the first one is there. */
import { ApiError } from '../../shared/kit/api-error.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, StatusCause } from '../../shared/model/gen/api.ts'
import { deepEqual, type Json, type JsonObject } from '../../shared/model/json.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { forbid } from '../apiserver/admission/refuse.ts'
import type { Reinvoked } from '../apiserver/admission/reinvocation.ts'
import { compiledPolicy } from './compiled.ts'
import type { EnforcementParts } from './enforce.ts'
import { bindingsOf, type Given } from './given.ts'
import { concerned, variablesOf } from './judge.ts'
import { matchOf, type Subjects } from './matching.ts'
import { paramsOf, policyProblem } from './params.ts'
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
  /** Left out: nothing of it can be used, whoever binds it. */
  readonly binding?: MutatingAdmissionPolicyBinding
  readonly message: string
  /** `Forbidden` if nobody got as far as to run anything. */
  readonly reason: 'Invalid' | 'Forbidden'
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
    const made = await parts.sources.turns.through(invoke(invocation, view.request, { parts, failures }), request.call.signal)
    if (made === undefined) continue
    const changed = made === view.request.object ? object : view.back(made)
    if (!deepEqual(changed, object)) {
      object = request.as ? changed : request.store.definition.defaults(changed)
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
    const problem = policyProblem(paramKind, parts.sources)
    if (problem !== undefined) {
      failures.push({ policy, message: problem, reason: 'Forbidden' })
      continue
    }
    for (const binding of bindings) {
      const { paramRef, matchResources, policyName } = binding.spec ?? {}
      if (matchOf(matchResources, subjects, true) < 0) continue
      const found = await paramsOf({ paramKind, paramRef }, request, parts.sources)
      if (found.kind === 'there') all.push(...found.objects.map((params, index): Invocation => ({ key: `${policyName}/${binding.metadata.name}/${index}`, place, policy, binding, params, hasParams: paramKind !== undefined })))
      else if (found.message !== undefined) failures.push({ policy, binding, message: found.message, reason: 'Forbidden' })
    }
  }
  return all
}

/** In steps: the object as the policy makes it; `undefined` if it is not concerned. What one mutation fails at the next may do. */
function* invoke({ policy, binding, params, hasParams }: Invocation, request: AdmissionRequest, { parts, failures }: Collecting): Generator<void, JsonObject | undefined> {
  const fail = (message: string): void => void failures.push({ policy, binding, message, reason: 'Invalid' })
  const compiled = compiledPolicy(policy.spec ?? {})
  const { store } = request
  let now = request
  const given = (): Given => {
    const bindings = bindingsOf(now, parts)
    return hasParams ? new Map([...bindings, ['params', valueOfJson(params)]]) : bindings
  }
  const concern = yield* concerned(compiled, given())
  if (concern?.kind === 'failed') fail(concern.message)
  if (concern) return undefined
  for (const mutation of compiled.mutations) {
    yield
    const outcome = patchedBy(mutation, (meter) => variablesOf(compiled, given(), meter), { store, object: { kind: store.definition.kind, apiVersion: store.apiVersion, ...now.object } })
    if (outcome.kind === 'failed') fail(outcome.message)
    else if (!deepEqual(outcome.object, now.object)) now = { ...now, object: request.as ? outcome.object : store.definition.defaults(outcome.object) }
  }
  return now.object
}

/** Tells all that failed; those that may are passed over. */
function refuse(request: AdmissionRequest, failures: readonly Failure[]): void {
  const told = failures.filter(({ policy }) => policy.spec?.failurePolicy !== 'Ignore')
  const [first] = told
  if (!first) return
  const causes: readonly StatusCause[] = told.map((failure) => ({ message: textOf(failure) }))
  const error = forbid(request, '', causes)
  throw error instanceof ApiError ? new ApiError({ ...error.status, message: textOf(first), reason: first.reason }) : error
}

function textOf({ policy, binding, message }: Failure): string {
  const name = policy.metadata.name ?? ''
  return binding ? `policy '${name}' with binding '${binding.metadata.name ?? ''}' denied request: ${message}` : `policy ${JSON.stringify(name)} denied request: ${message}`
}
