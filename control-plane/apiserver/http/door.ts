/**
 * The API server's door to the network: HTTPS (HTTP/1.1, kept alive) with optional client certificates, on one or several addresses.
 * Ordinary requests go through express to `handle`; exec, attach and port-forward leave HTTP and are served by `streaming/`.
 */
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { DEFAULT_CIPHERS } from 'node:tls'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../../shared/kit/clock.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../../shared/kit/faults.ts'
import type { Log } from '../../../shared/kit/log.ts'
import { createMetrics, type Metrics } from '../../../shared/kit/metrics.ts'
import { systemRandom, type Random } from '../../../shared/kit/random.ts'
import type { Authenticate } from '../authn/authn.ts'
import type { Handle } from '../request.ts'
import { requestMetrics } from './request-metrics.ts'
import { serveRequest, type ServeContext } from './serve-request.ts'
import { serveUpgrade } from './serve-upgrade.ts'

export interface TlsMaterial {
  /** PEM. */
  readonly key: string
  readonly certificate: string
  /** PEM bundle of the authorities whose client certificates are believed. */
  readonly clientAuthorities: string
}

export interface ListenAddress {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export interface ApiDoorOptions {
  readonly handle: Handle
  readonly tls: TlsMaterial
  readonly authenticate: Authenticate
  readonly log: Log
  readonly clock: Clock
  readonly listen: readonly ListenAddress[]
  readonly random?: Random
  readonly metrics?: Metrics
}

export interface ApiDoor extends AsyncDisposable {
  /** Where it really listens, in the order of `listen`. */
  readonly addresses: readonly ListenAddress[]
  /** The first of them. */
  readonly address: ListenAddress
  /** For new connections from now on, when certificates are replaced. */
  renewTls(tls: TlsMaterial): void
  /** Ends watches and streams cleanly, lets requests under way finish (2 s), then closes what is left. */
  close(): Promise<void>
}

/** Loads what the door needs (50 to 150 ms): started early, it is over when the storage is ready. Calling it is not required. */
export async function preloadApiDoor(): Promise<void> {
  await Promise.all([import('express'), import('ws')])
}

/** How long an unused connection is kept, as Go's client and server have it. */
const IDLE_MS = 90_000
const CLOSE_GRACE_MS = 2_000

/** Resolves when all addresses listen. Throws `Fault('unavailable')` when one is taken. */
export async function createApiDoor(options: ApiDoorOptions): Promise<ApiDoor> {
  const stopping = new AbortController()
  const upgraded = new Set<Duplex>()
  const context: ServeContext = { ...options, random: options.random ?? systemRandom, metrics: requestMetrics(options.metrics ?? createMetrics()), stopping: stopping.signal }
  const listener = await listenerFor(context)
  const servers = options.listen.map(() => newServer(options.tls, { listener, context, upgraded }))
  try {
    await Promise.all(servers.map((server, index) => listening(server, options.listen[index] ?? { host: '127.0.0.1', port: 0 })))
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
  const addresses = servers.map((server) => {
    const { address, port } = server.address() as AddressInfo
    return { host: address, port }
  })
  const close = (): Promise<void> => closeAll(servers, { stopping, upgraded, clock: options.clock })
  return {
    addresses,
    address: addresses[0] ?? { host: '', port: 0 },
    renewTls: (tls) => servers.forEach((server) => server.setSecureContext(secureContext(tls))),
    close,
    [Symbol.asyncDispose]: close,
  }
}

type Listener = (incoming: IncomingMessage, response: ServerResponse) => void

/** What is about resources goes straight to the core, whose routes are made from the registry; the pages around it go through express. */
async function listenerFor(context: ServeContext): Promise<Listener> {
  const pages = await expressListener(context)
  return (incoming, response) => (/^\/apis?\//.test(incoming.url ?? '') ? void serveRequest(incoming, response, context) : pages(incoming, response))
}

async function expressListener(context: ServeContext): Promise<Listener> {
  const { default: express } = await import('express')
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use((incoming, response) => void serveRequest(incoming, response, context))
  return app
}

/** The cheapest first, as Go's servers have it: long lists are mostly encryption. All others are taken, too. */
const FIRST_CIPHER = 'TLS_AES_128_GCM_SHA256'
const ciphers = [FIRST_CIPHER, ...DEFAULT_CIPHERS.split(':').filter((name) => name !== FIRST_CIPHER)].join(':')

const secureContext = (tls: TlsMaterial): { key: string; cert: string; ca: string; ciphers: string; honorCipherOrder: true } => ({ key: tls.key, cert: tls.certificate, ca: tls.clientAuthorities, ciphers, honorCipherOrder: true })

interface ServerParts {
  readonly listener: Listener
  readonly context: ServeContext
  readonly upgraded: Set<Duplex>
}

function newServer(tls: TlsMaterial, { listener, context, upgraded }: ServerParts): Server {
  const server = createServer({ ...secureContext(tls), requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2', keepAlive: true, keepAliveInitialDelay: 30_000 }, listener)
  server.keepAliveTimeout = IDLE_MS
  server.on('tlsClientError', (error) => context.log.debug({ err: messageOf(error) }, 'a TLS handshake failed'))
  server.on('upgrade', (incoming, socket, head) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    void serveUpgrade({ incoming, socket, head }, context)
  })
  return server
}

function listening(server: Server, at: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(new Fault('unavailable', `cannot listen on ${at.host}:${at.port}: ${cause.message}`, { cause })))
    server.listen(at.port, at.host, resolve)
  })
}

interface Closing {
  readonly stopping: AbortController
  readonly upgraded: ReadonlySet<Duplex>
  readonly clock: Clock
}

async function closeAll(servers: readonly Server[], { stopping, upgraded, clock }: Closing): Promise<void> {
  const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  stopping.abort(new Error('the server is shutting down'))
  for (const server of servers) server.closeIdleConnections()
  const waiting = new AbortController()
  const graceOver = sleep(clock, CLOSE_GRACE_MS, waiting.signal).catch(() => {})
  await Promise.race([closed, graceOver])
  waiting.abort()
  for (const socket of upgraded) socket.destroy()
  for (const server of servers) server.closeAllConnections()
  await closed
}
