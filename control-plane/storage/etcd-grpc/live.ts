/** One HTTP/2 connection that is there, or about to be: with its socket, which ends when we say so. */
import { connect, type ClientHttp2Session, type SecureClientSessionOptions } from 'node:http2'
import { connect as connectSocket, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { messageOf } from '../../../shared/kit/faults.ts'
import { GrpcError, UNAVAILABLE } from './grpc-error.ts'

export interface Peer {
  /** `http://127.0.0.1:2379`, `https://…`, `127.0.0.1:2379` or `unix:/run/etcd.sock`. */
  readonly endpoint: string
  readonly tls?: Pick<SecureClientSessionOptions, 'ca' | 'cert' | 'key' | 'servername'> | undefined
}

export interface Live {
  readonly session: ClientHttp2Session
  readonly socket: Socket
  isConnected: boolean
  failure: Error | undefined
  /** Calls under way. */
  calls: number
  /** Calls so far: their numbers do not come again. */
  begun: number
  /** It takes no new calls, and ends with the last of those under way. */
  isRetired: boolean
  /** Of the next look whether the other side is still there. */
  cancelLook: () => void
}

/** What the other side may send ahead of us: a long list comes without waiting. */
const WINDOW_BYTES = 8 * 1024 * 1024

export function openLive(peer: Peer): Live {
  const url = urlOf(peer)
  const socket = openSocket(peer, url)
  const session = connect(url, { settings: { enablePush: false, initialWindowSize: WINDOW_BYTES }, ...peer.tls, createConnection: () => socket })
  const live: Live = { session, socket, isConnected: false, failure: undefined, calls: 0, begun: 0, isRetired: false, cancelLook: () => {} }
  session.once('connect', () => {
    // It may be told of when it has been given up already.
    if (session.destroyed) return
    live.isConnected = true
    session.setLocalWindowSize(2 * WINDOW_BYTES)
  })
  session.on('error', (error) => (live.failure = error))
  session.on('goaway', () => retire(live))
  session.on('close', () => live.cancelLook())
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

export const takesCalls = ({ session, isRetired }: Live): boolean => !isRetired && !session.closed && !session.destroyed

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

/** At once, with all that is under way. A session by itself would wait until the other side has taken what was written, and for its farewell. */
export function discard({ session, socket }: Live, error?: Error): void {
  session.destroy(error)
  socket.destroy()
}

/** Whoever never got through may try again, there or elsewhere. */
export function broken({ isConnected, failure }: Live, error: unknown): GrpcError {
  const cause = failure ?? (error instanceof Error ? (error.cause ?? error) : error)
  return isConnected ? new GrpcError(UNAVAILABLE, messageOf(cause), { cause }) : neverSent(messageOf(cause), cause)
}

export const neverSent = (lastError: string, cause?: unknown): GrpcError => new GrpcError(UNAVAILABLE, `No connection established. Last error: ${lastError}`, { cause, isNeverSent: true })
