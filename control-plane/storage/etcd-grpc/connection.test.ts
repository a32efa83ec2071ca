import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../shared/kit/clock.ts'
import { frameOf } from './frames.ts'
import { DEADLINE_EXCEEDED, INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE, type GrpcError } from './grpc-error.ts'
import { answer, answerWith, CALL_MS, connectionTo, ECHO, failing, serve } from './testing.ts'

/** Takes connections and whatever is written, and never says a word, nor farewell: as a server that was stopped. */
async function mutes(): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => void sockets.add(socket.on('error', () => {}).resume()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What comes by on one of Node's diagnostics channels. */
function noted<T>(name: string): Disposable & { readonly all: readonly T[] } {
  const all: T[] = []
  const note = (message: unknown): void => void all.push(message as T)
  subscribe(name, note)
  return { all, [Symbol.dispose]: () => unsubscribe(name, note) }
}

const socketsMade = () => noted<{ readonly socket: Socket }>('net.client.socket')
const stillOpen = ({ all }: ReturnType<typeof socketsMade>): number => all.filter(({ socket }) => !socket.destroyed).length

test('calls and what goes on share one connection; the next call after it broke makes another', async () => {
  await using server = await serve((stream) => answer(stream, 'here'))
  using connection = connectionTo(server.endpoint)
  expect(await Promise.all(Array.from({ length: 50 }, () => connection.call(ECHO, 'x', CALL_MS)))).toEqual(Array.from({ length: 50 }, () => 'here'))
  expect(server.connections()).toBe(1)
  server.cut()
  await expect.poll(() => connection.call(ECHO, 'x', CALL_MS).catch(() => ''), { timeout: 30_000 }).toBe('here')
})

test('where nobody listens nothing was sent; what breaks under way may have been done', async () => {
  const gone = await serve(() => {})
  await gone[Symbol.asyncDispose]()
  using nowhere = connectionTo(gone.endpoint)
  const refused = await failing(nowhere.call(ECHO, 'x', CALL_MS))
  expect(refused).toMatchObject({ status: UNAVAILABLE, isNeverSent: true })
  expect(refused.message).toMatch(/^No connection established\. Last error: connect ECONNREFUSED 127\.0\.0\.1:\d+/)

  await using server = await serve(() => server.cut())
  using connection = connectionTo(server.endpoint)
  expect(await failing(connection.call(ECHO, 'x', CALL_MS))).toMatchObject({ status: UNAVAILABLE, isNeverSent: false })
})

test('a call that the other side did not look at was never sent', async () => {
  await using server = await serve((stream) => stream.close(7))
  using connection = connectionTo(server.endpoint)
  expect(await failing(connection.call(ECHO, 'x', CALL_MS))).toMatchObject({ status: UNAVAILABLE, isNeverSent: true })
})

test('what the other side says is told, its letters decoded', async () => {
  await using server = await serve((stream) => stream.respond({ ':status': 200, 'grpc-status': '8', 'grpc-message': 'no space, gr%C3%BC%C3%9Fe' }, { endStream: true }))
  using connection = connectionTo(server.endpoint)
  expect(await failing(connection.call(ECHO, 'x', CALL_MS))).toMatchObject({ status: RESOURCE_EXHAUSTED, message: 'no space, grüße' })
})

test('an answer of another protocol, or without a message, is an error', async () => {
  await using web = await serve((stream) => {
    stream.respond({ ':status': 502 })
    stream.end('<html>')
  })
  using toWeb = connectionTo(web.endpoint)
  expect((await failing(toWeb.call(ECHO, 'x', CALL_MS))).status).toBe(UNAVAILABLE)
  await using empty = await serve((stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end()
  })
  using toEmpty = connectionTo(empty.endpoint)
  expect((await failing(toEmpty.call(ECHO, 'x', CALL_MS))).status).toBe(INTERNAL)
})

test('a call that is not answered in time ends, what goes on stays, and the next call takes another connection', async () => {
  await using server = await serve((stream, path) => {
    if (path === ECHO.path) answer(stream, 'here')
  })
  using connection = connectionTo(server.endpoint)
  await connection.call(ECHO, 'x', CALL_MS)
  let ended: GrpcError | undefined
  const stream = connection.stream('/test.Echo/Always', { onMessage: () => {}, onEnd: (error) => (ended = error) })
  stream.send((writer) => writer.text(1, 'hello'))
  expect((await failing(connection.call({ ...ECHO, path: '/test.Echo/Never' }, 'x', 50))).status).toBe(DEADLINE_EXCEEDED)
  expect(await connection.call(ECHO, 'x', CALL_MS)).toBe('here')
  expect(server.connections()).toBe(2)
  expect(ended).toBeUndefined()
  stream.cancel()
  expect(ended).toBeDefined()
})

test('a stream tells each message, and its end', async () => {
  await using server = await serve((stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '14', 'grpc-message': 'leaving' }))
    for (const text of ['a', 'b']) stream.write(frameOf((writer) => writer.text(1, text)))
    stream.end()
  })
  using connection = connectionTo(server.endpoint)
  const messages: string[] = []
  const error = await new Promise<GrpcError>((resolve) => {
    connection.stream('/test.Echo/Always', { onMessage: (message) => messages.push(ECHO.read(message)), onEnd: resolve }).send((writer) => writer.text(1, 'hello'))
  })
  expect(messages).toEqual(['a', 'b'])
  expect(error).toMatchObject({ status: UNAVAILABLE, message: 'leaving' })
})

test('where the other side is gone without a word, what goes on ends after a silence', async () => {
  const mute = createTcpServer((socket) => void socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  /** Waits are as short as can be. */
  const hasty: Clock = { ...systemClock, after: (_delayMs, run) => systemClock.after(20, run) }
  using connection = connectionTo(`http://127.0.0.1:${(mute.address() as AddressInfo).port}`, { clock: hasty })
  const error = await new Promise<GrpcError>((resolve) => {
    connection.stream('/test.Echo/Always', { onMessage: () => {}, onEnd: resolve }).send((writer) => writer.text(1, 'hello'))
  })
  expect(error.status).toBe(UNAVAILABLE)
  expect(error.message).toMatch(/the other side has been silent for 60000 ms$/)
  mute.close()
})

test('once closed it refuses', async () => {
  await using server = await serve((stream) => answer(stream, 'here'))
  const connection = connectionTo(server.endpoint)
  const waiting = failing(connection.call(ECHO, 'x', CALL_MS))
  connection.close()
  await waiting
  await failing(connection.call(ECHO, 'x', CALL_MS))
})

/** A field that says it is longer than the message. */
const MALFORMED = Buffer.from([0, 0, 0, 0, 2, 0x0a, 0x7f])
const COMPRESSED = Buffer.from([1, 0, 0, 0, 0])

test('an answer that is compressed, or no message, is an error of that call alone', async () => {
  await using server = await serve((stream, path) => (path === ECHO.path ? answer(stream, 'here') : answerWith(stream, path === '/test.Echo/Malformed' ? MALFORMED : COMPRESSED)))
  using connection = connectionTo(server.endpoint)
  for (const name of ['Malformed', 'Compressed']) expect(await failing(connection.call({ ...ECHO, path: `/test.Echo/${name}` }, 'x', CALL_MS))).toMatchObject({ status: INTERNAL, isNeverSent: false })
  const ended = await new Promise<GrpcError>((resolve) => {
    connection.stream('/test.Echo/Compressed', { onMessage: () => {}, onEnd: resolve }).send((writer) => writer.text(1, 'hello'))
  })
  expect(ended).toMatchObject({ status: INTERNAL, message: 'a message is compressed' })
  expect(await connection.call(ECHO, 'x', CALL_MS)).toBe('here')
  expect(server.connections()).toBe(1)
})

test('after enough calls another connection is made before the numbers run out, and the old one ends with its last call', async () => {
  const held: ServerHttp2Stream[] = []
  await using server = await serve((stream, path) => (path === ECHO.path ? answer(stream, 'here') : held.push(stream)))
  using connection = connectionTo(server.endpoint, { maxCalls: 3 })
  const slow = connection.call({ ...ECHO, path: '/test.Echo/Slow' }, 'x', CALL_MS)
  for (let count = 0; count < 5; count++) expect(await connection.call(ECHO, 'x', CALL_MS)).toBe('here')
  expect(server.connections()).toBe(2)
  await expect.poll(server.open, { timeout: 30_000 }).toBe(1)
  for (const stream of held) answer(stream, 'late')
  expect(await slow).toBe('late')
  await expect.poll(server.open, { timeout: 30_000 }).toBe(0)
})

test('a server that takes its leave is left at once when nothing is under way, and the next call takes another connection', async () => {
  let session: ServerHttp2Stream['session']
  await using server = await serve((stream) => {
    session ??= stream.session
    answer(stream, 'here')
  })
  using sockets = socketsMade()
  using connection = connectionTo(server.endpoint)
  await connection.call(ECHO, 'x', CALL_MS)
  session?.goaway(0)
  await expect.poll(() => stillOpen(sockets), { timeout: 30_000 }).toBe(0)
  expect(await connection.call(ECHO, 'x', CALL_MS)).toBe('here')
  expect(server.connections()).toBe(2)
})

test.each(['http', 'https'])('calls to a server that was stopped leave no sockets behind (%s)', async (scheme) => {
  await using server = await mutes()
  using sockets = socketsMade()
  using connection = connectionTo(server.endpoint.replace('http', scheme))
  for (let count = 0; count < 3; count++) expect((await failing(connection.call(ECHO, 'x', 50))).status).toBe(DEADLINE_EXCEEDED)
  expect(sockets.all.length).toBe(3)
  await expect.poll(() => stillOpen(sockets), { timeout: 30_000 }).toBe(0)
})

test('once closed nothing is left: neither connections that still had something under way, nor new ones', async () => {
  await using server = await mutes()
  using sockets = socketsMade()
  const connection = connectionTo(server.endpoint)
  const ended = Promise.withResolvers<GrpcError>()
  connection.stream('/test.Echo/Always', { onMessage: () => {}, onEnd: ended.resolve }).send((writer) => writer.text(1, 'hello'))
  expect((await failing(connection.call(ECHO, 'x', 50))).status).toBe(DEADLINE_EXCEEDED)
  const waiting = failing(connection.call(ECHO, 'x', CALL_MS))
  expect([sockets.all.length, stillOpen(sockets)]).toEqual([2, 2])
  connection.close()
  await Promise.all([ended.promise, waiting])
  await failing(connection.call(ECHO, 'x', CALL_MS))
  expect(sockets.all.length).toBe(2)
  await expect.poll(() => stillOpen(sockets), { timeout: 30_000 }).toBe(0)
})
