import { expect, test } from 'vitest'
import { LIMIT_BYTES, sharedLimit } from './thread-messages.ts'

test('until when a leadership is certain is seen by the thread at once, and holds for no other leadership', () => {
  const buffer = new SharedArrayBuffer(LIMIT_BYTES)
  let leads = 1
  let hears = 1
  const main = sharedLimit(buffer, () => leads)
  const thread = sharedLimit(buffer, () => hears)
  main.set(1_234.5)
  expect([main.untilMs(), thread.untilMs()]).toEqual([1_234.5, 1_234.5])
  // Deposed and elected again, and the thread has not heard of either yet: it would ack by what it was told before.
  leads = 3
  main.set(9_000)
  expect(thread.untilMs()).toBe(Number.NEGATIVE_INFINITY)
  hears = 3
  expect(thread.untilMs()).toBe(9_000)
})
