/** The way of a control plane that follows to the one that leads: heartbeats are handed on over it, and acks come back. */
import { connect, type TLSSocket } from 'node:tls'
import { frameReader, writeFrame } from '../../proto/frames.ts'
import { ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { TlsFiles } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'

export interface LeaderLinkOptions {
  readonly tls: TlsFiles
  readonly clock: Clock
  /** What is to be said first on each connection. */
  readonly greetings: () => readonly ToControlPlane[]
  readonly onMessage: (message: ToAgent) => void
}

/** Every control plane's certificate is for this name too, whatever its address. */
const SERVER_NAME = 'kubernetes'
const AGAIN_MS = 100
const MOST_WAITING_BYTES = 1024 * 1024

export class LeaderLink {
  readonly #options: LeaderLinkOptions
  #address: string | undefined
  #socket: TLSSocket | undefined
  #isOpen = false

  constructor(options: LeaderLinkOptions) {
    this.#options = options
  }

  /** `host:port` of the leader's heartbeats; `undefined`: nobody leads, or this process does. */
  lead(address: string | undefined): void {
    if (address === this.#address) return
    this.#address = address
    this.#socket?.destroy()
    this.#socket = undefined
    this.#isOpen = false
    this.#dial()
  }

  /** Whether it could be sent. */
  pass(message: ToControlPlane): boolean {
    if (!this.#socket || !this.#isOpen || this.#socket.writableLength > MOST_WAITING_BYTES) return false
    writeFrame(this.#socket, ToControlPlane.encode(message).finish())
    return true
  }

  #dial(): void {
    const address = this.#address
    if (address === undefined || this.#socket) return
    const { tls, clock, greetings, onMessage } = this.#options
    const at = address.lastIndexOf(':')
    const socket = connect({ host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)), ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.3', servername: SERVER_NAME })
    this.#socket = socket
    socket.setNoDelay(true)
    const read = frameReader((bytes) => void (socket === this.#socket && onMessage(ToAgent.decode(bytes))))
    socket.once('secureConnect', () => {
      if (socket !== this.#socket) return
      this.#isOpen = true
      for (const message of greetings()) this.pass(message)
    })
    socket.on('data', (bytes: Buffer) => {
      try {
        read(bytes)
      } catch {
        socket.destroy()
      }
    })
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      if (socket !== this.#socket) return
      this.#socket = undefined
      this.#isOpen = false
      clock.after(AGAIN_MS, () => this.#dial())
    })
  }
}
