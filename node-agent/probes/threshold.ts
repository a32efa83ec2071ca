import type { Probe } from '../../shared/model/gen/api.ts'

/** What one try said. `unknown` counts for nothing: the probe itself could not be made. */
export interface ProbeResult {
  readonly kind: 'success' | 'warning' | 'failure' | 'unknown'
  /** What it printed or why it failed, for the event. */
  readonly output: string
}

/** How often in a row the last answer came. */
export interface ProbeCount {
  readonly last?: 'success' | 'failure' | undefined
  readonly run: number
}

export interface Counted {
  readonly count: ProbeCount
  /** The probe's verdict, once a threshold is reached; undefined: what held before holds on. */
  readonly verdict?: 'success' | 'failure' | undefined
}

/** Counts one more answer against the thresholds. Pure. */
export function countResult(count: ProbeCount, result: ProbeResult, probe: Pick<Probe, 'failureThreshold' | 'successThreshold'>): Counted {
  if (result.kind === 'unknown') return { count }
  const answer = result.kind === 'failure' ? 'failure' : 'success'
  const run = count.last === answer ? count.run + 1 : 1
  const needed = answer === 'failure' ? (probe.failureThreshold ?? 3) : (probe.successThreshold ?? 1)
  return { count: { last: answer, run }, ...(run >= needed ? { verdict: answer } : {}) }
}
