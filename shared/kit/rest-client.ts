/** A thin HTTPS client for an API server: requests, and streams of lines. Errors are `Fault`s; what the server answered is data. */
import type { RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { Fault } from './faults.ts'

/** Asked for, not imported: an import of `node:http` reads all it exports, and with it loads Node's fetch (15 ms). */
const http = (): typeof import('node:http') => process.getBuiltinModule('node:http')
const https = (): typeof import('node:https') => process.getBuiltinModule('node:https')

export interface RestOptions {
  /** `https://HOST:PORT`, perhaps with a path in front of everything. */
  readonly server: string
  /** PEM of the authority that the server's certificate must come from; absent: the system's. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly bearerToken?: string | undefined
  /** Name to check the server's certificate against, and to send as SNI. */
  readonly serverName?: string | undefined
  readonly insecureSkipVerify?: boolean | undefined
  readonly userAgent?: string | undefined
}

export interface RestRequest {
  readonly method?: string
  /** Path with query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface RestStream {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly chunks: AsyncIterable<Buffer>
}

export interface RestClient extends Disposable {
  request(request: RestRequest): Promise<RestAnswer>
  /** The answer as it comes: watches, logs. */
  stream(request: RestRequest): Promise<RestStream>
}

/** Connections are kept and used again; dispose it to let the process end. */
export function createRestClient(options: RestOptions): RestClient {
  const url = new URL(options.server)
  const secure = url.protocol === 'https:'
  const tls = { ca: options.ca, cert: options.cert, key: options.key, ...(options.serverName === undefined ? {} : { servername: options.serverName }), ...(options.insecureSkipVerify ? { rejectUnauthorized: false } : {}) }
  const agent = secure ? new (https().Agent)({ keepAlive: true, ...tls }) : new (http().Agent)({ keepAlive: true })
  const base = url.pathname.replace(/\/$/, '')

  function send({ method = 'GET', path, headers = {}, body, signal }: RestRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const given: RequestOptions = {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (secure ? 443 : 80) : url.port,
        path: base + path,
        method,
        agent,
        headers: {
          accept: 'application/json',
          'user-agent': options.userAgent ?? 'gantry',
          ...(options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
          ...headers,
        },
        ...(signal ? { signal } : {}),
      }
      const outgoing = (secure ? https() : http()).request(given, resolve)
      outgoing.once('error', (cause: NodeJS.ErrnoException) => reject(signal?.aborted ? new Fault('cancelled', 'cancelled', { cause }) : new Fault('unavailable', `${options.server} cannot be reached: ${cause.message || cause.code}`, { cause })))
      outgoing.end(body)
    })
  }

  return {
    async request(request) {
      const answer = await send(request)
      const parts: Buffer[] = []
      try {
        for await (const part of answer) parts.push(part as Buffer)
      } catch (cause) {
        throw new Fault('unavailable', `${options.server} broke off its answer`, { cause })
      }
      return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(parts).toString() }
    },
    async stream(request) {
      const answer = await send(request)
      return { status: answer.statusCode ?? 0, headers: answer.headers, chunks: answer }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** The lines of a stream of bytes, without their ends. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      yield rest.slice(0, at)
      rest = rest.slice(at + 1)
    }
  }
  if (rest !== '') yield rest
}
