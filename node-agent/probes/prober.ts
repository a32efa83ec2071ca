import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'
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
  /** For tries that are overdue because this process stood still: all of them at once would be too much for the machine. */
  readonly random?: Random | undefined
}

/** What an eager prober waits after its first try; twice as long after each more, a period at most. */
const EAGER_MS = 20
/** A try whose time was up so long ago, when that was noticed, was made by a process that stood still itself (stopped, frozen, starved). */
const LATE_MS = 50
/** So often in a row is a failure not believed for that; where it is always so, the failure counts. */
const MOST_DISBELIEF = 3

/** Tries until stopped, one try at a time, one period after the other. Answers how to stop it. */
export function startProber(options: ProberOptions): () => void {
  const over = new AbortController()
  const periodMs = Math.max(1, options.probe.periodSeconds ?? 10) * 1000
  let count: ProbeCount = { run: 0 }
  let eagerMs = options.isEager === true ? EAGER_MS : periodMs
  let disbelieved = 0
  let cancel = (): void => {}
  planNext(options.firstAfterMs)

  function planNext(delayMs: number): void {
    const dueMs = options.clock.monotonicMs() + delayMs
    cancel = options.clock.after(delayMs, () => {
      const isOverdue = options.clock.monotonicMs() - dueMs > periodMs
      if (isOverdue && options.random) cancel = options.clock.after(options.random.next() * periodMs, run)
      else run()
    })
  }

  function run(): void {
    const beganMs = options.clock.monotonicMs()
    const watch = watchLateness(options.clock, (options.probe.timeoutSeconds ?? 1) * 1000)
    void attempt(options, over.signal).then((result) => {
      const isLate = watch.lateMs() > LATE_MS
      if (over.signal.aborted) return
      if (isLate && result.kind === 'failure' && ++disbelieved <= MOST_DISBELIEF) return planNext(0)
      disbelieved = 0
      const counted = countResult(count, result, options.probe)
      count = counted.count
      options.onResult(result, counted.verdict)
      if (over.signal.aborted || (counted.verdict !== undefined && options.endsWith.has(counted.verdict))) return
      const waitMs = counted.verdict === 'success' ? periodMs : Math.min(eagerMs, periodMs)
      eagerMs = counted.verdict === 'success' ? periodMs : 2 * eagerMs
      planNext(Math.max(0, waitMs - (options.clock.monotonicMs() - beganMs)))
    })
  }

  return () => {
    cancel()
    over.abort(new Error('the probe is over'))
  }
}

/** How late it was noticed that a time was up: 0 where it was not up when asked. Asking ends the watch. */
function watchLateness(clock: Clock, timeoutMs: number): { lateMs(): number } {
  const endMs = clock.monotonicMs() + timeoutMs
  let noticedMs: number | undefined
  const cancel = clock.after(timeoutMs, () => void (noticedMs = clock.monotonicMs()))
  return {
    lateMs() {
      cancel()
      return Math.max(0, (noticedMs ?? clock.monotonicMs()) - endMs)
    },
  }
}

async function attempt(options: ProberOptions, signal: AbortSignal): Promise<ProbeResult> {
  try {
    return await options.attempt(signal)
  } catch (error) {
    return { kind: 'unknown', output: messageOf(error) }
  }
}
