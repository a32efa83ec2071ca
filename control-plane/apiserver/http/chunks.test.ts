import { createServer, request, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { writeChunk } from './chunks.ts'

const CHUNKS = [Buffer.from('häß'), new Uint8Array(0), Buffer.alloc(70_000, 'x'), 'text'] as const
const WHOLE = `häß${'x'.repeat(70_000)}text`

async function serverOf(serve: (response: ServerResponse) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((_, response) => serve(response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())) }
}

const sendAll = (response: ServerResponse): void => {
  response.flushHeaders()
  for (const chunk of CHUNKS) writeChunk(response, chunk)
  response.end()
}

test('bytes and texts arrive as they are, and the answer is whole, however many are sent the same', async () => {
  await using server = await serverOf(sendAll)
  for (let client = 0; client < 2; client++) {
    const answer = await new Promise<{ readonly text: string; readonly complete: boolean }>((resolve, reject) => {
      request({ host: '127.0.0.1', port: server.port, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve({ text, complete: response.complete }))
      })
        .on('error', reject)
        .end()
    })
    expect(answer).toEqual({ text: WHOLE, complete: true })
  }
})

test('a client of HTTP/1.0 is sent no frames', async () => {
  await using server = await serverOf(sendAll)
  const text = await new Promise<string>((resolve, reject) => {
    let all = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'))
    socket.setEncoding('utf8').on('data', (part: string) => (all += part)).on('end', () => resolve(all)).on('error', reject)
  })
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(WHOLE)
})

test('bytes go to the connection in one piece, the very same for all', () => {
  const written: unknown[] = []
  const response = { chunkedEncoding: true, write: (chunk: unknown) => written.push(chunk) > 0 } as unknown as ServerResponse
  const chunk = Buffer.from('event')
  expect([writeChunk(response, chunk), writeChunk(response, chunk)]).toEqual([true, true])
  expect(String(written[0])).toBe('5\r\nevent\r\n')
  expect(written[1]).toBe(written[0])
  expect(response.chunkedEncoding).toBe(true)
})
