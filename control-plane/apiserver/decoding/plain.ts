import { parse } from 'yaml'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { badRequest } from '../status.ts'
import type { Decoder } from './decoder.ts'

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function objectOf(bytes: Uint8Array): JsonObject {
  const value: unknown = parse(textOf(bytes), { version: '1.1' })
  if (!isJsonObject(value)) throw badRequest('the body is not an object')
  return value
}

/** Reads bodies without looking at types. */
export const plainDecoder: Decoder = {
  body: (request) => objectOf(request.body),
  deleteOptions: (request) => objectOf(request.body),
  patchBody: (request) => JSON.parse(textOf(request.body)) as Json,
  patched: (value) => value,
}
