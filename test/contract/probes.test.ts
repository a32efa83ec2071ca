/** Probes of a process that is stopped for longer than several periods, while what it probes is well. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { slowness } from '../../deploy/lab/patience.ts'

const servers: Server[] = []
let agent: ChildProcess | undefined
afterEach(() => {
  agent?.kill('SIGKILL')
  for (const server of servers.splice(0)) server.close()
})

const listen = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Answers take so long: most of the time a try is under way. */
const ANSWER_MS = 300
const STOPPED_MS = 5_000

test('an agent stopped for several periods kills nothing when it wakes', { timeout: 120_000 * slowness }, async () => {
  let asked = (): void => {}
  const http = await listen(
    createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        asked()
        setTimeout(() => socket.end('HTTP/1.1 200 OK\r\n\r\n'), ANSWER_MS)
      })
    }),
  )
  const health = createHttp2()
  health.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    setTimeout(() => {
      if (stream.destroyed) return
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]))
    }, ANSWER_MS)
  })
  const grpc = await listen(health)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', new URL('probe-agent.ts', import.meta.url).pathname, String(http), String(grpc)], { stdio: ['ignore', 'pipe', 'inherit'] })
  agent = child
  const said: string[] = []
  let heard = (): void => {}
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line)
    heard()
  })
  const each = (times: number): Promise<void> =>
    new Promise((resolve) => {
      heard = () => (said.some((line) => line.includes('failure')) || ['http', 'grpc', 'exec'].every((kind) => said.filter((line) => line.startsWith(kind)).length >= times)) && resolve()
      heard()
    })
  await each(2)
  await new Promise<void>((resolve) => void (asked = resolve))
  child.kill('SIGSTOP')
  await sleep(STOPPED_MS)
  child.kill('SIGCONT')
  const before = Math.max(...['http', 'grpc', 'exec'].map((kind) => said.filter((line) => line.startsWith(kind)).length))
  await each(before + 3)
  expect(said.filter((line) => line.includes('failure'))).toEqual([])
  const threads = said.map((line) => Number(line.split(' ')[2]))
  expect(threads.at(-1)).toBeLessThanOrEqual(Math.max(...threads.slice(0, 6)) + 4)
})
