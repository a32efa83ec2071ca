import { createServer, type Http2Server, type ServerHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { checkRequest, checkResult, decodeMessage, HEALTH_CHECK_PATH, servingStatus, type GrpcEnd } from './grpc-message.ts'
import { systemProbeNetwork } from './network.ts'
import type { ProbeResult } from './threshold.ts'

const opened: Array<{ close(): void }> = []
afterEach(() => {
  for (const server of opened.splice(0)) server.close()
})

const portOf = async (server: Server | Http2Server): Promise<number> => {
  opened.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const probe = (port: number, service = '', timeoutMs = 20_000): Promise<ProbeResult> => systemProbeNetwork.grpc({ host: '127.0.0.1', port, service }, { timeoutMs, signal: new AbortController().signal })
const framed = (...bytes: readonly number[]): Buffer => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes])

/** A health service that knows two services; the rest of what may be asked is told by the name. */
async function healthServer(): Promise<{ readonly port: number; readonly asked: Array<{ readonly headers: IncomingHttpHeaders; readonly body: Buffer }> }> {
  const asked: Array<{ readonly headers: IncomingHttpHeaders; readonly body: Buffer }> = []
  const server = createServer()
  const answer = (stream: ServerHttp2Stream, status: number): void => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(framed(...(status === 0 ? [] : [0x08, status])))
  }
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    const chunks: Buffer[] = []
    stream.on('data', (bytes: Buffer) => chunks.push(bytes))
    stream.on('end', () => {
      const body = Buffer.concat(chunks)
      asked.push({ headers, body })
      const service = body.subarray(7).toString()
      if (service === '' || service === 'good') answer(stream, 1)
      else if (service === 'bad') answer(stream, 2)
      else if (service === 'unsure') answer(stream, 0)
      else if (service === 'http') stream.respond({ ':status': 404 }, { endStream: true })
      else if (service === 'old') stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12', 'grpc-message': 'unknown service' }, { endStream: true })
      else if (service === 'reset') stream.close(7)
      else if (service !== 'silent') stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'unknown service %22x%22' }, { endStream: true })
    })
  })
  return { port: await portOf(server), asked }
}

test('what a health server says, in kubelet’s words', async () => {
  const { port, asked } = await healthServer()
  expect(await probe(port)).toEqual({ kind: 'success', output: 'service healthy' })
  expect(await probe(port, 'good')).toEqual({ kind: 'success', output: 'service healthy' })
  expect(await probe(port, 'bad')).toEqual({ kind: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' })
  expect(await probe(port, 'unsure')).toEqual({ kind: 'failure', output: 'service unhealthy (responded with "UNKNOWN")' })
  expect(await probe(port, 'x')).toEqual({ kind: 'failure', output: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service "x"' })
  expect(await probe(port, 'old')).toEqual({ kind: 'failure', output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service' })
  expect(await probe(port, 'http')).toEqual({ kind: 'failure', output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status code received from server: 404' })
  expect((await probe(port, 'reset')).output).toMatch(/^error: health rpc probe failed: rpc error: code = Unavailable desc = /)
  expect(await probe(port, 'silent', 300)).toEqual({ kind: 'failure', output: expect.stringMatching(/^timeout: /) as string })
  expect(asked[0]?.headers).toMatchObject({ ':method': 'POST', ':path': HEALTH_CHECK_PATH, 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'kube-probe/1.36' })
})

test('nobody there, somebody who says nothing, somebody who speaks HTTP/1.1: no connection', async () => {
  const gone = createTcp()
  const port = await portOf(gone)
  opened.length = 0
  await new Promise<void>((resolve) => void gone.close(() => resolve()))
  const noConnection = (at: number): ProbeResult => ({ kind: 'failure', output: `timeout: failed to connect service "127.0.0.1:${at}" within 1s: context deadline exceeded` })
  expect(await probe(port, '', 1_000)).toEqual(noConnection(port))
  const silent = await portOf(createTcp((socket) => void socket.on('error', () => {})))
  expect(await probe(silent, '', 1_000)).toEqual(noConnection(silent))
  const http1 = await portOf(createTcp((socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  expect(await probe(http1, '', 1_000)).toEqual(noConnection(http1))
})

test('bytes', () => {
  expect([...checkRequest('')]).toEqual([0, 0, 0, 0, 0])
  expect([...checkRequest('ab')]).toEqual([0, 0, 0, 0, 4, 10, 2, 97, 98])
  expect([...checkRequest('x'.repeat(200))].slice(0, 8)).toEqual([0, 0, 0, 0, 203, 10, 200, 1])
  expect(servingStatus(framed(8, 1))).toBe(1)
  expect(servingStatus(framed())).toBe(0)
  // A field of later days before the one meant.
  expect(servingStatus(framed(18, 2, 1, 1, 8, 1))).toBe(1)
  for (const broken of [framed(8), framed(0x0b), framed(18, 9), Buffer.from([1, 0, 0, 0, 0]), Buffer.from([0, 0, 0, 0, 9, 8, 1]), Buffer.from([])]) expect(servingStatus(broken)).toBeUndefined()
  expect(decodeMessage('a%22b%C3%A9 %zz')).toBe('a"bé %zz')
})

test.each<readonly [GrpcEnd, string]>([
  [{ kind: 'timed-out' }, 'timeout: health rpc did not complete within 1m0s'],
  [{ kind: 'answered', httpStatus: 200, grpcStatus: '4', grpcMessage: 'late', body: Buffer.alloc(0) }, 'timeout: health rpc did not complete within 1m0s'],
  [{ kind: 'answered', httpStatus: 200, grpcStatus: undefined, grpcMessage: '', body: Buffer.alloc(0) }, 'error: health rpc probe failed: rpc error: code = Internal desc = server closed the stream without sending trailers'],
  [{ kind: 'answered', httpStatus: 503, grpcStatus: undefined, grpcMessage: '', body: Buffer.alloc(0) }, 'error: health rpc probe failed: rpc error: code = Unavailable desc = unexpected HTTP status code received from server: 503'],
])('%j', (end, output) => {
  expect(checkResult(end, '1m0s')).toEqual({ kind: 'failure', output })
})
