/** The one worker of all controllers: keys in, `reconcile` out; an error is tried again with back-off. */
import { isApiError } from '../../shared/kit/api-error.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { workQueue, type WorkQueue } from '../../shared/kit/work-queue.ts'
import type { Controller } from './controller.ts'

/** Told after each look at a key, and of the queue's length then. */
export interface ControllerMetrics {
  reconciled(of: { readonly controller: string; readonly result: 'done' | 'again' | 'error'; readonly durationMs: number; readonly waiting: number }): void
}

export interface RunnerParts {
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: ControllerMetrics | undefined
}

/** Runs until the signal aborts; resolves when the last worker has put its key down. */
export async function runController(controller: Controller, parts: RunnerParts, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const queue = workQueue(parts.clock)
  const stop = controller.start((key, afterMs) => (afterMs === undefined ? queue.add(key) : queue.addAfter(key, afterMs)))
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })
  await Promise.all(Array.from({ length: controller.workers }, () => work({ ...parts, controller, queue }, signal)))
  stop()
}

interface Shift extends RunnerParts {
  readonly controller: Controller
  readonly queue: WorkQueue
}

async function work(shift: Shift, signal: AbortSignal): Promise<void> {
  for (;;) {
    const key = await shift.queue.take()
    if (key === undefined || signal.aborted) return
    await workOn(key, shift, signal)
  }
}

async function workOn(key: string, shift: Shift, signal: AbortSignal): Promise<void> {
  const { controller, queue, clock } = shift
  const startedMs = clock.monotonicMs()
  let result: 'done' | 'again' | 'error' = 'done'
  try {
    const outcome = await controller.reconcile(key, signal)
    queue.forget(key)
    result = outcome.kind
    if (outcome.kind === 'again') queue.addAfter(key, outcome.afterMs)
  } catch (error) {
    result = 'error'
    queue.retry(key)
    if (!signal.aborted) report(error, key, shift)
  }
  queue.done(key)
  shift.metrics?.reconciled({ controller: controller.name, result, durationMs: clock.monotonicMs() - startedMs, waiting: queue.size })
}

/** Losing a race is everyday life; anything else is worth a line. */
function report(error: unknown, key: string, { controller, log }: Shift): void {
  const isRace = isApiError(error, 'Conflict') || isFault(error, 'conflict') || isFault(error, 'deposed')
  const fields = { controller: controller.name, key, err: messageOf(error) }
  if (isRace) log.debug(fields, 'somebody wrote first; trying again')
  else log.warn(fields, 'reconcile failed; trying again')
}
