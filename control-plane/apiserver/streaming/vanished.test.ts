/** A peer that is gone without a word: no reset, no close, nothing. */
import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { SpdySession } from './spdy/session.ts'
import { testClock } from './testing.ts'
import { keepAlive } from './websocket-channels.ts'

/** Takes what is written and never answers. */
const deaf = (): Duplex => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })

test('over SPDY it is given up after three pings without any answer, and nothing stays', async () => {
  const { clock, advance, pending } = testClock()
  const connection = deaf()
  const running = new SpdySession({ connection, clock, onStream: () => {} }).run().catch(() => {})
  for (let ping = 0; ping < 3; ping++) advance(20_000)
  expect(connection.destroyed).toBe(false)
  advance(20_000)
  expect(connection.destroyed).toBe(true)
  await running
  expect(pending()).toBe(0)
})

test('over WebSocket too; one that answers stays', () => {
  const { clock, advance, pending } = testClock()
  let pings = 0
  let terminated = false
  const socket = Object.assign(new EventEmitter(), { readyState: 1, OPEN: 1, ping: () => void pings++, terminate: () => void (terminated = true) })
  const stop = keepAlive(socket as unknown as WebSocket, clock)
  for (let minute = 0; minute < 10; minute++) {
    advance(60_000 / 2)
    socket.emit('pong')
  }
  expect([pings > 5, terminated]).toEqual([true, false])
  for (let ping = 0; ping < 4; ping++) advance(15_000)
  expect([terminated, pending()]).toEqual([true, 0])
  stop()
})
