/**
 * What the C library has freed and not given back: after a load that is several times what is in use, since a few small pieces between hold
 * the rest (measured: 76 MB of 300 given back in 11 ms). `malloc_trim` is reached through `node:ffi` (experimental in Node 26); with another Node
 * or another C library nothing is done.
 */
import type * as nodeFfi from 'node:ffi'
import type { Clock } from '../shared/kit/clock.ts'

/** Gives the machine back what the C library keeps of freed memory. Absent where there is no way to. */
export type TrimMemory = () => void

export function loadTrim(): TrimMemory | undefined {
  const emit = process.emitWarning
  // The warning that ffi is experimental would be the first line of every log.
  process.emitWarning = () => {}
  try {
    const ffi = process.getBuiltinModule('node:ffi') as typeof nodeFfi | undefined
    const library = ffi?.dlopen('libc.so.6', { malloc_trim: { return: 'i32', arguments: ['u64'] } })
    return library && (() => void library.functions.malloc_trim(0n))
  } catch {
    return undefined
  } finally {
    process.emitWarning = emit
  }
}

/** How often it is looked, and how much must have come since the last time to be worth a pause of some ten milliseconds. */
const LOOK_MS = 2_000
const WORTH_BYTES = 24 * 1024 * 1024

/** Neither the heap of JavaScript nor its buffers. */
function nativeBytes(): number {
  const { rss, heapTotal, arrayBuffers } = process.memoryUsage()
  return rss - heapTotal - arrayBuffers
}

export interface TrimmingOptions {
  readonly clock: Clock
  readonly trim?: TrimMemory | undefined
  readonly nativeBytes?: () => number
}

/** Trims now, and again whenever enough has come together, until the answered function is called. */
export function keepTrimmed({ clock, trim = loadTrim(), nativeBytes: read = nativeBytes }: TrimmingOptions): () => void {
  if (trim === undefined) return () => {}
  let after = Number.NEGATIVE_INFINITY
  let cancel: () => void
  const look = (): void => {
    const now = read()
    if (now - after > WORTH_BYTES) {
      trim()
      after = read()
    } else after = Math.min(after, now)
    cancel = clock.after(LOOK_MS, look)
  }
  look()
  return () => cancel()
}
