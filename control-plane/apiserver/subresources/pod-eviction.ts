import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { remove } from '../core/delete.ts'
import { get } from '../core/get.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import { update } from '../core/update.ts'
import { readBody } from '../handlers/bodies.ts'
import { atOf, writeOptions, type Handler, type HandlerContext } from '../handlers/context.ts'
import { deleteOptionsOfBody, type DeleteOptions } from '../options/delete-options.ts'
import type { Call } from '../core/call.ts'
import { statusBody } from '../representations/write.ts'
import { badRequest, success } from '../status.ts'

const evictionKind = { group: 'policy', version: 'v1', kind: 'Eviction', schema: 'io.k8s.api.policy.v1.Eviction', alsoAccepts: ['policy/v1beta1'] } as const

/** `pods/NAME/eviction`: a delete that says why. Disruption budgets join here. */
export const podEvictionHandler: Handler = async (context) => {
  const { query, call: asked } = writeOptions(context, 'CreateOptions')
  const body = readBody(context.request, { expected: evictionKind, validation: query.fieldValidation, warn: asked.warn })
  const at = atOf(context)
  if (metaText(body, 'name') !== at.name) throw badRequest('name in URL does not match name in Eviction object')
  const options = deleteOptionsOf(body)
  const call: Call = { ...asked, dryRun: asked.dryRun || options.dryRun }
  const { store } = context.route
  const pod = (await get(context.parts, call, { store, at })).object
  if (needsCondition(pod) && !call.dryRun && options.preconditions === undefined) await sayWhy(context, call)
  await remove(context.parts, call, { store, at, options })
  return statusBody(success(undefined, 201), context.representation)
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

async function sayWhy({ parts, route }: HandlerContext, call: Call): Promise<void> {
  const at = { namespace: route.path.namespace, name: route.path.name }
  const change = (pod: JsonObject): JsonObject => {
    const status = isJsonObject(pod['status']) ? pod['status'] : {}
    const conditions = (Array.isArray(status['conditions']) ? status['conditions'] : []) as readonly JsonObject[]
    const condition: JsonObject = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastProbeTime: null, lastTransitionTime: formatTime(parts.clock.nowMs()) }
    return { ...pod, status: { ...status, conditions: [...conditions.filter((one) => one['type'] !== 'DisruptionTarget'), condition] } }
  }
  await update(parts, call, { store: route.store, at, subresource: 'status', change })
}
