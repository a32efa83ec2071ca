import type { Clock } from '../../shared/kit/clock.ts'
import { isFault } from '../../shared/kit/faults.ts'
import type { ApiRequest } from './request.ts'
import { timeout } from './status.ts'

/** How long a request may take until its answer begins; as long as Kubernetes gives writes. */
export const ANSWER_MS = 34_000

/** Runs the request, and gives up (504) when its answer has not begun within the time: nothing waits for ever, whatever hangs. What has begun, a watch or a log, goes on. */
export async function withinTime<T>(clock: Clock, request: ApiRequest, run: (limited: ApiRequest) => Promise<T>): Promise<T> {
  // One controller that follows the request's signal: joining two signals costs more than all else in a read.
  const limit = new AbortController()
  follow(request.signal, limit)
  let isOver = false
  const cancel = clock.after(ANSWER_MS, () => {
    isOver = !limit.signal.aborted
    limit.abort(new Error('the answer takes too long'))
  })
  try {
    return await run({ ...request, signal: limit.signal })
  } catch (error) {
    if (isOver && isFault(error, 'cancelled')) throw timeout('request did not complete within the allotted timeout')
    throw error
  } finally {
    cancel()
  }
}

function follow(signal: AbortSignal, controller: AbortController): void {
  if (signal.aborted) controller.abort(signal.reason)
  else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true })
}
