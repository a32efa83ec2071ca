import type { ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../shared/kit/clock.ts'
import { FrameReader, frameOf } from './frames.ts'
import { RESOURCE_EXHAUSTED, UNAVAILABLE } from './grpc-error.ts'
import { headerText } from './header-text.ts'
import { readHeaders, writeHeaders } from './headers.ts'
import * as wire from './http2-frames.ts'
import { answer, answerWith, CALL_MS, connectionTo, ECHO, failing, serve } from './testing.ts'

test.each([
  ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
  ['302', '6402'],
  ['private', 'aec3771a4b'],
  ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
  ['foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1', '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007'],
])('packed text is read: %s (RFC 7541, appendix C)', (text, packed) => {
  expect(headerText(Buffer.from(packed, 'hex'))).toBe(text)
})

test('text that ends in another way than packed text does is refused', () => {
  // The end itself, a whole byte of filling, and filling that is no ones.
  for (const packed of ['ffffffff', '1fff', '18']) expect(() => headerText(Buffer.from(packed, 'hex'))).toThrow(RangeError)
})

test('headers that are written are read', () => {
  const headers = [[':method', 'POST'], [':scheme', 'https'], [':authority', 'x'.repeat(1000)], ['te', 'trailers'], ['grpc-timeout', '5000m']] as const
  expect(readHeaders(writeHeaders(headers))).toEqual(Object.fromEntries(headers))
})

test.each([
  ['a number beyond what is known', Buffer.from([0xff, 0x40])],
  ['no number', Buffer.from([0x80])],
  ['a table that nobody asked for', Buffer.from([0x3f, 0xe1, 0x1f])],
  ['the midst of a value', Buffer.from([0x48, 0x03, 0x32])],
  ['the midst of a number', Buffer.from([0xff])],
])('bytes that are no headers are refused: %s', (_what, block) => {
  expect(() => readHeaders(block)).toThrow(RangeError)
})

test('whatever bytes there are, they are headers or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        return typeof readHeaders(Buffer.from(bytes)) === 'object'
      } catch (error) {
        return error instanceof RangeError
      }
    }),
    { numRuns: 2000 },
  )
})

test('every letter that a header may have is read as another implementation packs it, also where headers come in several frames', async () => {
  const letters = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 0x20 + index))
  // Not percent-encoded: a sign that begins none is taken as it stands.
  const message = `${letters}${'eaeiost'.repeat(6000)}x`
  await using server = await serve((stream) => stream.respond({ ':status': 200, 'grpc-status': '8', 'grpc-message': message }, { endStream: true }), { maxSendHeaderBlockLength: 1 << 20 })
  using connection = connectionTo(server.endpoint)
  const { status, message: told } = await failing(connection.call(ECHO, 'x', CALL_MS))
  expect([status, told === message]).toEqual([RESOURCE_EXHAUSTED, true])
})

/** Answers with what was asked. */
function echo(stream: ServerHttp2Stream): void {
  const frames = new FrameReader()
  stream.on('data', (piece: Buffer) => frames.push(piece)).on('end', () => {
    const asked = frames.take()
    answer(stream, asked ? ECHO.read(asked) : '')
  })
}

test('what is longer than the other side takes at once follows as it takes more', async () => {
  await using server = await serve(echo, { settings: { initialWindowSize: 1000 } })
  using connection = connectionTo(server.endpoint)
  const texts = [1, 999, 70_000, 1_500_000].map((length) => 'x'.repeat(length))
  expect(await Promise.all(texts.map((text) => connection.call(ECHO, text, CALL_MS)))).toEqual(texts)
  expect(server.connections()).toBe(1)
})

test('answers longer than what may come ahead of us come whole, one after the other and those of a stream', async () => {
  const long = 'x'.repeat(10 * 1024 * 1024)
  await using server = await serve((stream, path) => {
    if (path === ECHO.path) return answer(stream, long)
    stream.respond({ ':status': 200 })
    for (let count = 0; count < 3; count++) stream.write(frameOf((writer) => writer.text(1, long)))
  })
  using connection = connectionTo(server.endpoint)
  for (let count = 0; count < 3; count++) expect((await connection.call(ECHO, 'x', CALL_MS)).length).toBe(long.length)
  const came = Promise.withResolvers<void>()
  let messages = 0
  connection.stream('/test.Echo/Always', { onMessage: () => ++messages === 3 && came.resolve(), onEnd: came.reject }).send((writer) => writer.text(1, 'hello'))
  await came.promise
  expect(server.connections()).toBe(1)
})

test('where a server takes no more calls at the same time others go over another connection', async () => {
  const held: ServerHttp2Stream[] = []
  await using server = await serve((stream, path) => (path === ECHO.path ? answer(stream, 'here') : held.push(stream)), { settings: { maxConcurrentStreams: 2 } })
  using connection = connectionTo(server.endpoint)
  await connection.call(ECHO, 'x', CALL_MS)
  const slow = Array.from({ length: 2 }, () => connection.call({ ...ECHO, path: '/test.Echo/Slow' }, 'x', CALL_MS))
  await expect.poll(() => held.length, { timeout: 30_000 }).toBe(2)
  expect(await connection.call(ECHO, 'x', CALL_MS)).toBe('here')
  expect(server.connections()).toBe(2)
  for (const stream of held) answer(stream, 'late')
  expect(await Promise.all(slow)).toEqual(['late', 'late'])
})

test('of a server that takes its leave it is known which calls it has not looked at', async () => {
  await using server = await serve((stream, path) => {
    // The second is on its way when the first has been looked at.
    if (path === '/test.Echo/Last') stream.session?.goaway(0, stream.id)
    if (path === '/test.Echo/Last') answer(stream, 'here')
  })
  using connection = connectionTo(server.endpoint)
  const last = connection.call({ ...ECHO, path: '/test.Echo/Last' }, 'x', CALL_MS)
  const unseen = failing(connection.call({ ...ECHO, path: '/test.Echo/Unseen' }, 'x', CALL_MS))
  expect(await last).toBe('here')
  expect(await unseen).toMatchObject({ status: UNAVAILABLE, isNeverSent: true })
})

test('a server that ends the connection for a mistake says which', async () => {
  await using server = await serve((stream) => stream.session?.goaway(11))
  using connection = connectionTo(server.endpoint)
  expect(await failing(connection.call(ECHO, 'x', CALL_MS))).toMatchObject({ status: UNAVAILABLE, isNeverSent: false, message: expect.stringContaining('HTTP/2 code 11') })
})

test('the first ping is answered at once, one soon after it a while later', async () => {
  const held: Array<() => void> = []
  /** Stands still; what is to be done later is done when the test says so. */
  const still: Clock = { ...systemClock, monotonicMs: () => 1000, after: (_delayMs, run) => (held.push(run), () => {}) }
  const session = Promise.withResolvers<NonNullable<ServerHttp2Stream['session']>>()
  await using server = await serve((stream) => {
    if (stream.session) session.resolve(stream.session)
    answer(stream, 'here')
  })
  using connection = connectionTo(server.endpoint, { clock: still })
  await connection.call(ECHO, 'x', CALL_MS)
  const there = await session.promise
  const ping = (): Promise<void> => new Promise((resolve, reject) => there.ping((error) => (error ? reject(error) : resolve())))
  await ping()
  held.length = 0
  const second = ping()
  await expect.poll(() => held.length, { timeout: 30_000 }).toBe(1)
  // A call that comes in between has been answered long before.
  const between = await Promise.race([second.then(() => 'ping'), connection.call(ECHO, 'x', CALL_MS)])
  expect(between).toBe('here')
  held[0]?.()
  await second
})

/** Says the bytes to whoever comes, and is done. */
async function says(bytes: Buffer): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}).resume())
    socket.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a server that has said all ends what is under way, also where it does not read what we have still to say', async () => {
  const sockets: Socket[] = []
  const settings = wire.settingsFrame([[wire.INITIAL_WINDOW_SIZE, wire.LARGEST_WINDOW_BYTES]])
  const server = createTcpServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.push(socket.on('error', () => {}))
    socket.write(Buffer.concat([settings, wire.numberFrame({ type: wire.WINDOW_UPDATE }, 2 ** 30)]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Neither a ping nor the time of the call finds it out.
  const clock: Clock = { ...systemClock, after: () => () => {} }
  using connection = connectionTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { clock })
  const call = failing(connection.call(ECHO, 'x'.repeat(40_000_000), CALL_MS))
  await expect.poll(() => sockets.length, { timeout: 30_000 }).toBe(1)
  sockets[0]?.end()
  expect(await call).toMatchObject({ status: UNAVAILABLE, isNeverSent: false })
  sockets[0]?.destroy()
  await new Promise((resolve) => server.close(resolve))
})

const SETTINGS = wire.settingsFrame([])
const DATA_HEAD = { type: wire.DATA, stream: 1 }

test.each([
  ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['no settings first', wire.wholeFrame({ type: wire.PING }, Buffer.alloc(8))],
  ['a frame that is too long', Buffer.concat([SETTINGS, wire.frameHead(DATA_HEAD, 16_385)])],
  ['more padding than there is', Buffer.concat([SETTINGS, wire.wholeFrame({ ...DATA_HEAD, flags: wire.PADDED | wire.END_STREAM }, Buffer.from([9, 0]))])],
  ['headers broken off', Buffer.concat([SETTINGS, wire.wholeFrame({ type: wire.HEADERS, stream: 1 }, Buffer.from([0x88])), wire.wholeFrame(DATA_HEAD, Buffer.alloc(1))])],
  ['headers that go on without having begun', Buffer.concat([SETTINGS, wire.wholeFrame({ type: wire.CONTINUATION, stream: 1 }, Buffer.alloc(1))])],
  ['headers that cannot be read', Buffer.concat([SETTINGS, wire.wholeFrame({ type: wire.HEADERS, flags: wire.END_HEADERS, stream: 1 }, Buffer.from([0x80]))])],
  ['a reset that is too short', Buffer.concat([SETTINGS, wire.wholeFrame({ type: wire.RST_STREAM, stream: 1 }, Buffer.alloc(1))])],
  ['a window beyond all bounds', Buffer.concat([SETTINGS, wire.numberFrame({ type: wire.WINDOW_UPDATE }, 2 ** 31 - 1)])],
  ["a stream's window beyond all bounds", Buffer.concat([SETTINGS, wire.numberFrame({ type: wire.WINDOW_UPDATE, stream: 1 }, 2 ** 31 - 1)])],
  ['windows that begin beyond all bounds', wire.settingsFrame([[wire.INITIAL_WINDOW_SIZE, 2 ** 31]])],
  ['frames of no bytes', wire.settingsFrame([[wire.MAX_FRAME_SIZE, 0]])],
  ['frames whose length nobody could say', wire.settingsFrame([[wire.MAX_FRAME_SIZE, 2 ** 24]])],
])('a server that speaks wrongly is left, and said to: %s', async (_what, bytes) => {
  await using server = await says(bytes)
  using connection = connectionTo(server.endpoint)
  expect(await failing(connection.call(ECHO, 'x', CALL_MS))).toMatchObject({ status: UNAVAILABLE, message: expect.stringMatching(/^the other side does not speak HTTP\/2: /) })
})

test('a server that says anything at all is left, and each call ends', async () => {
  const frame = fc.record({ type: fc.nat({ max: 10 }), flags: fc.nat({ max: 255 }), stream: fc.constantFrom(0, 1, 2, 3), body: fc.uint8Array({ maxLength: 30 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 5 }), fc.uint8Array({ maxLength: 12 }), async (frames, tail) => {
      await using server = await says(Buffer.concat([SETTINGS, ...frames.map(({ body, ...head }) => wire.wholeFrame(head, Buffer.from(body))), tail]))
      using connection = connectionTo(server.endpoint)
      await Promise.allSettled([connection.call(ECHO, 'x', CALL_MS), connection.call(ECHO, 'y', CALL_MS)])
    }),
    { numRuns: 100 },
  )
})

test('an answer with padding is an answer', async () => {
  await using server = await serve((stream) => answerWith(stream, frameOf((writer) => writer.text(1, 'here'))), { paddingStrategy: 1 })
  using connection = connectionTo(server.endpoint)
  expect(await connection.call(ECHO, 'x', CALL_MS)).toBe('here')
})
