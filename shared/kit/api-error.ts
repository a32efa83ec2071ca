import type { Status } from '../model/gen/api.ts'

/** The API server said no: `status` is the `metav1.Status` it answered with. */
export class ApiError extends Error {
  readonly status: Status
  readonly code: number
  readonly reason: string

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'refused')
    this.name = 'ApiError'
    this.status = status
    this.code = status.code ?? 500
    this.reason = status.reason ?? ''
  }
}

/** Whether the error is an answer of the API server with this reason (`NotFound`, `Conflict`, `AlreadyExists`, …). */
export const isApiError = (error: unknown, reason?: string): error is ApiError => error instanceof ApiError && (reason === undefined || error.reason === reason)
