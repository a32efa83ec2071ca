import { expect, test } from 'vitest'
import { Fault } from '../../shared/kit/faults.ts'
import type { ApiRequest } from './request.ts'
import { allottedMs, ANSWER_MS, withinTime } from './time-limit.ts'

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

test.each([
  ['/api/v1/pods', '', ANSWER_MS],
  ['/api/v1/pods', '5s', 5000],
  ['/api/v1/pods', '0s', ANSWER_MS],
  ['/api/v1/pods', '-1s', ANSWER_MS],
  ['/api/v1/pods', '1h', ANSWER_MS],
  ['/version', '1500ms', 1500],
  ['/api/v1/watch/pods', 'soon', ANSWER_MS],
  ['/api/v1/namespaces/x/pods/p/log', 'soon', ANSWER_MS],
])('%s?timeout=%s', (path, text, ms) => {
  expect(allottedMs({ ...request(new AbortController().signal), path, query: new URLSearchParams({ timeout: text }) })).toBe(ms)
})

test('a time that is none', () => {
  const asked = { ...request(new AbortController().signal), path: '/api/v1/pods', query: new URLSearchParams('timeout=5') }
  expect(() => allottedMs(asked)).toThrow(expect.objectContaining({ status: expect.objectContaining({ code: 400, reason: 'BadRequest', message: 'invalid timeout specified in the request URL - time: missing unit in duration "5"' }) }) as Error)
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
