import { get } from '../core/get.ts'
import { list } from '../core/list.ts'
import { watch } from '../core/watch.ts'
import { parseFieldSelector } from '../../../shared/model/field-selector.ts'
import { parseListOptions, wantsWatch } from '../options/list-options.ts'
import { listAnswer, objectAnswer } from '../representations/objects.ts'
import { watchChunks } from '../representations/watch-stream.ts'
import { parseIncludeObject } from '../representations/table.ts'
import { badRequest, notStreamed } from '../status.ts'
import { atOf, readCall, renderingOf, type Handler } from './context.ts'

export const getHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const item = await get(parts, readCall(context), { store: route.store, at: atOf(context), resourceVersion: request.query.get('resourceVersion') ?? undefined })
  return objectAnswer(200, item, renderingOf(context))
}

export const listHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const options = parseListOptions(request.query, false)
  return listAnswer(await list(parts, readCall(context), { store: route.store, namespace: route.path.namespace, options }), renderingOf(context))
}

export const watchHandler: Handler = async (context) => {
  const { parts, request, route, representation } = context
  // The deprecated paths are watches whose options are those of a list.
  const options = parseListOptions(request.query, wantsWatch(request.query))
  if (representation.as === 'Table') parseIncludeObject(request.query)
  const { media } = representation
  if (media === 'application/yaml') throw notStreamed()
  const name = route.path.name === '' ? undefined : route.path.name
  if (name !== undefined && options.fieldSelector) checkSelectedName(options.fieldSelector, name)
  const batches = await watch(parts, readCall(context), { store: route.store, namespace: route.path.namespace, options, name })
  return { kind: 'stream', status: 200, headers: { 'content-type': STREAM_TYPE[media] }, chunks: watchChunks(batches, renderingOf(context), parts.clock) }
}

/** Whoever watches one object by its path may select it by its name and by nothing else. Throws a 400. */
function checkSelectedName(fieldSelector: string, name: string): void {
  const selector = parseFieldSelector(fieldSelector)
  if (selector.kind === 'refused') return
  const named = selector.requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=')
  if (named?.value !== name && selector.requirements.length > 0) throw badRequest("fieldSelector metadata.name doesn't match requested name")
}

const STREAM_TYPE = { 'application/json': 'application/json', 'application/vnd.kubernetes.protobuf': 'application/vnd.kubernetes.protobuf;stream=watch' } as const
