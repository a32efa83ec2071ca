import { CONDITIONS, RECLAIMS, shareOf, type Pressure, type Signal, type Starved, type Threshold } from './thresholds.ts'

/** What is left of something, and how much of it there is. */
export interface Amount {
  readonly available: number
  readonly capacity: number
}

/** What could be measured. */
export type Observations = Readonly<Partial<Record<Signal, Amount>>>

/** What is carried from one look to the next. Times are of a clock that never goes back. */
export interface PressureState {
  readonly met: readonly Threshold[]
  readonly firstMetMs: ReadonlyMap<Threshold, number>
  readonly lastSeenMs: Readonly<Partial<Record<Pressure, number>>>
}

export const calm: PressureState = { met: [], firstMetMs: new Map(), lastSeenMs: {} }

export interface PressureInput {
  readonly thresholds: readonly Threshold[]
  readonly observations: Observations
  readonly transitionMs: number
  readonly nowMs: number
}

export interface Judged {
  readonly state: PressureState
  /** Conditions that are True. */
  readonly conditions: readonly Pressure[]
  /** What must be given back now, if anything. */
  readonly reclaim?: { readonly threshold: Threshold; readonly starved: Starved } | undefined
}

const isMet = ({ signal, below, minReclaim }: Threshold, observations: Observations, withReclaim: boolean): boolean => {
  const amount = observations[signal]
  if (amount === undefined) return false
  const wanted = shareOf(below, amount.capacity) + (withReclaim && minReclaim !== undefined ? shareOf(minReclaim, amount.capacity) : 0)
  return amount.available < wanted
}

/** Which pressures there are, and what is to be given back first: memory before all, processes last. Pure. */
export function judgePressure(before: PressureState, { thresholds, observations, transitionMs, nowMs }: PressureInput): Judged {
  const met = thresholds.filter((one) => isMet(one, observations, before.met.includes(one)))
  const firstMetMs = new Map(met.map((one) => [one, before.firstMetMs.get(one) ?? nowMs]))
  const lastSeenMs = { ...before.lastSeenMs, ...Object.fromEntries(met.map(({ signal }) => [CONDITIONS[signal], nowMs])) }
  const conditions = (['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).filter((one) => {
    const seenMs = lastSeenMs[one]
    return seenMs !== undefined && (seenMs === nowMs || nowMs - seenMs < transitionMs)
  })
  const ripe = met.filter((one) => nowMs - (firstMetMs.get(one) ?? nowMs) >= (one.graceMs ?? 0))
  const [threshold] = ripe.toSorted((a, b) => urgency(a) - urgency(b))
  return { state: { met, firstMetMs, lastSeenMs }, conditions, ...(threshold && { reclaim: { threshold, starved: RECLAIMS[threshold.signal] } }) }
}

const urgency = ({ signal }: Threshold): number => (signal === 'memory.available' ? 0 : signal === 'pid.available' ? 2 : 1)
