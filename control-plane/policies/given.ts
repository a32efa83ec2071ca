/** What expressions may name of a request, and what webhooks are told of it. */
import type { Json, JsonObject } from '../../shared/model/json.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import type { GroupVersionKind } from '../apiserver/decode/kinds.ts'
import type { Authorizer } from '../apiserver/authz/authorizer.ts'
import { authorizerValue, resourceCheckValue, type Rights, type RightsQuery } from '../cel/authorizer.ts'
import type { Value } from '../cel/values.ts'
import { valueOfJson } from './values.ts'

/** Values by the names of variables. */
export type Given = ReadonlyMap<string, Value>

export interface GivenParts {
  readonly authorize: Authorizer
  readonly namespaceObject: JsonObject | undefined
}

/** All but the params. Made once for each request and each state of its object, whoever asks. */
export function bindingsOf(request: AdmissionRequest, parts: GivenParts): Given {
  const known = made.get(request) ?? bindings(request, parts)
  made.set(request, known)
  return known
}

const made = new WeakMap<AdmissionRequest, Given>()

function bindings(request: AdmissionRequest, { authorize, namespaceObject }: GivenParts): Given {
  const { operation, store, object, old, call, namespace, name, subresource } = request
  const { group, plural } = store.definition
  const rights: Rights = {
    check({ path, serviceAccount, ...query }: RightsQuery, verb) {
      const user = serviceAccount ? accountUser(serviceAccount) : call.user
      const decision = authorize(
        path === undefined
          ? { kind: 'resource', user, verb, group: query.group ?? '', version: '*', resource: query.resource ?? '', subresource: query.subresource ?? '', namespace: query.namespace ?? '', name: query.name ?? '', fieldSelector: query.fieldSelector ?? '' }
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

const OPTIONS: Readonly<Record<string, string>> = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' }

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
    options: operation in OPTIONS ? { kind: OPTIONS[operation] ?? '', apiVersion: 'meta.k8s.io/v1', ...(call.dryRun && { dryRun: ['All'] }) } : null,
    userInfo: { username: user.name, ...(user.uid !== '' && { uid: user.uid }), groups: user.groups, ...(Object.keys(user.extra).length > 0 && { extra: user.extra as unknown as Json }) },
    dryRun: call.dryRun,
  }
}

/** Conditions are not told of the namespace, as in Kubernetes. */
export const forConditions = (given: Given): Given => new Map([...given, ['namespaceObject', null]])

/** Messages and annotations may not ask about rights. */
export const withoutRights = (given: Given): Given => new Map([...given].filter(([name]) => !name.startsWith('authorizer')))
