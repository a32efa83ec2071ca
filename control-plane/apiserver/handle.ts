/** The core's door for requests that came in as text: authorize, find the resource, negotiate, and hand to the handler of the verb. */
import { ApiError } from '../../shared/kit/api-error.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { createTurns, type Turns } from '../../shared/kit/turns.ts'
import { requestAttributes, type Attributes } from './authz/attributes.ts'
import type { Authorizer } from './authz/authorizer.ts'
import { forbiddenStatus } from './authz/forbidden.ts'
import { wantedBy } from './authz/wanted.ts'
import type { CoreParts } from './core/parts.ts'
import { parsePath } from './core/request-info.ts'
import type { HandlerContext } from './handlers/context.ts'
import { representationFor } from './handlers/representation.ts'
import { findRoute } from './handlers/route.ts'
import { pageNotFound } from './http/answers.ts'
import { withinTime } from './time-limit.ts'
import { createListBytes, type ListBytes } from './representations/list-bytes.ts'
import { isPretty, statusMedia } from './representations/negotiate.ts'
import { statusBody } from './representations/write.ts'
import type { ApiRequest, ApiResponse, Handle } from './request.ts'
import { asApiError, statusOfFault, unknownResource } from './status.ts'

export interface HandleOptions {
  readonly parts: CoreParts
  readonly authorize: Authorizer
  readonly log: Log
  /** The handler of a verb, of a subresource too. */
  readonly dispatch: (context: HandlerContext) => Promise<ApiResponse>
  readonly lists?: ListBytes | undefined
  readonly turns?: Turns | undefined
}

export function createHandle(options: HandleOptions): Handle {
  const { lists = createListBytes({ clock: options.parts.clock }), turns = createTurns({ clock: options.parts.clock }) } = options
  return async (request) => {
    const path = parsePath(request.path)
    if (path.kind === 'other') return pageNotFound()
    const warnings: string[] = []
    try {
      checkAllowed(options, request)
      if (path.kind === 'malformed') throw unknownResource()
      const found = findRoute(options.parts.resources, request, path)
      if (found.kind === 'unknown-group') return pageNotFound()
      const { definition } = found.route.store
      const representation = representationFor(request, found.route)
      const deprecation = definition.deprecation ?? definition.custom?.deprecation
      if (deprecation !== undefined) warnings.push(deprecation)
      const answer = await withinTime(options.parts.clock, request, (limited) => options.dispatch({ parts: options.parts, request: limited, route: found.route, representation, warnings, lists, turns, checkCreate: () => checkOne(options, { ...requestAttributes(request), verb: 'create' }) }))
      return withWarnings(answer, warnings)
    } catch (error) {
      report(options.log, request, error)
      return withWarnings(statusBody(asApiError(error).status, { media: statusMedia(request.headers['accept']), pretty: isPretty(request.query, request.headers['user-agent']) }), warnings)
    }
  }
}

function checkAllowed(options: HandleOptions, request: ApiRequest): void {
  for (const attributes of wantedBy(request)) checkOne(options, attributes)
}

function checkOne({ authorize }: HandleOptions, attributes: Attributes): void {
  const decision = authorize(attributes)
  if (decision.kind !== 'allow') throw new ApiError(forbiddenStatus(attributes, decision.reason))
}

function withWarnings(response: ApiResponse, warnings: readonly string[]): ApiResponse {
  return warnings.length === 0 || response.kind === 'upgrade' || response.kind === 'proxy' ? response : { ...response, warnings: [...(response.warnings ?? []), ...warnings] }
}

/** What is no refusal is worth a line in the log: a failure of the world, or a mistake of ours. */
function report(log: Log, request: ApiRequest, error: unknown): void {
  if (error instanceof ApiError || request.signal.aborted) return
  const about = { method: request.method, path: request.path }
  if (isFault(error) && statusOfFault(error)) log.warn({ ...about, err: messageOf(error) }, 'a request could not be answered')
  else log.error({ ...about, err: error instanceof Error ? error.stack : messageOf(error) }, 'a request failed')
}
