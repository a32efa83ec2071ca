/**
 * The boot-time clock, which Node does not offer: the monotonic clock plus what the machine has been suspended for since it booted. `os.uptime()` tells
 * boot time, but rounded down to 10 ms and slowly (7 µs); the monotonic clock is exact and quick, but stands still in suspend.
 */
import { uptime } from 'node:os'

export interface BootTimeSources {
  /** CLOCK_MONOTONIC, ms. */
  readonly monotonicMs: () => number
  /** CLOCK_BOOTTIME, ms, rounded down to {@link UPTIME_STEP_MS}. */
  readonly uptimeMs: () => number
  /** Runs on in suspend too: tells at once that there was one. */
  readonly wallMs: () => number
}

/** The resolution of the kernel's uptime. */
export const UPTIME_STEP_MS = 10
/** Looked at anew after this long, and when wall time and monotonic time have come apart by this much (a suspend; or somebody set the clock, which does no harm). */
const LOOK_EVERY_MS = 100
const APART_MS = 5

/**
 * ms since boot, never going back. Exact while there was no suspend; after one it is behind by less than {@link UPTIME_STEP_MS} at first, and soon by less than one
 * ms: every look gives a lower bound, and the highest counts.
 */
export function bootTime({ monotonicMs, uptimeMs, wallMs }: BootTimeSources): () => number {
  let suspendedMs = 0
  let lookedMs = Number.NEGATIVE_INFINITY
  let apartMs = 0
  return () => {
    const nowMs = monotonicMs()
    const nowApartMs = wallMs() - nowMs
    if (nowMs - lookedMs < LOOK_EVERY_MS && Math.abs(nowApartMs - apartMs) < APART_MS) return nowMs + suspendedMs
    suspendedMs = Math.max(suspendedMs, uptimeMs() - monotonicMs())
    lookedMs = nowMs
    apartMs = nowApartMs
    return monotonicMs() + suspendedMs
  }
}

/** Of this machine. */
export const bootTimeMs = bootTime({
  monotonicMs: () => {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1000 + nanoseconds / 1e6
  },
  uptimeMs: () => uptime() * 1000,
  wallMs: () => Date.now(),
})
