/** One HTTP/2 connection that is there, or about to be: with its socket, which ends when we say so. */
import { connect as connectSocket, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Clock } from '../../../shared/kit/clock.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { GrpcError, UNAVAILABLE } from './grpc-error.ts'
import { Http2Session } from './http2-session.ts'

export interface Peer {
  /** `http://127.0.0.1:2379`, `https://…`, `127.0.0.1:2379` or `unix:/run/etcd.sock`. */
  readonly endpoint: string
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'> | undefined
}

export interface Live {
  readonly session: Http2Session
  /** What each call says first. */
  readonly scheme: 'http' | 'https'
  readonly authority: string
  isConnected: boolean
  /** Calls under way. */
  calls: number
  /** Calls so far: their numbers do not come again. */
  begun: number
  /** It takes no new calls, and ends with the last of those under way. */
  isRetired: boolean
  /** Of the next look whether the other side is still there. */
  cancelLook: () => void
}

export interface LiveListener {
  onConnect(): void
  onClose(): void
}

/** What the other side may send ahead of us: a long list comes without waiting. */
const WINDOW_BYTES = 8 * 1024 * 1024

export function openLive(peer: Peer, clock: Clock, listener: LiveListener): Live {
  const url = urlOf(peer)
  const socket = openSocket(peer, url)
  const session = new Http2Session({
    socket,
    clock,
    windowBytes: WINDOW_BYTES,
    onGoaway: () => retire(live),
    onClose: () => {
      live.cancelLook()
      listener.onClose()
    },
  })
  const isSecure = url.protocol === 'https:'
  const live: Live = { session, scheme: isSecure ? 'https' : 'http', authority: url.host, isConnected: false, calls: 0, begun: 0, isRetired: false, cancelLook: () => {} }
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    // It may be told of when it has been given up already.
    if (session.isDestroyed) return
    if (isSecure && (socket as TLSSocket).alpnProtocol !== 'h2') return discard(live, new Error('the other side does not speak HTTP/2'))
    live.isConnected = true
    listener.onConnect()
  })
  return live
}

function urlOf({ endpoint, tls }: Peer): URL {
  if (endpoint.startsWith('unix:')) return new URL('http://localhost')
  return new URL(/^https?:\/\//.test(endpoint) ? endpoint : `${tls ? 'https' : 'http'}://${endpoint}`)
}

function openSocket({ endpoint, tls }: Peer, { protocol, hostname, port }: URL): Socket {
  if (endpoint.startsWith('unix:')) return connectSocket(endpoint.slice('unix:'.length))
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'http:') return connectSocket({ host, port: Number(port || 80) })
  return connectTls({ ALPNProtocols: ['h2'], ...(isIP(host) === 0 && { servername: host }), ...tls, host, port: Number(port || 443) })
}

export const takesCalls = ({ session, isRetired }: Live): boolean => !isRetired && !session.isDestroyed && !session.isFull

export function retire(live: Live): void {
  live.isRetired = true
  if (live.calls === 0) discard(live)
}

/** A call is over. */
export function leave(live: Live): void {
  if (--live.calls > 0) return
  live.cancelLook()
  if (live.isRetired) discard(live)
}

/** At once, with all that is under way. */
export function discard({ session }: Live, error?: Error): void {
  session.destroy(error)
}

/** Whoever never got through may try again, there or elsewhere. */
export function broken({ isConnected, session }: Live, error: unknown): GrpcError {
  const cause = session.failure ?? (error instanceof Error ? (error.cause ?? error) : error)
  return isConnected ? new GrpcError(UNAVAILABLE, messageOf(cause), { cause }) : neverSent(messageOf(cause), cause)
}

export const neverSent = (lastError: string, cause?: unknown): GrpcError => new GrpcError(UNAVAILABLE, `No connection established. Last error: ${lastError}`, { cause, isNeverSent: true })
