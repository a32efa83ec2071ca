import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { MAX_BODY_BYTES, readRequest } from './read-request.ts'

const user = { name: 'nobody', uid: '', groups: [], extra: {} }

function incoming(): PassThrough {
  return Object.assign(new PassThrough(), { url: '/api/v1/namespaces?dryRun=All', method: 'POST', headers: { 'transfer-encoding': 'chunked' }, headersDistinct: {}, socket: {} })
}
const reading = (stream: PassThrough): ReturnType<typeof readRequest> => readRequest(stream as unknown as IncomingMessage, { user, signal: new AbortController().signal })

test('a body that comes in pieces is read whole', async () => {
  const stream = incoming()
  const read = reading(stream)
  stream.write('{"a"')
  stream.end(':1}')
  const { body, path, query } = await read
  expect(Buffer.from(body).toString()).toBe('{"a":1}')
  expect([path, query.get('dryRun')]).toEqual(['/api/v1/namespaces', 'All'])
})

test('whoever hangs up in the midst of a body keeps nobody waiting', async () => {
  for (const error of [undefined, new Error('aborted')]) {
    const stream = incoming()
    const read = expect(reading(stream)).rejects.toThrow(error ? 'aborted' : 'ended before its end')
    stream.write('{')
    stream.destroy(error)
    await read
  }
})

test('whoever has left before anybody reads keeps nobody waiting either', async () => {
  for (const error of [undefined, new Error('aborted')]) {
    const stream = incoming()
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.once('error', () => {})
    stream.write('{')
    stream.destroy(error)
    await closed
    await expect(reading(stream)).rejects.toThrow('ended before its end')
  }
})

test('one that is too large is read to its end, so that the client hears of it; one that has none is cut off', async () => {
  const large = incoming()
  const refused = expect(reading(large)).rejects.toThrow('limit is')
  large.end(Buffer.alloc(MAX_BODY_BYTES + 1))
  await refused
  const endless = incoming()
  const cut = expect(reading(endless)).rejects.toThrow('limit is')
  const piece = Buffer.alloc(4 * 1024 * 1024)
  for (let sent = 0; sent < 20 && !endless.destroyed; sent++) {
    endless.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await cut
  expect(endless.destroyed).toBe(true)
})
