/** What every handler of a resource works with. */
import type { Turns } from '../../../shared/kit/turns.ts'
import type { Call } from '../core/call.ts'
import type { CoreParts } from '../core/parts.ts'
import { managerName } from '../field-manager/manager-name.ts'
import { parseWriteOptions, type WriteKind, type WriteQuery } from '../options/write-options.ts'
import type { ListBytes } from '../representations/list-bytes.ts'
import type { ListRendering } from '../representations/objects.ts'
import type { Representation } from '../representations/negotiate.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { Route } from './route.ts'

export interface HandlerContext {
  readonly parts: CoreParts
  readonly request: ApiRequest
  readonly route: Route
  readonly representation: Representation
  readonly warnings: string[]
  readonly lists: ListBytes
  readonly turns: Turns
  /** Throws a 403 if whoever asks may not create what the path names; the request itself has been allowed as what it is. */
  checkCreate(): void
}

export type Handler = (context: HandlerContext) => Promise<ApiResponse>

export function readCall({ request, warnings }: HandlerContext): Call {
  return { user: request.user, manager: '', dryRun: false, signal: request.signal, warn: (message) => void warnings.push(message) }
}

export function writeCall(context: HandlerContext, query: Pick<WriteQuery, 'dryRun' | 'fieldManager'>): Call {
  const { request } = context
  return { ...readCall(context), manager: managerName(query.fieldManager, request.headers['user-agent']), dryRun: query.dryRun, isPatch: request.method === 'PATCH', checkCreate: () => context.checkCreate() }
}

/** The query's options and the call they make. */
export function writeOptions(context: HandlerContext, kind: WriteKind, apply = false): { readonly query: WriteQuery; readonly call: Call } {
  const query = parseWriteOptions(context.request.query, kind, apply)
  return { query, call: writeCall(context, query) }
}

export const renderingOf = ({ parts, request, route, representation, lists, turns }: HandlerContext): ListRendering => ({
  store: route.store,
  representation,
  query: request.query,
  lists,
  turns,
  // Asked anew each time: a watch goes on for hours, and its tables say how old things are.
  get nowMs() {
    return parts.clock.nowMs()
  },
})

/** Says where the request is about; the namespace of a namespaced resource stands in its path. */
export const atOf = ({ route }: HandlerContext): { readonly namespace: string; readonly name: string } => ({ namespace: route.path.namespace, name: route.path.name })
