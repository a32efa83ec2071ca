import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { openEtcd, type EtcdClient } from './etcd-client.ts'
import { frameOf } from './etcd-grpc/frames.ts'
import { COMPACT, RANGE } from './etcd-grpc/messages.ts'
import { watchStream } from './etcd-stream.ts'

/** An etcd that does what is asked for here. */
async function etcd(onStream: (stream: ServerHttp2Stream, path: string) => void): Promise<string> {
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    onStream(stream, headers[':path'] ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function clientOf(...endpoints: readonly string[]): EtcdClient {
  const client = openEtcd({ endpoints, callMs: 60_000 }, systemClock)
  onTestFinished(() => client.close())
  return client
}

test('a watch to which something comes that is no message ends with a fault, after what came before it', async () => {
  const given = Promise.withResolvers<void>()
  const endpoint = await etcd((stream) => {
    stream.on('close', given.resolve)
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
    stream.write(frameOf((writer) => writer.flag(3, true)))
    // An event that says it is longer than what there is of it.
    stream.write(frameOf((writer) => writer.text(11, 'zz')))
  })
  const responses = watchStream(clientOf(endpoint), { fromModRevision: 0, signal: new AbortController().signal })
  expect(await responses.next()).toMatchObject({ value: { created: true } })
  await expect(responses.next()).rejects.toMatchObject({ code: 'unavailable', cause: { message: expect.stringMatching(/cannot be read/) as unknown } })
  await given.promise
})

test('of several members that are full each goes on being asked for what can be done', async () => {
  const full = (stream: ServerHttp2Stream, path: string): void => {
    if (path === COMPACT.path) return stream.respond({ ':status': 200, 'grpc-status': '8', 'grpc-message': 'etcdserver: mvcc: database space exceeded' }, { endStream: true })
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(frameOf((writer) => writer.number(4, 7)))
  }
  const client = clientOf(await etcd(full), await etcd(full))
  for (let count = 0; count < 4; count++) await expect(client.call(COMPACT, { revision: 1 })).rejects.toThrow('database space exceeded')
  expect(await client.call(RANGE, { key: 'a' })).toMatchObject({ count: 7 })
})
