/** Connections into pods through the relaying program as it is: each direction lasts as long as it has something to say. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { socatForwarder } from '../../node-agent/pods/streams/forwarder.ts'

/** A server on this host's loopback, and its port. */
async function serve(answer: (socket: Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    answer(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(output: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of output) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const PAUSE_MS = 1_200

test('who has said all hears an answer that takes its time', async () => {
  await using server = await serve((socket) => {
    let said = ''
    socket.on('data', (bytes) => (said += bytes.toString()))
    socket.on('end', () => setTimeout(() => socket.end(`you said ${said}`), PAUSE_MS))
  })
  const connection = await socatForwarder.connect(undefined, server.port)
  await connection.write(Buffer.from('hello'))
  connection.end()
  expect(await textOf(connection.output)).toBe('you said hello')
  expect(await connection.ended).toBeUndefined()
})

test('who could go on saying something hears that the other side has ended', async () => {
  await using server = await serve((socket) => socket.end('bye'))
  const connection = await socatForwarder.connect(undefined, server.port)
  expect(await textOf(connection.output)).toBe('bye')
  connection.close()
  expect(await connection.ended).toBeUndefined()
})

test('where nobody listens, what went wrong is told', async () => {
  const { port } = await (async () => {
    await using gone = await serve(() => {})
    return { port: gone.port }
  })()
  const connection = await socatForwarder.connect(undefined, port)
  expect(await textOf(connection.output)).toBe('')
  connection.close()
  expect(await connection.ended).toMatch(/Connection refused$/)
})
