/** A read that was cut off is asked again; what etcd refuses, or has not answered in time, is not. */
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createEtcdStorage } from './etcd.ts'
import { frameOf } from './etcd-grpc/frames.ts'

/** An etcd that holds nothing, and answers each read as it is told by its number, from 1. */
async function etcd(answer: (stream: ServerHttp2Stream, read: number) => void): Promise<AsyncDisposable & { readonly endpoint: string; readonly reads: () => number }> {
  let reads = 0
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.resume()
    answer(stream, ++reads)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reads: () => reads,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

function holdsNothing(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(frameOf(() => {}))
}

const refuses = (stream: ServerHttp2Stream, words: string): void => stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': words }, { endStream: true })

test('its connection broke, or etcd chose a leader of its own meanwhile: whoever reads hears nothing of it', async () => {
  for (const cutOff of [(stream: ServerHttp2Stream) => stream.session?.destroy(), (stream: ServerHttp2Stream) => refuses(stream, 'etcdserver: leader changed')]) {
    await using server = await etcd((stream, read) => (read === 1 ? cutOff(stream) : holdsNothing(stream)))
    await using storage = createEtcdStorage({ endpoints: [server.endpoint] })
    expect(await storage.get('/gantry/x')).toBeUndefined()
    expect(server.reads()).toBe(2)
  }
})

test('once: what goes on so is said', async () => {
  await using server = await etcd((stream) => stream.session?.destroy())
  await using storage = createEtcdStorage({ endpoints: [server.endpoint] })
  await expect(storage.get('/gantry/x')).rejects.toMatchObject({ code: 'unavailable' })
  expect(server.reads()).toBe(2)
})

test.each([
  ['etcdserver: request timed out', 'timeout'],
  ['etcdserver: too many requests', 'unavailable'],
])('%s: not at all', async (words, code) => {
  await using server = await etcd((stream) => refuses(stream, words))
  await using storage = createEtcdStorage({ endpoints: [server.endpoint] })
  await expect(storage.get('/gantry/x')).rejects.toMatchObject({ code })
  expect(server.reads()).toBe(1)
})
