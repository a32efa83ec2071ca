/** The first of many changes is acted on at once, those that follow close behind together a moment later. */
import type { Clock } from '../../shared/kit/clock.ts'
import type { Enqueue } from './controller.ts'

const FORGET_BEYOND = 1000

/** @param gapMs how far apart two looks at the same key are at least, as far as these changes are concerned. */
export function paced(enqueue: Enqueue, clock: Clock, gapMs: number): (key: string) => void {
  const nextMs = new Map<string, number>()
  return (key) => {
    const nowMs = clock.monotonicMs()
    const earliestMs = nextMs.get(key) ?? nowMs
    if (earliestMs > nowMs) return enqueue(key, earliestMs - nowMs)
    if (nextMs.size > FORGET_BEYOND) for (const [old, atMs] of nextMs) if (atMs <= nowMs) nextMs.delete(old)
    nextMs.set(key, nowMs + gapMs)
    enqueue(key)
  }
}
