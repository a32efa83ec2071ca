/** One review, posted over HTTPS. */
import { Agent, request as httpsRequest } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { isApiError } from '../../shared/kit/api-error.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { type Json, type JsonObject, readJson } from '../../shared/model/json.ts'

export type Sent = { readonly kind: 'answered'; readonly body: Json } | { readonly kind: 'failed'; readonly message: string }

export interface Sending {
  readonly url: URL
  /** The URL as errors name it. */
  readonly shown: string
  /** PEM; left out: the authorities that the host trusts. */
  readonly ca: string | undefined
  readonly body: JsonObject
  /** Instead of a connection to the URL's host. */
  readonly dial: ((signal: AbortSignal) => Promise<Duplex>) | undefined
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024

/** Connections wait a little for the next review. */
const agent = new Agent({ keepAlive: true, timeout: 30_000 })

export async function send(sending: Sending): Promise<Sent> {
  const limit = new AbortController()
  const cancel = sending.clock.after(sending.timeoutMs, () => limit.abort())
  const signal = AbortSignal.any([limit.signal, sending.signal])
  const failed = (message: string): Sent => ({ kind: 'failed', message: `Post ${JSON.stringify(sending.shown)}: ${message}` })
  try {
    const { status, body } = await exchange(sending, signal)
    if (status < 200 || status > 299) return { kind: 'failed', message: statusText(status, body) }
    return { kind: 'answered', body: readJson(body) }
  } catch (error) {
    if (limit.signal.aborted) return failed('context deadline exceeded')
    if (sending.signal.aborted) return failed('context canceled')
    if (error instanceof SyntaxError) return { kind: 'failed', message: `couldn't get version/kind; json parse error: ${error.message}` }
    if (isApiError(error)) return failed(error.message)
    return failed(problemOf(error as NodeJS.ErrnoException & { readonly address?: string; readonly port?: number; readonly hostname?: string }))
  } finally {
    cancel()
  }
}

interface Answer {
  readonly status: number
  readonly body: string
}

async function exchange({ url, ca, body, dial }: Sending, signal: AbortSignal): Promise<Answer> {
  const bytes = Buffer.from(JSON.stringify(body))
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'content-length': bytes.length, 'user-agent': 'kube-apiserver-admission' }
  const own = dial && (await dial(signal))
  const secured = own && connectTls({ socket: own, servername: url.hostname, ALPNProtocols: ['http/1.1'], ...(ca !== undefined && { ca }) })
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const attempt = (isLast: boolean): void => {
        const given = { method: 'POST', headers, signal }
        const read = (response: IncomingMessage): void => void textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, body: text }), reject)
        // Over a connection that is secured already, what is spoken is plain HTTP.
        const request = secured ? httpRequest({ ...given, host: url.hostname, path: `${url.pathname}${url.search}`, createConnection: () => secured }, read) : httpsRequest(url, { ...given, agent, ...(ca !== undefined && { ca }) }, read)
        // A connection that waited may have been closed by the other side meanwhile: nothing was asked yet.
        request.once('error', (error: NodeJS.ErrnoException) => (request.reusedSocket && error.code === 'ECONNRESET' && !isLast ? attempt(true) : reject(error)))
        request.end(bytes)
      }
      attempt(false)
    })
  } finally {
    secured?.destroy()
    own?.destroy()
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) {
      response.destroy()
      throw new Error('the answer is too long')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** In the words of Kubernetes' client. */
function statusText(status: number, body: string): string {
  if (status === 404) return 'the server could not find the requested resource'
  if (status === 503) return 'the server is currently unable to handle the request'
  if (status >= 500) return `an error on the server (${JSON.stringify(body.trim().slice(0, 2048) || 'unknown')}) has prevented the request from succeeding`
  return `the server rejected our request for an unknown reason (${status})`
}

/** In the words of Go, where they are known. */
function problemOf({ code = '', message, address = '', port = 0, hostname = '' }: NodeJS.ErrnoException & { readonly address?: string; readonly port?: number; readonly hostname?: string }): string {
  const dial = `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}`
  if (code === 'ECONNREFUSED') return `${dial}: connect: connection refused`
  if (code === 'EHOSTUNREACH') return `${dial}: connect: no route to host`
  if (code === 'ETIMEDOUT') return `${dial}: i/o timeout`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: no such host`
  if (code === 'ECONNRESET') return 'EOF'
  if (/^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(VERIFY|GET_ISSUER))/.test(code)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
  if (code === 'CERT_HAS_EXPIRED') return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${message}`
  return message
}
