/**
 * How long a command bears with a server that is away for a moment: a control plane that starts anew, or another that takes over its address.
 * What only reads, or may be done twice, is asked again; another write only if it never went out.
 */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { Unanswered } from '../wire/unanswered.ts'
import { isStatusProblem } from './status-problem.ts'

/** A control plane that fails answers again, or its successor does, within this time. */
export const PATIENCE_MS = 3_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500

/** Errors of a connection that say that nobody is there now; others (names, certificates) do not mend themselves. */
const PASSING = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'])
/** Too many requests, unavailable, and not as far as was asked for. */
const BUSY = new Set([429, 503, 504])

/** Whether the same question may have an answer a moment later. */
export function isPassing(error: unknown, { onlyReads }: { readonly onlyReads: boolean }): boolean {
  // With a 503 that names a time to come back nothing was written.
  if (isStatusProblem(error)) return onlyReads ? BUSY.has(error.code) : error.code === 503 && error.status.details?.retryAfterSeconds !== undefined
  if (!isFault(error, 'unavailable')) return false
  if (error instanceof Unanswered) return onlyReads
  return PASSING.has((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '')
}

/** Pauses that grow, with the numbers of times that were waited already. */
export const pauseMs = (times: number): number => Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS)

/** Nobody was there in all that time. */
export class StillAway extends Fault {
  readonly triedMs: number

  constructor(last: Fault, triedMs: number) {
    super(last.code, last.message, { cause: last.cause })
    this.triedMs = triedMs
  }
}

export interface Patience {
  readonly onlyReads: boolean
  readonly patienceMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/** The answer of the first attempt that has one. @throws what the last attempt threw, as `StillAway` if it was a connection */
export async function patiently<T>(attempt: () => Promise<T>, { onlyReads, patienceMs, clock, signal }: Patience): Promise<T> {
  const beganMs = clock.monotonicMs()
  for (let times = 0; ; times++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isPassing(error, { onlyReads })) throw error
      const waitMs = pauseMs(times)
      const triedMs = clock.monotonicMs() - beganMs
      if (triedMs + waitMs > patienceMs) throw times > 0 && isFault(error) && !(error instanceof Unanswered) ? new StillAway(error, triedMs) : error
      await sleep(clock, waitMs, signal).catch(() => Promise.reject(error as Error))
    }
  }
}
