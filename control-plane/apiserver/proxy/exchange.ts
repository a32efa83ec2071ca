/** One HTTP request over one connection to the target. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect as connectTls } from 'node:tls'
import type { Duplex } from 'node:stream'
import type { ApiError } from '../../../shared/kit/api-error.ts'
import type { ProxyTarget } from '../request.ts'
import { serviceUnavailable } from '../status.ts'
import { escapePath } from './paths.ts'
import { requestHeaders } from './headers.ts'
import { nodeConnection } from './node-connection.ts'

export const unreachable = (message: string): ApiError => serviceUnavailable(`error trying to reach service: ${message}`)

/** Dials and begins the request; the caller sends the body. Throws `ApiError` when nobody answers there. */
export async function openExchange(incoming: IncomingMessage, target: ProxyTarget, signal: AbortSignal): Promise<ClientRequest> {
  const connection = secured(target, nodeConnection(await target.dial(signal)))
  const query = queryOf(incoming)
  const path = `${escapePath(target.path || '/')}${query}`
  const headers = requestHeaders(incoming.rawHeaders, { remoteAddress: incoming.socket.remoteAddress ?? '', uri: (incoming.url ?? '/').slice(0, (incoming.url ?? '/').length - query.length), upgrade: incoming.headers.upgrade })
  if (incoming.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked')
  const request = httpRequest({ method: incoming.method, path, headers, setHost: false, createConnection: () => connection })
  const end = (): void => void request.destroy()
  signal.addEventListener('abort', end, { once: true })
  let upgraded = false
  // Its connection is the caller's from then on, although the request itself is over.
  request.prependOnceListener('upgrade', () => void (upgraded = true))
  request.once('close', () => {
    signal.removeEventListener('abort', end)
    if (!upgraded) connection.destroy()
  })
  if (signal.aborted) end()
  return request
}

/** With its question mark. */
export function queryOf({ url = '/' }: IncomingMessage): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at)
}

/** As Kubernetes does it: whatever certificate the target shows. */
const secured = (target: ProxyTarget, connection: Duplex): Duplex => (target.scheme === 'http' ? connection : connectTls({ socket: connection, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }))

/** What went wrong before there was an answer, in the words of Go's client where they are known. */
export function exchangeProblem(error: NodeJS.ErrnoException): ApiError {
  if (error.code === 'ECONNRESET') return unreachable('EOF')
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || /wrong version number|packet length too long/.test(error.message)) return unreachable('http: server gave HTTP response to HTTPS client')
  if (error.code?.startsWith('HPE_')) return unreachable('net/http: HTTP/1.x transport connection broken: malformed HTTP response')
  return unreachable(error.message)
}
