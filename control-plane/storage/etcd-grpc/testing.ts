/** Servers of gRPC for tests, on Node's own HTTP/2. */
import { createServer, type Http2Server, type ServerHttp2Stream, type ServerOptions } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { systemClock, type Clock } from '../../../shared/kit/clock.ts'
import { GrpcConnection } from './connection.ts'
import { frameOf } from './frames.ts'
import { GrpcError } from './grpc-error.ts'
import type { Method } from './messages.ts'

export const ECHO: Method<string, string> = {
  path: '/test.Echo/Once',
  write: (writer, text) => writer.text(1, text),
  read: (reader) => (reader.next() ? reader.text() : ''),
}
export const CALL_MS = 60_000

export interface TestServer extends AsyncDisposable {
  readonly endpoint: string
  readonly connections: () => number
  /** Of these, those that are still there. */
  readonly open: () => number
  /** Breaks all connections. */
  cut(): void
}

export async function serve(onStream: (stream: ServerHttp2Stream, path: string) => void, options: ServerOptions = {}): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server: Http2Server = createServer(options)
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket.on('close', () => sockets.delete(socket)))
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    onStream(stream, headers[':path'] ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    open: () => sockets.size,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function answer(stream: ServerHttp2Stream, text: string): void {
  answerWith(stream, frameOf((writer) => writer.text(1, text)))
}

export function answerWith(stream: ServerHttp2Stream, frame: Buffer): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(frame)
}

export function connectionTo(endpoint: string, { clock = systemClock, silenceMs = CALL_MS, maxCalls }: { readonly clock?: Clock; readonly silenceMs?: number; readonly maxCalls?: number } = {}): GrpcConnection & Disposable {
  const connection = new GrpcConnection({ endpoint, clock, silenceMs, maxCalls })
  return Object.assign(connection, { [Symbol.dispose]: () => connection.close() })
}

/** How a call ended that must not have been answered. */
export async function failing(call: Promise<unknown>): Promise<GrpcError> {
  const error: unknown = await call.then(() => undefined, (reason: unknown) => reason)
  if (error instanceof GrpcError) return error
  throw new Error('the call did not fail as calls fail', { cause: error })
}
