/** Holds a request against the policies that are bound. Loaded when the first policy is there. */
import { ApiError } from '../../shared/kit/api-error.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../shared/model/gen/api.ts'
import type { Json, JsonObject } from '../../shared/model/json.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { forbid } from '../apiserver/admission/refuse.ts'
import type { AdmissionSources } from '../apiserver/admission/sources.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import type { GroupVersionKind } from '../apiserver/decode/kinds.ts'
import type { Authorizer } from '../apiserver/authz/authorizer.ts'
import { authorizerValue, resourceCheckValue, type Rights, type RightsQuery } from '../cel/authorizer.ts'
import type { Value } from '../cel/values.ts'
import { compiledPolicy } from './compiled.ts'
import { judge, type Objection } from './judge.ts'
import { matchOf } from './matching.ts'
import { paramsOf } from './params.ts'
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

function act({ policy, binding, objection, request }: Found, denials: Denial[]): void {
  const which = `ValidatingAdmissionPolicy '${policy.metadata.name ?? ''}' with binding '${binding.metadata.name ?? ''}'`
  const actions = binding.spec.validationActions ?? []
  // What could not be told is judged by the policy's own will.
  if (objection.isFailure && policy.spec?.failurePolicy === 'Ignore') return
  if (actions.includes('Deny')) denials.push({ message: `${which} denied request: ${objection.message}`, reason: objection.reason })
  if (actions.includes('Warn')) request.call.warn(`Validation failed for ${which}: ${objection.message}`)
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

const failure = (message: string): readonly Objection[] => [{ message, reason: 'Invalid', isFailure: true }]

async function objections({ policy, binding, request, parts }: Judging): Promise<readonly Objection[]> {
  const params = await paramsOf({ paramKind: policy.spec?.paramKind, paramRef: binding.spec.paramRef }, request, parts.sources)
  if (params.kind === 'missing') return params.message === undefined ? [] : failure(params.message)
  const compiled = compiledPolicy(policy.spec ?? {})
  const given = bindingsOf(request, parts)
  const found: Objection[] = []
  for (const object of params.objects) {
    const verdict = await parts.sources.turns.through(judge(compiled, binding.spec.paramRef || policy.spec?.paramKind ? new Map([...given, ['params', valueOfJson(object)]]) : given), request.call.signal)
    found.push(...(verdict.kind === 'judged' ? verdict.objections : verdict.kind === 'failed' ? failure(verdict.message) : []))
  }
  return found
}

/** What expressions may name. */
export function bindingsOf(request: AdmissionRequest, { authorize, namespaceObject }: Omit<EnforcementParts, 'sources'>): ReadonlyMap<string, Value> {
  const { operation, store, object, old, call, namespace, name, subresource } = request
  const { group, plural } = store.definition
  const rights: Rights = {
    check({ path, serviceAccount, ...query }: RightsQuery, verb) {
      const user = serviceAccount ? accountUser(serviceAccount) : call.user
      const decision = authorize(
        path === undefined
          ? { kind: 'resource', user, verb, group: query.group ?? '', version: '*', resource: query.resource ?? '', subresource: query.subresource ?? '', namespace: query.namespace ?? '', name: query.name ?? '', fieldSelector: '' }
          : { kind: 'path', user, verb, path },
      )
      return { allowed: decision.kind === 'allow', reason: decision.reason }
    },
  }
  return new Map<string, Value>([
    ['object', operation === 'DELETE' ? null : valueOfJson(object)],
    ['oldObject', old ? valueOfJson(old) : null],
    ['request', valueOfJson(requestJson(request))],
    ['namespaceObject', namespaceObject ? valueOfJson(namespaceObject) : null],
    ['authorizer', authorizerValue(rights)],
    ['authorizer.requestResource', resourceCheckValue(rights, { group, resource: plural, subresource, namespace, name })],
  ])
}

const accountUser = ({ namespace, name }: { readonly namespace: string; readonly name: string }): AdmissionRequest['call']['user'] => ({ name: `system:serviceaccount:${namespace}:${name}`, uid: '', groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'], extra: {} })

/** The request as policies and webhooks are told of it. */
export function requestJson({ operation, store, asked = store, as, namespace, name, subresource, call }: AdmissionRequest): JsonObject {
  const { user } = call
  const kindOf = ({ group, version, kind }: GroupVersionKind): JsonObject => ({ group, version, kind })
  const resourceOf = ({ definition: { group, version, plural } }: ResourceStore): JsonObject => ({ group, version, resource: plural })
  return {
    kind: kindOf(as ?? store.definition),
    resource: resourceOf(store),
    requestKind: kindOf(as ?? asked.definition),
    requestResource: resourceOf(asked),
    ...(subresource !== '' && { subResource: subresource, requestSubResource: subresource }),
    ...(name !== '' && { name }),
    ...(namespace !== '' && { namespace }),
    operation,
    userInfo: { username: user.name, ...(user.uid !== '' && { uid: user.uid }), groups: user.groups, ...(Object.keys(user.extra).length > 0 && { extra: user.extra as unknown as Json }) },
    dryRun: call.dryRun,
  }
}
