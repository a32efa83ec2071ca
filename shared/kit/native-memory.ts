/**
 * What the C library has freed and not given back: after a load that is several times what is in use, since a few small pieces between hold
 * the rest (measured: 76 MB of 300 given back in 11 ms). `malloc_trim` is reached through `node:ffi` (experimental in Node 26); with another Node
 * or another C library nothing is done.
 */
import type * as nodeFfi from 'node:ffi'
import type { Clock } from './clock.ts'

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

/** How often it is looked, and what makes a pause of some ten milliseconds worth it: so much that has come since the last time, or so much work in which things were freed. */
const LOOK_MS = 500
const WORTH_BYTES = 24 * 1024 * 1024
const WORTH_WORK_MS = 1_000
/** After a load, when hardly anything is done any more, less is worth it: the pause keeps nobody waiting, and what the load had in use is free. */
const CALM_WORK_MS = 50
const WORTH_WHEN_CALM_MS = 400
/** A heap that became so much smaller was collected: objects are gone that held memory outside it. */
const WORTH_HEAP_BYTES = 4 * 1024 * 1024

export interface ProcessUse {
  /** Neither the heap of JavaScript nor its buffers. */
  readonly nativeBytes: number
  /** Of the heap of JavaScript. */
  readonly heapBytes: number
  /** Processor time since the start. */
  readonly workMs: number
}

function useOfProcess(): ProcessUse {
  const { rss, heapTotal, arrayBuffers } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return { nativeBytes: rss - heapTotal - arrayBuffers, heapBytes: heapTotal, workMs: (user + system) / 1000 }
}

export interface TrimmingOptions {
  readonly clock: Clock
  readonly trim?: TrimMemory | undefined
  /** Has garbage collected; it need not be done when this returns. */
  readonly collect?: () => void
  /** After how much work garbage is worth being collected, for each megabyte of the heap: 5 ms, several times what it takes. More for a process whose work is done a little at a time. */
  readonly loadMsPerMegabyte?: number
  readonly use?: () => ProcessUse
}

/** Trims now, and again whenever it is worth it, until the answered function is called. When a load is over its garbage is collected, and what that held given back. */
export function keepTrimmed({ clock, trim = loadTrim(), collect = () => {}, loadMsPerMegabyte = 5, use = useOfProcess }: TrimmingOptions): () => void {
  let trimmed: ProcessUse | undefined
  let looked = use()
  let collectedAtMs = looked.workMs
  let cancel: () => void
  const look = (): void => {
    const now = use()
    const isCalm = now.workMs - looked.workMs < CALM_WORK_MS
    if (trimmed === undefined || isWorthIt({ now, looked, trimmed, isCalm })) {
      trim?.()
      trimmed = use()
    }
    if (isCalm && now.workMs - collectedAtMs > (loadMsPerMegabyte * now.heapBytes) / 1e6) {
      collect()
      collectedAtMs = now.workMs
    }
    looked = now
    cancel = clock.after(LOOK_MS, look)
  }
  look()
  return () => cancel()
}

interface Uses {
  readonly now: ProcessUse
  readonly looked: ProcessUse
  readonly trimmed: ProcessUse
  readonly isCalm: boolean
}

const isWorthIt = ({ now, looked, trimmed, isCalm }: Uses): boolean =>
  looked.heapBytes - now.heapBytes > WORTH_HEAP_BYTES || now.nativeBytes - trimmed.nativeBytes > WORTH_BYTES || now.workMs - trimmed.workMs > (isCalm ? WORTH_WHEN_CALM_MS : WORTH_WORK_MS)
