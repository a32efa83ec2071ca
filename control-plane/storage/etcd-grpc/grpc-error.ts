import { messageOf } from '../../../shared/kit/faults.ts'

/** How a call ends that was not answered: gRPC's own numbers for it, as far as they are told apart here. */
export const CANCELLED = 1
export const UNKNOWN = 2
export const INVALID_ARGUMENT = 3
export const DEADLINE_EXCEEDED = 4
export const PERMISSION_DENIED = 7
export const RESOURCE_EXHAUSTED = 8
export const ABORTED = 10
export const OUT_OF_RANGE = 11
export const INTERNAL = 13
export const UNAVAILABLE = 14
export const UNAUTHENTICATED = 16

export class GrpcError extends Error {
  readonly status: number
  /** Nothing of the call has reached the other side, or it has not looked at it. */
  readonly isNeverSent: boolean

  constructor(status: number, message: string, { isNeverSent = false, cause }: { readonly isNeverSent?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause })
    this.name = 'GrpcError'
    this.status = status
    this.isNeverSent = isNeverSent
  }
}

/** Of what came and cannot be read: it is compressed, or no message. */
export const unreadable = (error: unknown): GrpcError => (error instanceof GrpcError ? error : new GrpcError(INTERNAL, `what the other side sent cannot be read: ${messageOf(error)}`, { cause: error }))

/** What an answer's last headers say; `undefined` when all went well. */
export function errorOf(headers: Readonly<Record<string, unknown>>): GrpcError | undefined {
  const { [':status']: http, 'grpc-status': status, 'grpc-message': message } = headers
  if (status === '0') return undefined
  if (status !== undefined) return new GrpcError(Number(status), decoded(String(message ?? '')))
  return new GrpcError(http === undefined || http === '200' ? INTERNAL : UNAVAILABLE, `the answer is none of gRPC (HTTP status ${String(http)})`)
}

/** Messages come percent-encoded; one that is encoded wrongly is taken as it stands. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}
