import { expect, test } from 'vitest'
import { Fault } from '../../shared/kit/faults.ts'
import type { ApiRequest } from './request.ts'
import { ANSWER_MS, withinTime } from './time-limit.ts'

const request = (signal: AbortSignal): ApiRequest => ({ method: 'GET', path: '/', query: new URLSearchParams(), headers: {}, body: new Uint8Array(), user: { name: '', uid: '', groups: [], extra: {} }, remoteAddress: '', signal })
const hangs = ({ signal }: ApiRequest): Promise<never> => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Fault('cancelled', 'given up'))))

/** A clock whose one timer the test lets run. */
const timer = () => {
  const timers: Array<() => void> = []
  return { fire: () => timers[0]?.(), clock: { nowMs: () => 0, monotonicMs: () => 0, after: (delayMs: number, run: () => void) => (expect(delayMs).toBe(ANSWER_MS), timers.push(run), () => void (timers.length = 0)) } }
}

test('what hangs is given up with a 504', async () => {
  const { fire, clock } = timer()
  const answer = withinTime(clock, request(new AbortController().signal), hangs)
  fire()
  await expect(answer).rejects.toMatchObject({ status: { code: 504, reason: 'Timeout', message: 'Timeout: request did not complete within the allotted timeout' } })
})

test('a client that leaves is not told of a limit, and an answer that has begun has none', async () => {
  const { fire, clock } = timer()
  const gone = new AbortController()
  const answer = withinTime(clock, request(gone.signal), hangs)
  gone.abort()
  await expect(answer).rejects.toMatchObject({ code: 'cancelled' })
  const begun = await withinTime(clock, request(new AbortController().signal), async ({ signal }) => signal)
  fire()
  expect(begun.aborted).toBe(false)
})
