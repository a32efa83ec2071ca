/** A `metav1.Status` with which the server refused, and how kubectl tells it. */

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface Status {
  readonly status?: string
  readonly message?: string
  readonly reason?: string
  readonly code?: number
  readonly details?: { readonly name?: string; readonly kind?: string; readonly group?: string; readonly causes?: readonly StatusCause[]; readonly retryAfterSeconds?: number }
}

export class StatusProblem extends Error {
  readonly status: Status
  readonly code: number
  /** Told below kubectl's sentence: where in the file, what to do. */
  hint = ''

  constructor(status: Status) {
    super(status.message ?? '')
    this.name = 'StatusProblem'
    this.status = status
    this.code = status.code ?? 500
  }
}

export const isStatusProblem = (error: unknown, reason?: string): error is StatusProblem => error instanceof StatusProblem && (reason === undefined || error.status.reason === reason)
export const isNotFound = (error: unknown): error is StatusProblem => isStatusProblem(error) && error.code === 404

const REASONS: Readonly<Record<number, string>> = { 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 405: 'MethodNotAllowed', 406: 'NotAcceptable', 409: 'Conflict', 410: 'Gone', 413: 'RequestEntityTooLarge', 415: 'UnsupportedMediaType', 422: 'Invalid', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout' }

const SENTENCES: Readonly<Record<number, string>> = { 401: 'the server has asked for the client to provide credentials', 404: 'the server could not find the requested resource', 405: 'the server does not allow this method on the requested resource', 503: 'the server is currently unable to handle the request' }

/** What a body that came with an error code says; a body that is no Status is told in words for its code. */
export function statusOf(code: number, body: string): Status {
  try {
    const parsed = JSON.parse(body) as Status & { readonly kind?: string }
    if (parsed.kind === 'Status') return { code, ...parsed }
  } catch {
    // Not from the API itself.
  }
  return { status: 'Failure', code, reason: REASONS[code] ?? '', message: SENTENCES[code] ?? `an error on the server ("${body.trim().slice(0, 200)}") has prevented the request from succeeding` }
}

/** As kubectl prints it, with the hint. */
export function statusText(problem: StatusProblem): string {
  const text = sentence(problem.status)
  return problem.hint === '' ? text : `${text.trimEnd()}\n${problem.hint}`
}

function sentence({ reason = '', message = '', details }: Status): string {
  if (reason === 'Unauthorized') return `error: You must be logged in to the server (${message})`
  if (reason !== 'Invalid') return `Error from server${reason === '' ? '' : ` (${reason})`}: ${message}`
  const { kind = '', name = '', causes = [] } = details ?? {}
  const head = kind !== '' || name !== '' ? `The ${kind} "${name}" is invalid` : causes.length === 0 && message !== '' ? `The request is invalid: ${message}` : 'The request is invalid'
  const errors = [...new Set(causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message ?? ''}` : (cause.message ?? ''))))]
  if (errors.length === 0) return head
  return errors.length === 1 ? `${head}: ${errors[0] ?? ''}` : `${head}: \n${errors.map((error) => `* ${error}`).join('\n')}`
}
