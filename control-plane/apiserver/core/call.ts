/** Who asks the core for something, and how it is to be done; the same for both doors. */
import type { Guard } from '../../storage/port.ts'
import type { User } from '../request.ts'

export interface Call {
  readonly user: User
  /** Recorded in `metadata.managedFields`. */
  readonly manager: string
  readonly dryRun: boolean
  /** Whether a change is asked for as a patch: what goes beyond it is asked for under that verb. */
  readonly isPatch?: boolean | undefined
  /** The leader's right to write, asked for at each write. */
  readonly guard?: (() => Guard | undefined) | undefined
  readonly signal: AbortSignal
  /** Throws a 403 where a write that is allowed to change something would have to create it, and whoever asks may not; left out: who changes may also create. */
  readonly checkCreate?: (() => void) | undefined
  /** It is a part of something that users' own policies and webhooks have seen: they are not asked about it again. */
  readonly isPart?: true | undefined
  /** Adds a `Warning` header to the answer. */
  warn(message: string): void
}

/** Where something is: a namespace is empty for a cluster-scoped resource. */
export interface At {
  readonly namespace: string
  readonly name: string
}
