import type { Clock } from '../../shared/kit/clock.ts'
import { isFault } from '../../shared/kit/faults.ts'
import { parseGoDuration } from '../../shared/model/cron.ts'
import { requestAttributes, type Attributes } from './authz/attributes.ts'
import type { ApiRequest } from './request.ts'
import { badRequest, timeout } from './status.ts'

/** How long a request may take until its answer begins; as long as Kubernetes gives writes. */
export const ANSWER_MS = 34_000

const LONG_RUNNING = ['attach', 'exec', 'log', 'portforward', 'proxy']

const isLongRunning = (attributes: Attributes): boolean => attributes.kind === 'resource' && (attributes.verb === 'watch' || LONG_RUNNING.includes(attributes.subresource))

/** How long the client lets its answer take (`timeout=5s`), where that is less. Throws a 400. */
export function allottedMs(request: ApiRequest): number {
  const text = request.query.get('timeout') ?? ''
  if (text === '' || isLongRunning(requestAttributes(request))) return ANSWER_MS
  const wished = parseGoDuration(text)
  if (typeof wished === 'string') throw badRequest(`invalid timeout specified in the request URL - ${wished}`)
  return wished > 0 ? Math.min(wished, ANSWER_MS) : ANSWER_MS
}

/** Runs the request, and gives up (504) when its answer has not begun within the time: nothing waits for ever, whatever hangs. What has begun, a watch or a log, goes on. */
export async function withinTime<T>(clock: Clock, request: ApiRequest, run: (limited: ApiRequest) => Promise<T>): Promise<T> {
  const allotted = allottedMs(request)
  // One controller that follows the request's signal: joining two signals costs more than all else in a read.
  const limit = new AbortController()
  follow(request.signal, limit)
  let isOver = false
  const cancel = clock.after(allotted, () => {
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
