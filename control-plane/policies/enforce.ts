/** Holds a request against the policies that are bound. Loaded when the first policy is there. */
import { ApiError } from '../../shared/kit/api-error.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../shared/model/gen/api.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { forbid } from '../apiserver/admission/refuse.ts'
import type { AdmissionSources } from '../apiserver/admission/sources.ts'
import type { Authorizer } from '../apiserver/authz/authorizer.ts'
import { compiledPolicy } from './compiled.ts'
import { bindingsOf } from './given.ts'
import { judge, type Objection } from './judge.ts'
import { matchOf } from './matching.ts'
import { paramsOf, policyProblem } from './params.ts'
import { valueOfJson } from './values.ts'
import { viewsOf } from './views.ts'

export interface Bound {
  readonly policy: ValidatingAdmissionPolicy
  readonly bindings: readonly ValidatingAdmissionPolicyBinding[]
}

export interface EnforcementParts {
  readonly sources: AdmissionSources
  readonly authorize: Authorizer
  readonly namespaceObject: JsonObject | undefined
}

/** Throws the first denial. */
export async function enforce(request: AdmissionRequest, bound: readonly Bound[], parts: EnforcementParts): Promise<void> {
  const views = viewsOf(request, parts.sources.resources, parts.namespaceObject)
  const denials: Denial[] = []
  for (const { policy, bindings } of bound) {
    const place = policy.spec ? matchOf(policy.spec.matchConstraints, views.subjects, false) : -1
    if (place < 0) continue
    const problem = policyProblem(policy.spec?.paramKind, parts.sources)
    if (problem !== undefined) {
      if (policy.spec?.failurePolicy !== 'Ignore') denials.push({ message: `${named(policy)} denied request: ${problem}`, reason: 'Invalid' })
      continue
    }
    for (const binding of bindings) {
      if (matchOf(binding.spec.matchResources, views.subjects, true) < 0) continue
      for (const objection of await objections({ policy, binding, request: views.at(place).request, parts })) act({ policy, binding, objection, request }, denials)
    }
  }
  const [first] = denials
  if (first) throw denied(request, first)
}

interface Denial {
  readonly message: string
  readonly reason: string
}

interface Found {
  readonly policy: ValidatingAdmissionPolicy
  readonly binding: ValidatingAdmissionPolicyBinding
  readonly objection: Objection
  readonly request: AdmissionRequest
}

const named = (policy: ValidatingAdmissionPolicy): string => `ValidatingAdmissionPolicy '${policy.metadata.name ?? ''}'`

function act({ policy, binding, objection, request }: Found, denials: Denial[]): void {
  const which = `${named(policy)} with binding '${binding.metadata.name ?? ''}'`
  const actions = binding.spec.validationActions ?? []
  // What could not be told is judged by the policy's own will.
  if (objection.isFailure && policy.spec?.failurePolicy === 'Ignore') return
  if (objection.isConfiguration) denials.push({ message: `${which} denied request: ${objection.message}`, reason: objection.reason })
  else {
    if (actions.includes('Deny')) denials.push({ message: `${which} denied request: ${objection.message}`, reason: objection.reason })
    if (actions.includes('Warn')) request.call.warn(`Validation failed for ${which}: ${objection.message}`)
  }
}

const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 }

function denied(request: AdmissionRequest, { message, reason }: Denial): Error {
  const error = forbid(request, message, [{ message }])
  return error instanceof ApiError ? new ApiError({ ...error.status, reason, code: CODES[reason] ?? 422 }) : error
}

interface Judging {
  readonly policy: ValidatingAdmissionPolicy
  readonly binding: ValidatingAdmissionPolicyBinding
  readonly request: AdmissionRequest
  readonly parts: EnforcementParts
}

async function objections({ policy, binding, request, parts }: Judging): Promise<readonly Objection[]> {
  const params = await paramsOf({ paramKind: policy.spec?.paramKind, paramRef: binding.spec.paramRef }, request, parts.sources)
  if (params.kind === 'missing') return params.message === undefined ? [] : [{ message: params.message, reason: 'Invalid', isFailure: true, isConfiguration: true }]
  const compiled = compiledPolicy(policy.spec ?? {})
  const given = bindingsOf(request, parts)
  const found: Objection[] = []
  for (const object of params.objects) {
    const verdict = await parts.sources.turns.through(judge(compiled, policy.spec?.paramKind ? new Map([...given, ['params', valueOfJson(object)]]) : given), request.call.signal)
    found.push(...(verdict.kind === 'judged' ? verdict.objections : verdict.kind === 'failed' ? [{ message: verdict.message, reason: 'Invalid', isFailure: true }] : []))
  }
  return found
}
