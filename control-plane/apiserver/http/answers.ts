/** Small answers that the site makes itself. */
import type { Status } from '../../../shared/model/gen/api.ts'
import type { ApiError } from '../../../shared/kit/api-error.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { noRepresentation, notAcceptable } from '../status.ts'
import { covers, parseAccept } from './accept.ts'

export const plainText = (status: number, body: string): ApiResponse => ({ kind: 'body', status, headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }, body })

/** What Go's router says of a path that nobody serves. */
export const pageNotFound = (): ApiResponse => plainText(404, '404 page not found\n')

export const jsonBody = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): ApiResponse => ({
  kind: 'body',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

export const statusAnswer = (status: Status): ApiResponse => jsonBody(status.code ?? 500, status)
export const refusal = (error: ApiError): ApiResponse => statusAnswer(error.status)

/** A document as JSON or YAML, as the client asks; 406 in Kubernetes' words when it asks for neither. */
export async function documentAnswer(request: ApiRequest, document: unknown): Promise<ApiResponse> {
  const ranges = parseAccept(request.headers['accept'])
  for (const range of ranges) {
    if (range.parameters['as'] !== undefined) continue
    if (covers(range, 'application/json')) return jsonBody(200, document)
    if (covers(range, 'application/yaml')) return yamlBody(document)
  }
  const asked = ranges.some((range) => covers(range, 'application/json') || covers(range, 'application/yaml'))
  return refusal(asked ? notAcceptable() : noRepresentation(false))
}

async function yamlBody(document: unknown): Promise<ApiResponse> {
  const { stringify } = await import('yaml')
  return { kind: 'body', status: 200, headers: { 'content-type': 'application/yaml' }, body: stringify(document, { indentSeq: false, sortMapEntries: true, lineWidth: 0 }) }
}
