/** The console's server: the page, and the cluster behind it, read-only, for this host alone. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { page, pagePolicy } from '../../dashboard/page.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { RestClient } from '../../shared/kit/rest-client.ts'
import { Problem } from '../program/problem.ts'
import { decide } from './allowed.ts'

export interface ConsoleOptions {
  /** Speaks to the cluster with the kubeconfig's credentials. */
  readonly rest: RestClient
  /** Sent with every request: impersonation. */
  readonly headers: Readonly<Record<string, string>>
  /** 0: any that is free. */
  readonly port: number
}

export interface Console extends Disposable {
  readonly url: string
}

const HOST = '127.0.0.1'
const COMMON = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-resource-policy': 'same-origin' }
/** Should an answer of the cluster be opened as a page, it can do nothing. */
const INERT = "default-src 'none'; sandbox; frame-ancestors 'none'"

/** Listens on the loopback address. @throws Problem when the port is taken. */
export async function serveConsole({ rest, headers, port }: ConsoleOptions): Promise<Console> {
  // Asked for, not imported: no other command pays for it.
  const server = process.getBuiltinModule('node:http').createServer((request, response) => {
    answer({ rest, headers }, request, response).catch(() => response.destroy())
  })
  const bound = await listen(server, port)
  return {
    url: `http://${HOST}:${bound}/`,
    [Symbol.dispose]: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(new Problem(`unable to listen on ${HOST}:${port} (${cause.code ?? cause.message}): give another --port, or 0 for any that is free`, { cause })))
    server.listen(port, HOST, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

async function answer(to: Pick<ConsoleOptions, 'rest' | 'headers'>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const decision = decide({ method: request.method ?? '', url: request.url ?? '', host: request.headers.host, site: request.headers['sec-fetch-site']?.toString() })
  switch (decision.kind) {
    case 'refused':
      response.writeHead(decision.status, { ...COMMON, 'content-type': 'text/plain; charset=utf-8', ...(decision.status === 405 ? { allow: 'GET' } : {}) }).end(`${decision.message}\n`)
      return
    case 'page': {
      const nonce = randomBytes(16).toString('hex')
      response.writeHead(200, { ...COMMON, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy({ nonce }) }).end(page({ nonce }))
      return
    }
    case 'proxy':
      return proxy(to, { path: decision.path, accept: request.headers.accept }, response)
  }
}

interface Wanted {
  readonly path: string
  readonly accept: string | undefined
}

/** The cluster's answer as it comes; when the reader goes away, so does the request. */
async function proxy({ rest, headers }: Pick<ConsoleOptions, 'rest' | 'headers'>, { path, accept }: Wanted, response: ServerResponse): Promise<void> {
  const leaving = new AbortController()
  response.once('close', () => leaving.abort())
  try {
    const answered = await rest.stream({ path, headers: { ...headers, accept: accept ?? 'application/json' }, signal: leaving.signal })
    response.writeHead(answered.status, { ...COMMON, 'content-security-policy': INERT, 'content-type': answered.headers['content-type']?.toString() ?? 'application/octet-stream' })
    response.flushHeaders()
    await pipeline(answered.chunks, response)
  } catch (error) {
    if (leaving.signal.aborted || response.headersSent) return void response.destroy()
    const message = error instanceof Fault ? error.message : 'the cluster gave no answer'
    response.writeHead(502, { ...COMMON, 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
  }
}
