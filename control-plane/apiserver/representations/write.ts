/** Values as the bytes of an answer. */
import type { Status } from '../../../shared/model/gen/api.ts'
import { type JsonObject, readJson } from '../../../shared/model/json.ts'
import { yamlText } from '../../../shared/model/yaml-text.ts'
import { protobufOf } from '../protobuf/write-body.ts'
import type { BodyResponse } from '../request.ts'
import type { Media, Representation } from './negotiate.ts'

/** JSON text that is already there, or a value to make it of. */
export type Content = { readonly kind: 'text'; readonly json: string } | { readonly kind: 'value'; readonly value: unknown }

export function body(status: number, content: Content, representation: Representation): BodyResponse {
  return { kind: 'body', status, headers: { 'content-type': representation.media }, body: written(content, representation) }
}

/** An answer that is there in pieces; whoever wants it whole makes that of them. */
export function piecesBody(status: number, media: Media, pieces: readonly Uint8Array[]): BodyResponse {
  return {
    kind: 'body',
    status,
    headers: { 'content-type': media },
    pieces,
    get body() {
      return Buffer.concat(pieces)
    },
  }
}

function written(content: Content, { media, pretty }: Representation): string | Uint8Array {
  if (media === 'application/vnd.kubernetes.protobuf') return protobufOf(valueOf(content) as JsonObject)
  if (media === 'application/yaml') return yamlText(valueOf(content))
  if (pretty) return `${JSON.stringify(valueOf(content), undefined, 2)}\n`
  return content.kind === 'text' ? `${content.json}\n` : `${JSON.stringify(content.value)}\n`
}

const valueOf = (content: Content): unknown => (content.kind === 'value' ? content.value : readJson(content.json))

/** A Status goes out in the media type that was asked for, whatever form was. */
export const statusBody = (status: Status, representation: Pick<Representation, 'media' | 'pretty'>): BodyResponse => {
  const retryAfter = status.details?.retryAfterSeconds
  const answer = body(status.code ?? (status.status === 'Success' ? 200 : 500), { kind: 'value', value: status }, { ...representation, as: 'object', version: 'v1' })
  return retryAfter === undefined ? answer : { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfter) } }
}
