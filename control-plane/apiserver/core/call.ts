/** Who asks the core for something, and how it is to be done; the same for both doors. */
import type { Guard } from '../../storage/port.ts'
import type { User } from '../request.ts'

export interface Call {
  readonly user: User
  /** Recorded in `metadata.managedFields`. */
  readonly manager: string
  readonly dryRun: boolean
  /** The leader's right to write, asked for at each write. */
  readonly guard?: (() => Guard | undefined) | undefined
  readonly signal: AbortSignal
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void
}

/** Where something is: a namespace is empty for a cluster-scoped resource. */
export interface At {
  readonly namespace: string
  readonly name: string
}
