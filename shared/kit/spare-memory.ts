/** What a start left behind is given back to the machine: making what a new cluster holds leaves half as much garbage as the whole process needs afterwards. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A larger heap is in use, and collecting it would take longer than it is worth. */
const SMALL_BYTES = 100 * 1024 * 1024

/** Collects garbage once, in some 20 ms, and lets go of empty pages. V8 offers its collector to contexts made after it was told to. */
export function giveBackMemory(): void {
  if (process.memoryUsage().heapUsed > SMALL_BYTES) return
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('() => gc({ type: "major", execution: "sync", flavor: "last-resort" })')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect()
}

/** By how much of what is in use the heap may grow before it is collected: left to itself V8 lets it nearly double where the machine has much memory. */
const GROWTH_PERCENT = 30

/** Garbage is collected a little earlier from now on. V8 reads the setting at each collection. */
export function growHeapSlowly(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}

/** So much outside the heap that has come since the last collection lets V8 begin another. */
const PRESSING_BYTES = 65 * 1024 * 1024

/**
 * Has everything collected that is garbage, beside what else is done and in small steps, and what that leaves empty given back; it is over some hundred milliseconds
 * later. Nobody can ask V8 for that, only for a pause that collects all at once. But it begins by itself where much has come that the heap only points at:
 * here a buffer that nobody writes to, so that it takes up no memory. Where the machine refuses even that, nothing is begun.
 */
export function beginCollection(): void {
  setFlagsFromString('--memory-saver-mode')
  try {
    const pressing = new ArrayBuffer(PRESSING_BYTES)
    if (pressing.byteLength !== PRESSING_BYTES) throw new Error('a buffer has another length than was asked for')
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  } finally {
    setFlagsFromString('--no-memory-saver-mode')
  }
}
