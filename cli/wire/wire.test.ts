import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcp, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import fc from 'fast-check'
import { createWireClient } from './client.ts'
import { ResponseReader, type Head } from './response.ts'

const closing: Array<() => void> = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function listening(server: Server | ReturnType<typeof createTcp>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  closing.push(() => {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serving = (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => listening(createServer(handler))

function clientOf(server: string) {
  const client = createWireClient({ server })
  closing.push(() => client[Symbol.dispose]())
  return client
}

interface Read {
  readonly head: Head | undefined
  readonly body: string
  readonly kept: boolean | undefined
}

/** Reads an answer that arrives in such pieces. */
function readIn(pieces: readonly Buffer[], closes = false): Read {
  let head: Head | undefined
  let body = ''
  let kept: boolean | undefined
  const reader = new ResponseReader({ head: (found) => void (head = found), chunk: (bytes) => void (body += bytes.toString('latin1')), end: (keep) => void (kept = keep) })
  for (const piece of pieces) reader.feed(piece)
  if (closes) reader.close()
  return { head, body, kept }
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nWarning: a\r\nwarning: b\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n'

test('an answer is the same however it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(CHUNKED.length), { maxLength: 20 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), CHUNKED.length]
      const pieces = at.slice(1).map((end, i) => Buffer.from(CHUNKED.slice(at[i], end)))
      expect(readIn(pieces)).toEqual({ head: { status: 200, headers: { 'content-type': 'text/plain', 'transfer-encoding': 'chunked', warning: ['a', 'b'] } }, body: 'hello world', kept: true })
    }),
  )
})

test('lengths, no bodies, bodies until the end, interim answers', () => {
  const read = (text: string, closes = false): Read => readIn([Buffer.from(text)], closes)
  expect(read('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc')).toMatchObject({ body: 'abc', kept: true })
  expect(read('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd')).toMatchObject({ body: 'abc', kept: false })
  expect(read('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')).toMatchObject({ body: '', kept: false })
  expect(read('HTTP/1.1 304 Not Modified\r\n\r\n')).toMatchObject({ head: { status: 304 }, kept: true })
  expect(read('HTTP/1.1 200 OK\r\n\r\nall', false)).toMatchObject({ body: 'all', kept: undefined })
  expect(read('HTTP/1.1 200 OK\r\n\r\nall', true)).toMatchObject({ body: 'all', kept: false })
  expect(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')).toMatchObject({ head: { status: 204 } })
})

test.each(['SSH-2.0-OpenSSH\r\n\r\n', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n'])('%j is no answer', (text) => {
  expect(() => readIn([Buffer.from(text)])).toThrow()
})

test('requests go over one kept connection, with their bodies', async () => {
  const ports = new Set<number | undefined>()
  const server = await serving((request, response) => {
    ports.add(request.socket.remotePort)
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => response.end(`${request.method} ${request.url} ${request.headers['x-a'] ?? '-'} ${body}`))
  })
  const client = clientOf(`${server}/base/`)
  expect((await client.request({ path: '/x?y=z', headers: { 'x-a': '1' } })).text).toBe('GET /base/x?y=z 1 ')
  expect((await client.request({ method: 'POST', path: '/x', body: 'ü€' })).text).toBe('POST /base/x - ü€')
  expect((await client.request({ method: 'DELETE', path: '/x' })).text).toBe('DELETE /base/x - ')
  expect(ports.size).toBe(1)
})

test('large answers come whole, also to a slow reader', async () => {
  const part = 'x'.repeat(300_000)
  const server = await serving((_request, response) => {
    for (let i = 0; i < 20; i++) response.write(part)
    response.end()
  })
  const { chunks } = await clientOf(server).stream({ path: '/' })
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(length).toBe(20 * part.length)
})

test('a kept connection that was closed meanwhile is replaced', async () => {
  let sockets: Socket[] = []
  const http = createServer((_request, response) => response.end('ok'))
  http.on('connection', (socket) => sockets.push(socket))
  const client = clientOf(await listening(http))
  await client.request({ path: '/' })
  for (const socket of sockets) socket.destroy()
  sockets = []
  expect((await client.request({ path: '/' })).text).toBe('ok')
  expect(sockets).toHaveLength(1)
})

test('an answer that breaks off, a server that speaks something else, one that is not there', async () => {
  const broken = await serving((_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('abc')
    setTimeout(() => response.destroy(), 20)
  })
  await expect(clientOf(broken).request({ path: '/' })).rejects.toMatchObject({ code: 'unavailable', message: `${broken} broke off its answer` })
  const ssh = await listening(createTcp((socket) => socket.write('SSH-2.0-x\r\n\r\n')))
  await expect(clientOf(ssh).request({ path: '/' })).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('does not speak HTTP') as string })
  const silent = await listening(createTcp((socket) => socket.destroy()))
  await expect(clientOf(silent).request({ path: '/' })).rejects.toMatchObject({ code: 'unavailable' })
  await expect(clientOf('http://127.0.0.1:1').request({ path: '/' })).rejects.toMatchObject({ code: 'unavailable', cause: { code: 'ECONNREFUSED' } })
})

test('a signal ends a request, and a stream', async () => {
  const server = await serving((request, response) => {
    if (request.url === '/stream') response.write('first')
  })
  const client = clientOf(server)
  await expect(client.request({ path: '/', signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ code: 'cancelled' })
  const stop = new AbortController()
  const { chunks } = await client.stream({ path: '/stream', signal: stop.signal })
  const read = async (): Promise<void> => {
    for await (const _chunk of chunks) stop.abort()
  }
  await expect(read()).rejects.toMatchObject({ code: 'cancelled' })
})

test('no header can smuggle in another', async () => {
  await expect(clientOf('http://127.0.0.1:1').request({ path: '/', headers: { a: 'x\r\nb: y' } })).rejects.toThrow()
})

test('many requests over one connection leave nothing behind on it', async () => {
  const sockets = new Set<unknown>()
  const server = await serving((request, response) => {
    sockets.add(request.socket)
    response.writeHead(404, { 'content-length': '2' }).end('no')
  })
  const warnings: string[] = []
  const warned = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', warned)
  const client = clientOf(server)
  for (let times = 0; times < 30; times++) expect((await client.request({ path: '/' })).status).toBe(404)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  expect(sockets.size).toBe(1)
  expect(warnings).toEqual([])
})
