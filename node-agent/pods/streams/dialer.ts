import { connect, type Socket } from 'node:net'
import { dialProblem } from '../../probes/network.ts'
import type { ForwardConnection } from './forwarder.ts'

/** As long as Go's dialer tries. */
const DIAL_MS = 30_000

/** Connects over the node's own network. Rejects with the words of Go's dialer, because they end up before people who know those. */
export function dial(host: string, port: number): Promise<ForwardConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, timeout: DIAL_MS })
    const fail = (problem: string): void => {
      socket.destroy()
      reject(new Error(`dial tcp ${host}:${port}: ${problem}`))
    }
    socket.once('timeout', () => fail('i/o timeout'))
    socket.once('error', (error: NodeJS.ErrnoException) => fail(dialProblem(error)))
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(connectionOf(socket))
    })
  })
}

function connectionOf(socket: Socket): ForwardConnection {
  socket.setNoDelay(true)
  const ended = new Promise<string | undefined>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(dialProblem(error)))
    socket.once('close', () => resolve(undefined))
  })
  return {
    output: socket as AsyncIterable<Uint8Array>,
    write: (bytes) => new Promise((done) => (socket.writable ? void socket.write(bytes, () => done()) : done())),
    end: () => void socket.end(),
    close: () => void socket.destroy(),
    ended,
  }
}
