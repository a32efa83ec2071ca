/** Connections into pods through the relaying program as it is: each direction lasts as long as it has something to say. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { processesNaming } from '../../node-agent/host/proc.ts'
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

test('an agent that is killed leaves no relay, though the other side goes on', async () => {
  const { promise: isHeard, resolve: heard } = Promise.withResolvers<void>()
  // It hears that no more is said, and says nothing to that.
  await using server = await serve((socket) => socket.on('data', () => heard()))
  const program = `import { socatForwarder } from ${JSON.stringify(new URL('../../node-agent/pods/streams/forwarder.ts', import.meta.url).href)}; const connection = await socatForwarder.connect(undefined, ${server.port}); await connection.write(Buffer.from('hello')); setInterval(() => {}, 1_000)`
  const agent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(() => void agent.kill('SIGKILL'))
  await isHeard
  const relays = (): ReturnType<typeof processesNaming> => processesNaming(new Set([`TCP:localhost:${server.port}`]))
  expect(await relays()).toHaveLength(1)
  agent.kill('SIGKILL')
  await expect.poll(relays, { timeout: 20_000 }).toEqual([])
})
