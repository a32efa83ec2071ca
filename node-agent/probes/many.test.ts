import { getEventListeners } from 'node:events'
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../shared/kit/clock.ts'
import { runHandler, type Handler, type HandlerDoor } from './handler.ts'
import { systemProbeNetwork } from './network.ts'
import { startProber } from './prober.ts'

const servers: Server[] = []
const ports = { http: 0, grpc: 0, silent: 0 }

beforeAll(async () => {
  const listen = async (server: Server): Promise<number> => {
    servers.push(server)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }
  ports.http = await listen(createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'))))
  ports.silent = await listen(createServer((socket) => socket.on('error', () => {}).resume()))
  const health = createHttp2()
  health.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]))
  })
  ports.grpc = await listen(health)
})
afterAll(() => {
  for (const server of servers) server.close()
})

/** A command that ends with 0 and leaves a child that holds its output open. */
const commands = { running: 0, held: 0 }
const door: HandlerDoor = {
  network: systemProbeNetwork,
  clock,
  runtime: {
    async exec(_id, { signal }) {
      commands.running++
      commands.held++
      const letGo = new Promise<void>((resolve) => signal?.addEventListener('abort', () => (commands.held--, resolve()), { once: true }))
      async function* held(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('x')
        await letGo
      }
      const exit = new Promise<{ readonly exitCode: number }>((resolve) => void clock.after(1, () => (commands.running--, resolve({ exitCode: 0 }))))
      return { stdout: held(), stderr: held(), writeStdin: async () => {}, closeStdin: () => {}, resize: () => {}, exit }
    },
  },
}

const MANY = 2_000

test(`${MANY} probes leave no socket, command, timer or listener behind`, { timeout: 120_000 }, async () => {
  const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCPSocketWrap')).length
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const handlers = (): readonly Handler[] => [{ httpGet: { port: ports.http } }, { tcpSocket: { port: ports.http } }, { grpc: { port: ports.grpc } }, { httpGet: { port: ports.silent } }, { exec: { command: ['true'] } }]
  const before = { sockets: sockets(), timers: timers() }
  const life = new AbortController()
  let tries = 0
  let open = MANY
  const stops: Array<() => void> = []
  await new Promise<void>((resolve) => {
    for (let at = 0; at < MANY; at++) {
      const handler = handlers()[at % handlers().length] ?? {}
      stops.push(
        startProber({
          probe: { periodSeconds: 600, timeoutSeconds: 1 },
          firstAfterMs: at / 2,
          clock,
          endsWith: new Set(),
          attempt: () => runHandler(door, { handler, place: { pod: { metadata: {} }, container: { name: 'c' }, containerId: 'c', podIP: '127.0.0.1' }, timeoutMs: 1_000, signal: life.signal }),
          onResult() {
            tries++
            if (--open === 0) resolve()
          },
        }),
      )
    }
  })
  expect(tries).toBe(MANY)
  expect(commands).toEqual({ running: 0, held: 0 })
  expect(getEventListeners(life.signal, 'abort')).toEqual([])
  for (const stop of stops) stop()
  await expect.poll(() => ({ sockets: sockets() <= before.sockets, timers: timers() <= before.timers + 2 }), { timeout: 30_000 }).toEqual({ sockets: true, timers: true })
})

test('a probe that is stopped in the middle of a try lets go at once', async () => {
  const over = new AbortController()
  const run = (handler: Handler): Promise<unknown> => runHandler(door, { handler, place: { pod: { metadata: {} }, container: { name: 'c' }, containerId: 'c', podIP: '127.0.0.1' }, timeoutMs: 600_000, signal: over.signal })
  const runs = [run({ httpGet: { port: ports.silent } }), run({ grpc: { port: ports.silent } }), run({ exec: { command: ['true'] } })]
  over.abort(new Error('over'))
  await Promise.all(runs)
  expect(getEventListeners(over.signal, 'abort')).toEqual([])
})
