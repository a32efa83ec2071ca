import { create, inNamespace } from '../core/create.ts'
import { checkIdentity, update } from '../core/update.ts'
import { metaText, withMeta } from '../core/stored.ts'
import { objectAnswer } from '../representations/objects.ts'
import { checkMedia, readBody } from './bodies.ts'
import { atOf, renderingOf, writeOptions, type Handler } from './context.ts'

export const createHandler: Handler = async (context) => {
  const { parts, request, route } = context
  checkMedia(request)
  const { query, call } = writeOptions(context, 'CreateOptions')
  const { store, path } = route
  const object = readBody(request, { expected: store.definition, validation: query.fieldValidation, warn: call.warn })
  const item = await create(parts, call, { store, namespace: path.namespace, object: inNamespace(store, object, path.namespace) })
  return objectAnswer(201, item, renderingOf(context))
}

export const updateHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const { query, call } = writeOptions(context, 'UpdateOptions')
  const { store, subresource } = route
  const at = atOf(context)
  const object = readBody(request, { expected: store.definition, validation: query.fieldValidation, warn: call.warn })
  checkIdentity(object, at)
  const placed = store.definition.namespaced ? withMeta(object, { namespace: at.namespace }) : object
  const missing = store.definition.allowCreateOnUpdate && !subresource ? () => placed : undefined
  const { item, created } = await update(parts, call, { store, at, subresource: subresource?.name ?? '', change: () => placed, missing, uid: metaText(object, 'uid') })
  return objectAnswer(created ? 201 : 200, item, renderingOf(context))
}
