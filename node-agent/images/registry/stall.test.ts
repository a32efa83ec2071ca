import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import { digestOf } from '../digest.ts'
import { readBlob } from './blob.ts'
import { createHttp, type HttpAnswer } from './http.ts'
import { Pace, Stalled, stallOf } from './stall.ts'

/** A clock whose time goes on only when told. */
function handClock(): Clock & { readonly pass: (ms: number) => void } {
  let now = 0
  return { nowMs: () => now, monotonicMs: () => now, after: (_, run) => (queueMicrotask(run), () => {}), pass: (ms) => void (now += ms) }
}

test('a body is slow when a minute of waiting has brought too little of it', () => {
  const clock = handClock()
  const pace = new Pace(clock, 100)
  const wait = (ms: number, bytes: number): void => {
    pace.wait()
    clock.pass(ms)
    pace.got(bytes)
  }
  for (let minutes = 0; minutes < 5; minutes++) for (const bytes of [1, 99]) wait(30_000, bytes)
  // Whoever reads slowly is not waited for.
  clock.pass(3_600_000)
  wait(30_000, 1)
  expect(() => wait(30_000, 98)).toThrow(Stalled)
})

const never = new AbortController().signal

test('a drip that is never silent for long is given up', async () => {
  const clock: Clock & { readonly pass: (ms: number) => void } = { ...handClock(), after: () => () => {} }
  let answer: ServerResponse | undefined
  const server = createServer((_, response) => void (answer = response.writeHead(200, { 'content-length': '1000000' })).write('x'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  using http = createHttp(clock, 1000)
  const { body } = await http.send({ method: 'GET', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, headers: {}, tls: { ca: [], skipVerify: false }, signal: never })
  let read = 0
  const reading = (async () => {
    for await (const chunk of body) {
      read += chunk.length
      // After the reader has begun to wait.
      setImmediate(() => {
        clock.pass(29_000)
        answer?.write('x')
      })
    }
  })()
  try {
    await expect(reading).rejects.toSatisfy((error) => stallOf(error) === 'slow')
    expect(read).toBe(3)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

const answerOf = (offset: number, body: AsyncIterable<Buffer>): HttpAnswer => ({ status: offset === 0 ? 200 : 206, headers: { 'content-range': `bytes ${offset}-` }, body, discard: () => {} })

async function fetchesUntilGivenUp(error: Error): Promise<number> {
  let fetches = 0
  async function* drop(): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    throw new Fault('unavailable', 'cut', { cause: error })
  }
  const fetch = async (offset: number): Promise<HttpAnswer> => (fetches++, answerOf(offset, drop()))
  const blob = readBlob({ mediaType: 'x', digest: digestOf(Buffer.alloc(1000)), sizeBytes: 1000 }, { clock: handClock(), random: { next: () => 0 }, signal: never, fetch })
  await expect((async () => {
    for await (const _ of blob);
  })()).rejects.toMatchObject({ code: 'unavailable' })
  return fetches
}

test('a blob that comes a byte per connection is given up; a slow one at once', async () => {
  expect(await fetchesUntilGivenUp(new Error('reset'))).toBe(5)
  expect(await fetchesUntilGivenUp(new Stalled('silent', 'no answer'))).toBe(5)
  expect(await fetchesUntilGivenUp(new Stalled('slow', 'too little'))).toBe(1)
})
