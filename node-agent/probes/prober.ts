import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Probe } from '../../shared/model/gen/api.ts'
import { countResult, type ProbeCount, type ProbeResult } from './threshold.ts'

export interface ProberOptions {
  readonly probe: Probe
  /** Makes one try; ends early when the signal aborts. */
  readonly attempt: (signal: AbortSignal) => Promise<ProbeResult>
  /** Before the first try, from now. */
  readonly firstAfterMs: number
  readonly clock: Clock
  /** Each try, and whether it decided something. */
  readonly onResult: (result: ProbeResult, verdict: 'success' | 'failure' | undefined) => void
  /** The probe is over at its first verdict of this kind (startup: success; liveness and startup: failure). */
  readonly endsWith: ReadonlySet<'success' | 'failure'>
  /**
   * Until the first success it is tried sooner than after a period: soon, then less and less so. For readiness, as Kubernetes allows: a server that begins
   * to listen a moment after its process has begun need not wait a whole period to be called.
   */
  readonly isEager?: boolean | undefined
}

/** What an eager prober waits after its first try; twice as long after each more, a period at most. */
const EAGER_MS = 50

/** Tries until stopped, one try at a time, one period after the other. Answers how to stop it. */
export function startProber(options: ProberOptions): () => void {
  const over = new AbortController()
  const periodMs = Math.max(1, options.probe.periodSeconds ?? 10) * 1000
  let count: ProbeCount = { run: 0 }
  let eagerMs = options.isEager === true ? EAGER_MS : periodMs
  let cancel = options.clock.after(options.firstAfterMs, run)

  function run(): void {
    const beganMs = options.clock.monotonicMs()
    void attempt(options, over.signal).then((result) => {
      if (over.signal.aborted) return
      const counted = countResult(count, result, options.probe)
      count = counted.count
      options.onResult(result, counted.verdict)
      if (over.signal.aborted || (counted.verdict !== undefined && options.endsWith.has(counted.verdict))) return
      const waitMs = counted.verdict === 'success' ? periodMs : Math.min(eagerMs, periodMs)
      eagerMs = counted.verdict === 'success' ? periodMs : 2 * eagerMs
      cancel = options.clock.after(Math.max(0, waitMs - (options.clock.monotonicMs() - beganMs)), run)
    })
  }

  return () => {
    cancel()
    over.abort(new Error('the probe is over'))
  }
}

async function attempt(options: ProberOptions, signal: AbortSignal): Promise<ProbeResult> {
  try {
    return await options.attempt(signal)
  } catch (error) {
    return { kind: 'unknown', output: messageOf(error) }
  }
}
