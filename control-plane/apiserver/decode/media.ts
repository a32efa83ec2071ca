/** Media types of bodies. */
import type { Refused } from './refused.ts'
import { badRequest } from './refused.ts'

export type BodyMedia = 'json' | 'yaml' | 'protobuf'

const media: Readonly<Record<string, BodyMedia>> = { 'application/json': 'json', 'application/yaml': 'yaml', 'application/vnd.kubernetes.protobuf': 'protobuf' }

/** `type/subtype` and parameters that each have a value. */
const WELL_FORMED = /^\s*[^\s;/]+\/[^\s;/]+\s*(?:;\s*[^\s;=]+=(?:"[^"]*"|[^\s;"]+)\s*)*(?:;\s*)?$/

/** Nothing said is JSON; `undefined` for what the server cannot read. */
export function bodyMedia(contentType: string | undefined): BodyMedia | undefined {
  if (contentType === undefined || contentType === '') return 'json'
  if (!WELL_FORMED.test(contentType)) return undefined
  return media[(contentType.split(';')[0] ?? '').trim().toLowerCase()]
}

export const unsupportedBody: Refused = {
  kind: 'refused',
  code: 415,
  reason: 'UnsupportedMediaType',
  message: 'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
}

/** How large a body may be, as a refusal says it. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024
export const bodyTooLarge: Refused = { kind: 'refused', code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: limit is ${MAX_BODY_BYTES}` }

/** As messages show a body: the beginning of an object, anything else in hexadecimal. */
export function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>'
  const head = bytes.subarray(0, SUMMARY_BYTES)
  const shown = bytes[0] === BRACE ? new TextDecoder().decode(head) : Array.from(head, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return bytes.length > SUMMARY_BYTES ? `${shown} ...` : shown
}
const SUMMARY_BYTES = 30
const BRACE = 123

export const unrecognized = (kind: string, problem: string, bytes: Uint8Array): Refused => badRequest(`the object provided is unrecognized (must be of type ${kind}): ${problem} (${summary(bytes)})`)
