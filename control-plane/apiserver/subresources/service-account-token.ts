import { invalid as invalidField } from '../../../shared/model/field-error.ts'
import type { Pod, ServiceAccount, TokenRequest } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { asksForAudience } from '../../../shared/model/token-audiences.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { BoundObject, TokenSubject } from '../authn/claims.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import { nodeNameOf } from '../authz/node.ts'
import { checkNamespace } from '../core/create.ts'
import { get } from '../core/get.ts'
import { withManagedFields } from '../core/managed.ts'
import { metaText, unstoredItem, withMeta } from '../core/stored.ts'
import { readBody } from '../handlers/bodies.ts'
import { atOf, renderingOf, writeOptions, type Handler, type HandlerContext } from '../handlers/context.ts'
import { objectAnswer } from '../representations/objects.ts'
import { badRequest, conflict, forbidden, invalid, notFound, serviceUnavailable } from '../status.ts'
import type { At, Call } from '../core/call.ts'
import { admissionOf } from './admit.ts'
import type { SubresourcePorts } from './ports.ts'

const tokenKind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', schema: 'io.k8s.api.authentication.v1.TokenRequest' } as const
const subject = { group: tokenKind.group, name: tokenKind.kind } as const

const DEFAULT_SECONDS = 3600
const SHORTEST_SECONDS = 600
const LONGEST_SECONDS = 2 ** 32

/** `serviceaccounts/NAME/token`: a signed token, nothing is stored. */
export const tokenHandler =
  ({ tokenSigner, authorize }: SubresourcePorts): Handler =>
  async (context) => {
    const { query, call } = writeOptions(context, 'CreateOptions')
    const { parts, request, route } = context
    const at = atOf(context)
    const decoded = readBody(request, { expected: tokenKind, validation: query.fieldValidation, warn: call.warn })
    const admission = admissionOf(context, { operation: 'CREATE', kind: tokenKind, object: defaulted(decoded), call })
    // Who changes requests is no more to be trusted than who makes them: it is looked at when they are through.
    const granted = defaulted(await admission.mutate())
    checkNames(granted, at)
    const account = (await get(parts, call, { store: route.store, at })).object as unknown as ServiceAccount
    checkExpiry(granted)
    await admission.validate(granted)
    const { spec = {} } = granted as unknown as TokenRequest
    const { boundPod, ...bound } = await boundTo(context, call, spec)
    const reason = whyNotForNode(call, spec, { pod: boundPod, account: at, authorize })
    if (reason !== undefined) throw forbidden(route.store.resource, at.name, { message: reason })
    if (!tokenSigner) throw serviceUnavailable('this server issues no tokens')
    const signed = await tokenSigner.sign({ subject: { namespace: at.namespace, serviceAccount: named(account.metadata), ...bound }, audiences: spec.audiences ?? [], expirationSeconds: spec.expirationSeconds })
    const status = { token: signed.token, expirationTimestamp: formatTime(signed.expiresMs) }
    const managed = withManagedFields(parts, call, { store: route.store, change: { live: undefined, changed: granted, subresource: 'token' }, kind: tokenKind })
    const answer = withMeta({ ...managed, spec: { ...(granted['spec'] as JsonObject), audiences: signed.audiences }, status }, { name: at.name, namespace: at.namespace, uid: account.metadata.uid, creationTimestamp: formatTime(parts.clock.nowMs()) })
    return objectAnswer(201, unstoredItem('', { ...answer, kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' }, undefined), renderingOf(context))
  }

function defaulted(request: JsonObject): JsonObject {
  const spec = (request['spec'] ?? {}) as JsonObject
  return { metadata: {}, ...request, spec: { boundObjectRef: null, ...spec, expirationSeconds: spec['expirationSeconds'] ?? DEFAULT_SECONDS } }
}

function checkNames(request: JsonObject, at: At): void {
  const [namespace, name] = [metaText(request, 'namespace'), metaText(request, 'name')]
  checkNamespace(namespace, at.namespace)
  if (name !== '' && name !== at.name) throw invalid(subject, at.name, [invalidField('metadata.name', name, 'must match the service account name if specified')])
}

function checkExpiry(request: JsonObject): void {
  const seconds = (request as unknown as TokenRequest).spec?.expirationSeconds ?? DEFAULT_SECONDS
  const refuse = (why: string): Error => invalid(subject, '', [invalidField('spec.expirationSeconds', seconds, why)])
  if (seconds < SHORTEST_SECONDS) throw refuse('may not specify a duration less than 10 minutes')
  if (seconds > LONGEST_SECONDS) throw refuse('may not specify a duration larger than 2^32 seconds')
}

const named = (metadata: { readonly name?: string | undefined; readonly uid?: string | undefined }): BoundObject => ({ name: metadata.name ?? '', uid: metadata.uid ?? '' })

interface Bound extends Pick<TokenSubject, 'pod' | 'secret' | 'node'> {
  readonly boundPod?: Pod | undefined
}

interface NodesToken {
  readonly pod: Pod | undefined
  readonly account: At
  readonly authorize: Authorizer
}

/** A node gets tokens for its own pods alone, for whom their volumes name or who it was given leave to ask for. */
function whyNotForNode({ user }: Call, { boundObjectRef, audiences = [] }: NonNullable<TokenRequest['spec']>, { pod, account, authorize }: NodesToken): string | undefined {
  const nodeName = nodeNameOf(user)
  if (nodeName === undefined) return undefined
  if (!pod) return 'node requested token not bound to a pod'
  if (!boundObjectRef?.uid) return 'node requested token with a pod binding without a uid'
  if (pod.spec?.nodeName !== nodeName) return 'node requested token bound to a pod scheduled on a different node'
  const [audience = '', ...others] = audiences
  if (others.length > 0) return 'node may only request 0 or 1 audiences'
  if (asksForAudience(pod, audience)) return undefined
  const leave = authorize({ kind: 'resource', user, verb: 'request-serviceaccounts-token-audience', group: '', version: '*', resource: audience, subresource: '', namespace: account.namespace, name: account.name, fieldSelector: '' })
  return leave.kind === 'allow' ? undefined : `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`
}

/** The object whose end ends the token. */
async function boundTo(context: HandlerContext, call: Call, { boundObjectRef: reference }: NonNullable<TokenRequest['spec']>): Promise<Bound> {
  if (!reference) return {}
  const { kind = '', name = '', uid } = reference
  const plural = kind === 'Pod' ? 'pods' : kind === 'Secret' ? 'secrets' : kind === 'Node' ? 'nodes' : undefined
  if (!plural || (reference.apiVersion !== undefined && reference.apiVersion !== '' && reference.apiVersion !== 'v1')) throw badRequest(`cannot bind token to object of type ${kindText(reference)}`)
  const found = await find(context, call, { plural, name })
  const has = metaText(found, 'uid')
  if (uid && uid !== has) throw conflict({ group: '', name: kind }, name, `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`)
  const bound = { name, uid: has }
  if (kind === 'Secret') return { secret: bound }
  if (kind === 'Node') return { node: bound }
  return boundToPod(context, found as unknown as Pod, bound)
}

/** As a Go `GroupVersionKind` prints: an empty version without a kind, the core group's otherwise. */
const kindText = ({ apiVersion = '', kind = '' }: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined }): string => {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion || (kind === '' ? '' : 'v1')]
  return `${group}/${version}, Kind=${kind}`
}

async function find({ parts, route }: HandlerContext, call: Call, { plural, name }: { readonly plural: string; readonly name: string }): Promise<JsonObject> {
  const store = parts.resources.find('', 'v1', plural)
  if (!store) throw notFound({ group: '', name: plural }, name)
  return (await get(parts, call, { store, at: { namespace: store.definition.namespaced ? route.path.namespace : '', name } })).object
}

/** A pod's token also says where it runs. */
function boundToPod({ parts, route }: HandlerContext, pod: Pod, bound: BoundObject): Bound {
  const account = route.path.name
  if (pod.spec?.serviceAccountName !== account) throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`)
  const nodeName = pod.spec?.nodeName
  if (!nodeName) return { pod: bound, boundPod: pod }
  const node = parts.resources.find('', 'v1', 'nodes')?.cache.get(`/gantry/core/nodes/${nodeName}`)
  return { pod: bound, boundPod: pod, node: { name: nodeName, uid: node ? metaText(node.object, 'uid') : '' } }
}
