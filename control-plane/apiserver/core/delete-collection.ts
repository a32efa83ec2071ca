import { isApiError } from '../../../shared/kit/api-error.ts'
import type { DeleteOptions } from '../options/delete-options.ts'
import type { ListOptions } from '../options/list-options.ts'
import { selectionOf } from '../selectors/selection.ts'
import type { Call } from './call.ts'
import { remove } from './delete.ts'
import { list, type Listing } from './list.ts'
import type { CoreParts } from './parts.ts'
import type { ResourceStore } from './resources.ts'
import { metaText } from './stored.ts'

/** How many are deleted at the same time. */
const WORKERS = 16

/** Deletes what the selectors and `limit` name, and answers it; what somebody else has deleted meanwhile is no error. */
export async function removeCollection(parts: CoreParts, call: Call, request: { readonly store: ResourceStore; readonly namespace: string; readonly options: ListOptions; readonly deleteOptions: DeleteOptions }): Promise<Listing> {
  const { store, namespace, options, deleteOptions } = request
  const found = await list(parts, call, { store, namespace, options, selection: selectionOf(store.definition, options) })
  const waiting = [...found.items]
  const work = async (): Promise<void> => {
    for (let item = waiting.pop(); item; item = waiting.pop()) {
      const at = { namespace: metaText(item.object, 'namespace'), name: metaText(item.object, 'name') }
      try {
        await remove(parts, call, { store, at, options: deleteOptions })
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(WORKERS, waiting.length) }, work))
  return found
}
