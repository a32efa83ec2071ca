/** What every controller is made of, and what each of them offers to the runner. */
import type { Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { ApiClient } from '../client/port.ts'
import type { Informers } from '../informers/port.ts'
import type { EventRecorder } from './events/recorder.ts'

export interface ControllerParts {
  readonly client: ApiClient
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly events: EventRecorder
}

/** What became of one look at a key. Errors are thrown: the key comes again with back-off. */
export type Outcome = { readonly kind: 'done' } | { readonly kind: 'again'; readonly afterMs: number }

export const done: Outcome = { kind: 'done' }
export const again = (afterMs: number): Outcome => ({ kind: 'again', afterMs })

export type Enqueue = (key: string, afterMs?: number) => void

/** Level-triggered: whatever happened, `reconcile` looks at everything of its key and does what is missing. */
export interface Controller {
  readonly name: string
  /** How many keys may be worked on at the same time. */
  readonly workers: number
  /** Hears of changes and enqueues the keys they touch. Called once; the answer stops it. */
  start(enqueue: Enqueue): () => void
  reconcile(key: string, signal: AbortSignal): Promise<Outcome>
}
