/** Which handler answers which verb. */
import { createHandler, updateHandler } from './handlers/create-update.ts'
import type { Handler } from './handlers/context.ts'
import { deleteCollectionHandler, deleteHandler } from './handlers/delete.ts'
import { patchHandler } from './handlers/patch.ts'
import { getHandler, listHandler, watchHandler } from './handlers/read.ts'
import { scaleHandler } from './handlers/scale.ts'
import { methodNotAllowed, unknownResource } from './status.ts'
import type { Verb } from './core/request-info.ts'

const HANDLERS: Readonly<Record<Verb, Handler>> = {
  get: getHandler,
  list: listHandler,
  watch: watchHandler,
  create: createHandler,
  update: updateHandler,
  patch: patchHandler,
  delete: deleteHandler,
  deletecollection: deleteCollectionHandler,
}

/** Special subresources, by `group/plural/subresource` (`/pods/log`); without one it is a kind that is not stored. */
export type SpecialHandlers = Readonly<Record<string, Handler>>

export function createDispatch(special: SpecialHandlers): Handler {
  return async (context) => {
    const { subresource, verb, store } = context.route
    switch (subresource?.behaviour.kind) {
      case undefined:
        return ((store.definition.stored === false ? special[`${store.definition.group}/${store.definition.plural}/`] : undefined) ?? HANDLERS[verb])(context)
      case 'status':
      case 'part':
        if (verb === 'get' || verb === 'update' || verb === 'patch') return HANDLERS[verb](context)
        throw methodNotAllowed()
      case 'scale':
        return scaleHandler(context)
      case 'special': {
        const handler = special[`${store.definition.group}/${store.definition.plural}/${subresource?.name}`]
        if (!handler) throw unknownResource()
        return handler(context)
      }
    }
  }
}
