import { isApiError } from '../../../shared/kit/api-error.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { checkNamespace } from '../core/create.ts'
import { checkPreconditions, remove } from '../core/delete.ts'
import { get } from '../core/get.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import { update } from '../core/update.ts'
import { readBody } from '../handlers/bodies.ts'
import { atOf, writeOptions, type Handler, type HandlerContext } from '../handlers/context.ts'
import { deleteOptionsOfBody, type DeleteOptions } from '../options/delete-options.ts'
import type { Call } from '../core/call.ts'
import { statusBody } from '../representations/write.ts'
import { badRequest, success } from '../status.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { admitted } from './admit.ts'
import { askBudget } from './eviction-guard.ts'

const evictionKind = { group: 'policy', version: 'v1', kind: 'Eviction', schema: 'io.k8s.api.policy.v1.Eviction', alsoAccepts: ['policy/v1beta1'] } as const

/** `pods/NAME/eviction`: a delete that says why, if the pod's disruption budget lets it. */
export const podEvictionHandler: Handler = async (context) => {
  const { query, call: asked } = writeOptions(context, 'CreateOptions')
  const body = readBody(context.request, { expected: evictionKind, validation: query.fieldValidation, warn: asked.warn })
  const at = atOf(context)
  checkNamespace(metaText(body, 'namespace'), at.namespace)
  if (metaText(body, 'name') !== at.name) throw badRequest('name in URL does not match name in Eviction object')
  const options = deleteOptionsOf(await admitted(context, { operation: 'CREATE', kind: evictionKind, object: body, call: asked }))
  const call: Call = { ...asked, dryRun: asked.dryRun || options.dryRun }
  const { store } = context.route
  const judged = await get(context.parts, call, { store, at })
  const permission = await askBudget(context.parts, call, judged.object as unknown as Pod)
  // Users' rules were asked about the eviction; what it does to the pod is for nobody else to refuse.
  const part: Call = { ...call, isPart: true }
  if (permission.kind === 'unready') await removeUnready(context, part, { judged, options, refusal: permission.refusal })
  else await sayWhyAndRemove(context, part, { judged, options })
  return statusBody(success(undefined, 201), context.representation)
}

interface Unready {
  readonly judged: CachedObject
  readonly options: DeleteOptions
  refusal(): Error
}

/** Goes by the very state that was judged: if it changes meanwhile (it may have become ready), the client shall ask again. */
async function removeUnready(context: HandlerContext, call: Call, { judged, options, refusal }: Unready): Promise<void> {
  const resourceVersion = options.preconditions?.resourceVersion ?? String(judged.revision)
  try {
    await sayWhyAndRemove(context, call, { judged, options: { ...options, preconditions: { uid: metaText(judged.object, 'uid'), ...options.preconditions, resourceVersion } } })
  } catch (error) {
    if (isApiError(error, 'Conflict') && options.preconditions?.resourceVersion === undefined) throw refusal()
    throw error
  }
}

function deleteOptionsOf({ deleteOptions }: JsonObject): DeleteOptions {
  return isJsonObject(deleteOptions) ? deleteOptionsOfBody(deleteOptions) : { dryRun: false }
}

/** A pod that has ended, or ends already, needs no reason. */
function needsCondition(pod: JsonObject): boolean {
  const { status } = pod
  const phase = isJsonObject(status) ? status['phase'] : undefined
  return phase !== 'Succeeded' && phase !== 'Failed' && metadataOf(pod)['deletionTimestamp'] === undefined
}

/** Both go by the preconditions: what says why makes a new state, which is the one to go. */
async function sayWhyAndRemove({ parts, route }: HandlerContext, call: Call, { judged, options }: Pick<Unready, 'judged' | 'options'>): Promise<void> {
  const { store } = route
  const at = { namespace: route.path.namespace, name: route.path.name }
  const { preconditions } = options
  if (call.dryRun || !needsCondition(judged.object)) return void (await remove(parts, call, { store, at, options }))
  const change = (pod: JsonObject): JsonObject => {
    checkPreconditions(store, { object: pod, revision: metaText(pod, 'resourceVersion') }, { options, at })
    return withReason(pod, formatTime(parts.clock.nowMs()))
  }
  const { item } = await update(parts, call, { store, at, subresource: 'status', change })
  const current = preconditions?.resourceVersion === undefined ? options : { ...options, preconditions: { ...preconditions, resourceVersion: String(item.revision) } }
  await remove(parts, call, { store, at, options: current })
}

function withReason(pod: JsonObject, now: string): JsonObject {
  const status = isJsonObject(pod['status']) ? pod['status'] : {}
  const conditions = (Array.isArray(status['conditions']) ? status['conditions'] : []) as readonly JsonObject[]
  const before = conditions.find((one) => one['type'] === 'DisruptionTarget')
  const since = before?.['status'] === 'True' ? before['lastTransitionTime'] : undefined
  const condition: JsonObject = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastProbeTime: null, lastTransitionTime: since ?? now }
  return { ...pod, status: { ...status, conditions: before ? conditions.map((one) => (one === before ? condition : one)) : [...conditions, condition] } }
}
