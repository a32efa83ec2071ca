/** Small answers that the site makes itself. */
import type { Status } from '../../../shared/model/gen/api.ts'
import type { ApiError } from '../../../shared/kit/api-error.ts'
import type { ApiResponse } from '../request.ts'
import { MEDIA, plainMedia, plainJson, statusMedia } from '../representations/negotiate.ts'
import { body, statusBody } from '../representations/write.ts'
import { noRepresentation, notAcceptable } from '../status.ts'
import { isRouted, parseAccept } from './accept.ts'

export const plainText = (status: number, body: string): ApiResponse => ({ kind: 'body', status, headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }, body })

/** What Go's router says of a path that nobody serves. */
export const pageNotFound = (): ApiResponse => plainText(404, '404 page not found\n')

export const jsonBody = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): ApiResponse => ({
  kind: 'body',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

interface Asked {
  readonly headers: { readonly accept?: string | undefined }
}

/** In the media type that was asked for, where that is given. */
export const statusAnswer = (status: Status, request: Asked = { headers: {} }): ApiResponse => statusBody(status, { media: statusMedia(request.headers.accept), pretty: false })
export const refusal = (error: ApiError, request?: Asked): ApiResponse => statusAnswer(error.status, request)

/** A document in the media type that the client asks for; 406 in Kubernetes' words when it asks for no such: in those of its router, where the page has a route. */
export function documentAnswer(request: Asked, document: unknown, hasRoute = true): ApiResponse {
  const accept = request.headers.accept
  if (hasRoute && !isRouted(parseAccept(accept), MEDIA)) return refusal(noRepresentation(false), request)
  const media = plainMedia(accept)
  return media ? body(200, { kind: 'value', value: document }, { ...plainJson, media }) : refusal(notAcceptable(), request)
}
