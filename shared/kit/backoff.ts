/** How long to wait before the next try, per key: `baseMs × factor^failures`, at most `capMs`. */
export interface BackoffPolicy {
  readonly baseMs: number
  readonly capMs: number
  readonly factor: number
}

export const backoffMs = (policy: BackoffPolicy, failures: number): number => (failures <= 0 ? 0 : Math.min(policy.capMs, policy.baseMs * policy.factor ** (failures - 1)))

/** Adds up to `fraction` of the delay, so that many who failed together do not come back together. */
export const jittered = (delayMs: number, fraction: number, random: { next(): number }): number => delayMs * (1 + fraction * random.next())
