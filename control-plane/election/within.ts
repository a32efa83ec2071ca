import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import type { Pace } from './pace.ts'

/** The work's outcome, unless that takes longer; then `Fault('timeout')`, and what becomes of the work nobody knows. */
export async function within<T>(clock: Clock, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(ms, () => {
    const fault = new Fault('timeout', `no answer within ${ms} ms`)
    late.reject(fault)
    over.abort(fault)
  })
  late.promise.catch(() => {})
  const working = work(over.signal)
  working.catch(() => {})
  try {
    return await Promise.race([working, late.promise])
  } finally {
    cancel()
  }
}

/** One write, as long as it is worth waiting for; how long it took is remembered. */
export async function timed<T>(clock: Clock, pace: Pace, write: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const patienceMs = pace.patienceMs()
  const sentAtMs = clock.monotonicMs()
  try {
    const answer = await within(clock, patienceMs, write)
    pace.note(clock.monotonicMs() - sentAtMs, sentAtMs)
    return answer
  } catch (error) {
    if (isFault(error, 'timeout')) pace.note(patienceMs, sentAtMs)
    throw error
  }
}
