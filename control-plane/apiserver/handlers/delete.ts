import type { Call } from '../core/call.ts'
import { remove, type Deleted } from '../core/delete.ts'
import { removeCollection } from '../core/delete-collection.ts'
import { metaText } from '../core/stored.ts'
import { deleteOptionsOfBody, deleteOptionsOfQuery, type DeleteOptions } from '../options/delete-options.ts'
import { parseListOptions, wantsWatch } from '../options/list-options.ts'
import { selectionOf } from '../selectors/selection.ts'
import { listAnswer, objectAnswer } from '../representations/objects.ts'
import { statusBody } from '../representations/write.ts'
import type { ApiResponse } from '../request.ts'
import { success } from '../status.ts'
import { readDeleteBody } from './bodies.ts'
import { atOf, renderingOf, writeCall, type Handler, type HandlerContext } from './context.ts'

/** From the body if there is one, from the query otherwise. */
export function readDeleteOptions({ request }: HandlerContext): DeleteOptions {
  if (request.body.length === 0) return deleteOptionsOfQuery(request.query)
  return deleteOptionsOfBody(readDeleteBody(request))
}

export const deleteHandler: Handler = async (context) => {
  const { parts, route } = context
  const options = readDeleteOptions(context)
  const call = writeCall(context, { dryRun: options.dryRun, fieldManager: '' })
  warnOfDefault(context, call, options)
  const deleted = await remove(parts, call, { store: route.store, at: atOf(context), options })
  return deleteAnswer(context, deleted, options)
}

/** What becomes of dependents by default may surprise. */
function warnOfDefault({ route }: HandlerContext, call: Call, { propagationPolicy, orphanDependents }: DeleteOptions): void {
  const { defaultPropagationWarning: warning } = route.store.definition
  if (warning !== undefined && propagationPolicy === undefined && orphanDependents === undefined) call.warn(warning)
}

function deleteAnswer(context: HandlerContext, { item, gone }: Deleted, options: DeleteOptions): ApiResponse {
  const { definition, resource } = context.route.store
  if (!gone || definition.deleteAnswers === 'object') return objectAnswer(!gone && options.orphanDependents === false ? 202 : 200, item, renderingOf(context))
  const details = { name: metaText(item.object, 'name'), ...(resource.group !== '' && { group: resource.group }), kind: resource.name, uid: metaText(item.object, 'uid') }
  return statusBody(success(details), context.representation)
}

export const deleteCollectionHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const options = parseListOptions(request.query, wantsWatch(request.query))
  selectionOf(route.store.definition, options)
  const deleteOptions = readDeleteOptions(context)
  const call = writeCall(context, { dryRun: deleteOptions.dryRun, fieldManager: '' })
  warnOfDefault(context, call, deleteOptions)
  return listAnswer(await removeCollection(parts, call, { store: route.store, namespace: route.path.namespace, options, deleteOptions }), renderingOf(context))
}
