/** `componentstatuses`: the storage is asked, the others live in this process. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { CoreParts } from '../core/parts.ts'
import type { Listing } from '../core/list.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { readCall, renderingOf, type Handler } from '../handlers/context.ts'
import { parseListOptions } from '../options/list-options.ts'
import { listAnswer, objectAnswer } from '../representations/objects.ts'
import { selectionOf } from '../selectors/selection.ts'
import { methodNotAllowed, plainError } from '../status.ts'
import { messageOf } from '../../../shared/kit/faults.ts'

const HERE = ['scheduler', 'controller-manager']

export const componentStatusHandler: Handler = async (context) => {
  const { parts, request, route } = context
  const { path, verb, store } = route
  if (verb !== 'get' && verb !== 'list') throw methodNotAllowed()
  const all = await statuses(parts, readCall(context).signal)
  if (verb === 'list') {
    const selection = selectionOf(store.definition, parseListOptions(request.query, false))
    const listing: Listing = { items: all.filter(({ object }) => selection.matches(object)), revision: 0 }
    return listAnswer(listing, renderingOf(context))
  }
  const found = all.find(({ key }) => key === path.name)
  // Kubernetes does not say it as a missing object.
  if (!found) throw plainError(`Component not found: ${path.name}`)
  return objectAnswer(200, found, renderingOf(context))
}

async function statuses({ storage }: CoreParts, signal: AbortSignal): Promise<readonly CachedObject[]> {
  const problem = await storage.currentRevision(signal).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  )
  return [...HERE.map((name) => statusOf(name, undefined)), statusOf('etcd-0', problem)]
}

function statusOf(name: string, problem: string | undefined): CachedObject {
  const condition: JsonObject = problem === undefined ? { type: 'Healthy', status: 'True', message: 'ok' } : { type: 'Healthy', status: 'False', message: problem }
  const object: JsonObject = { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] }
  return { key: name, revision: 0, object, json: () => JSON.stringify(object) }
}
