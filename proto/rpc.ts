/**
 * The one door to gRPC for both halves: calls as plain values, `AsyncIterable`s and `AbortSignal`s, errors as `Fault`s.
 * Wire types are made from `node/v1/session.proto` by the bootstrap.
 */
import { credentials, Metadata, Server, ServerCredentials, status, type ClientDuplexStream, type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall, type ServiceError } from '@grpc/grpc-js'
import { channel } from '../shared/kit/channel.ts'
import { Fault, isFault, messageOf, type FaultCode } from '../shared/kit/faults.ts'
import {
  NodeServiceClient,
  NodeServiceService,
  type AgentMessage,
  type JoinRequest,
  type JoinResponse,
  type LeaderRequest,
  type LeaderResponse,
  type NodeServiceServer,
  type RelayMessage,
  type RenewRequest,
  type ServerMessage,
  type StreamFrame,
  type TokenRequest,
  type TokenResponse,
} from './gen/node/v1/session.ts'

/** Both directions of a stream, seen from one side. */
export interface Duplex<Out, In> {
  /** Throws `Fault('unavailable')` once the stream is broken. */
  send(message: Out): void
  /** Resolves when the other side has taken enough of what was sent for more to make sense. */
  drained(): Promise<void>
  /** Ends when the other side closes; throws a `Fault` when the link breaks. */
  readonly incoming: AsyncIterable<In>
  close(): void
}

/** Who calls, by the certificate shown; `undefined` when none was (Join alone allows that). */
export interface Peer {
  readonly commonName: string | undefined
}

export interface NodeServiceHandlers {
  join(request: JoinRequest, peer: Peer): Promise<JoinResponse>
  renew(request: RenewRequest, peer: Peer): Promise<JoinResponse>
  session(stream: Duplex<ServerMessage, AgentMessage>, peer: Peer): Promise<void>
  stream(stream: Duplex<StreamFrame, StreamFrame>, peer: Peer): Promise<void>
  requestToken(request: TokenRequest, peer: Peer): Promise<TokenResponse>
  findLeader(): Promise<LeaderResponse>
  relay(stream: Duplex<StreamFrame, RelayMessage>, peer: Peer): Promise<void>
}

export interface TlsFiles {
  /** PEM texts. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Pings notice a link that died silently; one message may carry all assignments of a node. */
const OPTIONS = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': 256 * 1024 * 1024,
  'grpc.max_send_message_length': 256 * 1024 * 1024,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 250,
  'grpc.enable_retries': 0,
} as const

/** A token, a name and a certificate request, in bytes. */
const LONGEST_JOIN = 64 * 1024

/** Servers are dialled by address, which TLS may not send as a server name: every control plane's certificate is for this name too. */
const CLIENT_OPTIONS = { ...OPTIONS, 'grpc.ssl_target_name_override': 'kubernetes', 'grpc.default_authority': 'kubernetes' } as const

const GRPC_TO_FAULT: Readonly<Partial<Record<number, FaultCode>>> = {
  [status.UNAVAILABLE]: 'unavailable',
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.CANCELLED]: 'cancelled',
  [status.NOT_FOUND]: 'not-found',
  [status.ALREADY_EXISTS]: 'already-exists',
  [status.PERMISSION_DENIED]: 'permission',
  [status.UNAUTHENTICATED]: 'permission',
  [status.INVALID_ARGUMENT]: 'invalid',
  [status.RESOURCE_EXHAUSTED]: 'exhausted',
  [status.ABORTED]: 'conflict',
  [status.UNIMPLEMENTED]: 'unsupported',
}

const FAULT_TO_GRPC: Readonly<Partial<Record<FaultCode, number>>> = {
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  permission: status.PERMISSION_DENIED,
  invalid: status.INVALID_ARGUMENT,
  exhausted: status.RESOURCE_EXHAUSTED,
  conflict: status.ABORTED,
  unsupported: status.UNIMPLEMENTED,
}

function faultFrom(error: unknown): Fault {
  if (isFault(error)) return error
  const code = (error as Partial<ServiceError>).code
  return new Fault((typeof code === 'number' ? GRPC_TO_FAULT[code] : undefined) ?? 'internal', (error as Partial<ServiceError>).details ?? messageOf(error), { cause: error })
}

const grpcError = (error: unknown): { readonly code: number; readonly details: string } => ({ code: (isFault(error) ? FAULT_TO_GRPC[error.code] : undefined) ?? status.INTERNAL, details: messageOf(error) })

interface AnyStream<Out, In> {
  write(message: Out): boolean
  end(): void
  on(event: 'data', listener: (message: In) => void): unknown
  on(event: 'end' | 'drain' | 'close' | 'cancelled', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
}

/** How many messages may wait in memory for a slow consumer before the stream is paused. */
const HIGH_WATER = 256

function duplexOf<Out, In>(call: AnyStream<Out, In>, cancel: () => void): Duplex<Out, In> {
  const incoming = channel<In>()
  let broken: Fault | undefined
  let closed = false
  const waiting: Array<() => void> = []
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  let full = false
  const fail = (fault?: Fault): void => {
    broken ??= fault ?? new Fault('unavailable', 'the stream has ended')
    incoming.close(fault)
    release()
  }
  call.on('data', (message) => {
    incoming.push(message)
    if (incoming.size >= HIGH_WATER) call.pause()
  })
  call.on('end', () => fail())
  call.on('cancelled', () => fail(new Fault('cancelled', 'the other side went away')))
  call.on('error', (error) => fail(faultFrom(error)))
  call.on('drain', () => {
    full = false
    release()
  })
  return {
    send(message) {
      if (broken) throw broken
      if (closed) throw new Fault('unavailable', 'the stream is closed')
      full = !call.write(message)
    },
    drained: () => (full && !broken ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve()),
    incoming: {
      async *[Symbol.asyncIterator]() {
        for await (const message of incoming) {
          if (incoming.size < HIGH_WATER / 2) call.resume()
          yield message
        }
      },
    },
    close() {
      if (closed) return
      closed = true
      try {
        call.end()
      } catch {
        // The call is over already.
      }
      cancel()
    },
  }
}

interface WithAuth {
  getAuthContext(): { readonly sslPeerCertificate?: { readonly subject?: { readonly CN?: string | string[] } } } | null
}

function peerOf(call: WithAuth): Peer {
  const name = call.getAuthContext()?.sslPeerCertificate?.subject?.CN
  return { commonName: Array.isArray(name) ? name[0] : name }
}

function unary<Request, Response>(work: (request: Request, peer: Peer) => Promise<Response>) {
  return async (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): Promise<void> => {
    try {
      answer(null, await work(call.request, peerOf(call as unknown as WithAuth)))
    } catch (error) {
      answer(grpcError(error))
    }
  }
}

function bidirectional<In, Out>(work: (stream: Duplex<Out, In>, peer: Peer) => Promise<void>) {
  return (call: ServerDuplexStream<In, Out>): void => {
    const stream = duplexOf<Out, In>(call as AnyStream<Out, In>, () => {})
    work(stream, peerOf(call as unknown as WithAuth)).then(
      () => stream.close(),
      (error: unknown) => call.emit('error', { ...grpcError(error), metadata: new Metadata() }),
    )
  }
}

export interface NodeServer extends AsyncDisposable {
  /** Where it listens, after port 0 was resolved. */
  readonly addresses: ReadonlyArray<{ readonly host: string; readonly port: number }>
  close(): Promise<void>
}

/**
 * Serves the node protocol: on `addresses` to peers with a certificate of the cluster's CA, on `joinAddresses` (Join alone) to anyone.
 * @throws Fault('unavailable') naming the address that cannot be listened on.
 */
export async function serveNodes(handlers: NodeServiceHandlers, options: { readonly tls: TlsFiles; readonly addresses: readonly Address[]; readonly joinAddresses: readonly Address[] }): Promise<NodeServer> {
  const server = new Server(OPTIONS)
  const authenticated = <Rest extends readonly unknown[], R>(work: (...rest: Rest) => Promise<R>) => (...rest: Rest): Promise<R> => {
    const peer = rest[1] as Peer
    return peer.commonName === undefined ? Promise.reject(new Fault('permission', 'a client certificate of the cluster is needed: join first')) : work(...rest)
  }
  const implementation = {
    renew: unary(authenticated(handlers.renew)),
    session: bidirectional(authenticated(handlers.session)),
    stream: bidirectional(authenticated(handlers.stream)),
    requestToken: unary(authenticated(handlers.requestToken)),
    findLeader: unary(authenticated((_request: LeaderRequest, _peer: Peer) => handlers.findLeader())),
    relay: bidirectional(authenticated(handlers.relay)),
  } as unknown as NodeServiceServer
  server.addService(NodeServiceService, implementation)
  // Who has no certificate is listened to for one short question, and nothing more.
  const joins = new Server({ ...OPTIONS, 'grpc.max_receive_message_length': LONGEST_JOIN })
  joins.addService(NodeServiceService, { join: unary(handlers.join) } as unknown as NodeServiceServer)
  const pairs = [{ private_key: Buffer.from(options.tls.key), cert_chain: Buffer.from(options.tls.cert + options.tls.ca) }]
  const mutual = ServerCredentials.createSsl(Buffer.from(options.tls.ca), pairs, true)
  const open = ServerCredentials.createSsl(Buffer.from(options.tls.ca), pairs, false)
  const addresses = await Promise.all(options.addresses.map(async (address) => ({ host: address.host, port: await bind({ server, address, how: mutual }) })))
  await Promise.all(options.joinAddresses.map((address) => bind({ server: joins, address, how: open })))
  const close = (): Promise<void> => {
    server.forceShutdown()
    joins.forceShutdown()
    return Promise.resolve()
  }
  return { addresses, close, [Symbol.asyncDispose]: close }
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** `host:port`, as leaders are named. */
export function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

function bind({ server, address, how }: { readonly server: Server; readonly address: Address; readonly how: ServerCredentials }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address.host}:${address.port}`, how, (error, port) => {
      if (error) reject(new Fault('unavailable', `cannot listen on ${address.host}:${address.port} for nodes: ${error.message}`, { cause: error }))
      else resolve(port)
    })
  })
}

export interface NodeConnection {
  session(signal: AbortSignal): Duplex<AgentMessage, ServerMessage>
  stream(signal: AbortSignal): Duplex<StreamFrame, StreamFrame>
  requestToken(request: TokenRequest): Promise<TokenResponse>
  renew(request: RenewRequest): Promise<JoinResponse>
  /** Throws `Fault('unavailable' | 'timeout')` when there is no answer within `ms`. */
  findLeader(ms: number): Promise<LeaderResponse>
  /** For control planes. */
  relay(signal: AbortSignal): Duplex<RelayMessage, StreamFrame>
  close(): void
}

/** Dials the control plane. Connecting happens with the first call; each call fails by itself with a `Fault`. */
export function dialControlPlane(address: Address, tls: TlsFiles): NodeConnection {
  const client = new NodeServiceClient(`${address.host}:${address.port}`, credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert)), CLIENT_OPTIONS)
  const opened = <Out, In>(call: ClientDuplexStream<Out, In>, signal: AbortSignal): Duplex<Out, In> => {
    const cancel = (): void => call.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    return duplexOf<Out, In>(call as AnyStream<Out, In>, () => signal.removeEventListener('abort', cancel))
  }
  return {
    session: (signal) => opened(client.session(), signal),
    stream: (signal) => opened(client.stream(), signal),
    requestToken: (request) => called((done) => client.requestToken(request, new Metadata(), deadline(10_000), done)),
    renew: (request) => called((done) => client.renew(request, new Metadata(), deadline(10_000), done)),
    findLeader: (ms) => called((done) => client.findLeader({}, new Metadata(), deadline(ms), done)),
    relay: (signal) => opened(client.relay(), signal),
    close: () => client.close(),
  }
}

/** The one call that needs no certificate of one's own. */
export async function joinCluster(address: Address, ca: string, request: JoinRequest): Promise<JoinResponse> {
  const client = new NodeServiceClient(`${address.host}:${address.port}`, credentials.createSsl(Buffer.from(ca)), CLIENT_OPTIONS)
  try {
    return await called<JoinResponse>((done) => client.join(request, new Metadata(), deadline(10_000), done))
  } finally {
    client.close()
  }
}

const deadline = (ms: number): { readonly deadline: number } => ({ deadline: Date.now() + ms })

function called<Response>(call: (done: (error: ServiceError | null, response: Response) => void) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(faultFrom(error)) : resolve(response)))
  })
}
