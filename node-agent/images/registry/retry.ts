import { backoffMs } from '../../../shared/kit/backoff.ts'

/** When a request is tried again. Pure. */

/** How often one request is tried at most, and how often a blob may be cut without a byte of progress. */
export const MOST_TRIES = 5
/** Of a request that nobody answers in all the time there is: each try costs that time. */
export const MOST_STALLED_TRIES = 2
const DELAYS = { baseMs: 250, capMs: 8_000, factor: 2 }
/** A registry that wants to be left alone for longer is left alone by the back-off of the pod. */
export const LONGEST_RETRY_AFTER_MS = 60_000

/** Answers that may be others next time. */
export const isPassing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status === 500 || status === 502 || status === 503 || status === 504

/** `Retry-After` in ms: seconds, or an HTTP date. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim()) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

/** How long to wait after so many failures; undefined: not again. `unit` is uniform in [0, 1). */
export function retryDelay(failures: number, retryAfterMs: number | undefined, unit: number): number | undefined {
  if (failures >= MOST_TRIES) return undefined
  if (retryAfterMs !== undefined && retryAfterMs > LONGEST_RETRY_AFTER_MS) return undefined
  return Math.max(retryAfterMs ?? 0, backoffMs(DELAYS, failures) * (0.5 + unit / 2))
}
