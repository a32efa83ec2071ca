/** A call of `grpc.health.v1.Health/Check` as bytes and what its answer means: two messages of one field each, written by hand. Pure. */
import type { ProbeResult } from './threshold.ts'

export const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check'

/** The field `service` (1, text); a message that is empty asks for the server as a whole. Framed: not compressed, its length, itself. */
export function checkRequest(service: string): Uint8Array {
  const text = new TextEncoder().encode(service)
  const body = text.byteLength === 0 ? [] : [0x0a, ...varint(text.byteLength), ...text]
  return Uint8Array.from([0, body.length >>> 24, (body.length >>> 16) & 0xff, (body.length >>> 8) & 0xff, body.length & 0xff, ...body])
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

const STATUS_NAMES: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const SERVING = 1

/** The field `status` (1, a number) of a framed answer; `undefined` when it is none. Fields that are not known are passed over. */
export function servingStatus(framed: Uint8Array): number | undefined {
  if (framed.byteLength < 5 || framed[0] !== 0) return undefined
  const length = new DataView(framed.buffer, framed.byteOffset).getUint32(1)
  const body = framed.subarray(5, 5 + length)
  if (body.byteLength !== length) return undefined
  let at = 0
  let status = 0
  const number = (): number => {
    for (let value = 0, shift = 0; shift < 35; shift += 7) {
      const byte = body[at++]
      if (byte === undefined) return Number.NaN
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (at < body.byteLength) {
    const tag = number()
    const kind = tag & 7
    if (kind === 0) {
      const value = number()
      if (tag >>> 3 === 1) status = value
    } else if (kind === 2) {
      const length = number()
      at += length
    } else if (kind === 1 || kind === 5) at += kind === 1 ? 8 : 4
    else return undefined
    if (Number.isNaN(at) || Number.isNaN(status)) return undefined
  }
  return at === body.byteLength ? status : undefined
}

const CODES: readonly string[] = ['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated']
const DEADLINE_EXCEEDED = 4
const UNIMPLEMENTED = 12

/** What stands for a status of HTTP where a server does not speak gRPC. */
const BY_HTTP: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: UNIMPLEMENTED, 429: 14, 502: 14, 503: 14, 504: 14 }

/** How a call ended. */
export type GrpcEnd =
  /** Of the connection: nobody there, or nobody who speaks HTTP/2. */
  | { readonly kind: 'not-connected'; readonly address: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'broken'; readonly code: number; readonly message: string }
  | { readonly kind: 'answered'; readonly httpStatus: number; readonly grpcStatus: string | undefined; readonly grpcMessage: string; readonly body: Uint8Array }

const failure = (output: string): ProbeResult => ({ kind: 'failure', output })

/** The probe's result in kubelet's words. @param timeout as Go writes it: `1s` */
export function checkResult(end: GrpcEnd, timeout: string): ProbeResult {
  switch (end.kind) {
    case 'not-connected':
      return failure(`timeout: failed to connect service ${JSON.stringify(end.address)} within ${timeout}: context deadline exceeded`)
    case 'timed-out':
      return failure(`timeout: health rpc did not complete within ${timeout}`)
    case 'broken':
      return failed(end.code, end.message, timeout)
    case 'answered': {
      if (end.grpcStatus === undefined && end.httpStatus !== 200) return failed(BY_HTTP[end.httpStatus] ?? 2, `unexpected HTTP status code received from server: ${end.httpStatus}`, timeout)
      const code = Number(end.grpcStatus ?? '13')
      if (code !== 0) return failed(code, end.grpcStatus === undefined ? 'server closed the stream without sending trailers' : end.grpcMessage, timeout)
      const status = servingStatus(end.body)
      if (status === undefined) return failed(13, 'the answer is no HealthCheckResponse', timeout)
      return status === SERVING ? { kind: 'success', output: 'service healthy' } : failure(`service unhealthy (responded with ${JSON.stringify(STATUS_NAMES[status] ?? String(status))})`)
    }
  }
}

function failed(code: number, message: string, timeout: string): ProbeResult {
  if (code === UNIMPLEMENTED) return failure(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`)
  if (code === DEADLINE_EXCEEDED) return failure(`timeout: health rpc did not complete within ${timeout}`)
  return failure(`error: health rpc probe failed: rpc error: code = ${CODES[code] ?? `Code(${code})`} desc = ${message}`)
}

/** `grpc-message` is percent-encoded; what is not well-formed stands as it is. */
export function decodeMessage(text: string): string {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const hex = /^%([0-9a-fA-F]{2})/.exec(text.slice(at, at + 3))?.[1]
    bytes.push(hex === undefined ? text.charCodeAt(at) & 0xff : Number.parseInt(hex, 16))
    if (hex !== undefined) at += 2
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
