/** A "no" as data: what a Status is made of. */
export interface Refused {
  readonly kind: 'refused'
  readonly code: number
  /** A 500 may have none. */
  readonly reason: string | undefined
  readonly message: string
}

export const badRequest = (message: string): Refused => ({ kind: 'refused', code: 400, reason: 'BadRequest', message })
