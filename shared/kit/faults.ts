/** What can go wrong in the world, as a closed set; each border maps its own errors to these once. */
export type FaultCode =
  | 'unavailable' // the other side cannot be reached or is not ready: try again
  | 'timeout' // no answer in time
  | 'conflict' // somebody wrote first: read again
  | 'not-found'
  | 'already-exists'
  | 'gone' // what was asked for has been compacted or is too old
  | 'deposed' // this process is not the leader any more
  | 'permission' // refused for who is asking
  | 'invalid' // the input cannot be accepted as it is
  | 'exhausted' // disk, memory, pids, addresses, quota
  | 'cancelled' // the caller's signal aborted
  | 'corrupt' // bytes do not match their digest or format
  | 'unsupported' // this host or peer cannot do it
  | 'internal'

/** The world failed. `message` says what, where and what to do; `cause` is the original error. */
export class Fault extends Error {
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
  }
}

export const isFault = (error: unknown, code?: FaultCode): error is Fault => error instanceof Fault && (code === undefined || error.code === code)

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
