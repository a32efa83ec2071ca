import { connect, createSecureContext, createServer, type PeerCertificate, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import { PeerAnswer, PeerQuestion, ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import { frameReader, writeFrame } from '../../proto/frames.ts'
import type { TlsFiles } from '../../proto/rpc.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Link, LinkListener, FencingLinks } from './links.ts'

/** Servers are dialled by address: every control plane's certificate is for this name too, and no node's is. */
const CONTROL_PLANE_NAME = 'kubernetes'
const NODE_PREFIX = 'system:node:'
/** More than this waits to be sent only where nobody takes it. */
const MOST_WAITING_BYTES = 64 * 1024
const IDLE_MS = 60_000
/** Whoever takes longer to say who it is has nothing to say. */
const HANDSHAKE_MS = 10_000

interface Wire<T> {
  readonly encode: (message: T) => { finish(): Uint8Array }
  readonly decode: (bytes: Uint8Array) => T
}

/** What a node shows to control planes and peers, and whom it trusts; may be renewed. */
export class NodeIdentity {
  #files: TlsFiles
  #context: SecureContext

  constructor(files: TlsFiles) {
    this.#files = files
    this.#context = contextOf(files)
  }

  get files(): TlsFiles {
    return this.#files
  }

  /** Parsed once: a handshake is expensive enough. */
  get context(): SecureContext {
    return this.#context
  }

  renew(files: TlsFiles): void {
    this.#files = files
    this.#context = contextOf(files)
  }
}

const contextOf = ({ ca, cert, key }: TlsFiles): SecureContext => createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' })

export const tlsLinks = (identity: NodeIdentity): FencingLinks => ({
  dialControlPlane: (address, listener) => dial({ address, identity, listener, sent: ToControlPlane, received: ToAgent }),
  dialPeer: ({ name, address }, listener) => dial({ address, identity, listener, sent: PeerQuestion, received: PeerAnswer, expected: `${NODE_PREFIX}${name}` }),
})

interface DialOptions<Out, In> {
  readonly address: string
  readonly identity: NodeIdentity
  readonly listener: LinkListener<In>
  readonly sent: Wire<Out>
  readonly received: Wire<In>
  /** The common name that the other side must show; a control plane shows that it is one. */
  readonly expected?: string
}

function dial<Out, In>({ address, identity, listener, sent, received, expected }: DialOptions<Out, In>): Link<Out> {
  const [host, port] = hostAndPort(address)
  const socket = connect({
    host,
    port,
    secureContext: identity.context,
    servername: CONTROL_PLANE_NAME,
    ...(expected === undefined ? {} : { checkServerIdentity: (_name: string, { subject }: PeerCertificate) => (subject.CN === expected ? undefined : new Error(`${address} shows the certificate of ${String(subject.CN)}, not of ${expected}`)) }),
  })
  let why = 'the other side closed the connection'
  let isOver = false
  const over = (reason: string): void => {
    if (isOver) return
    isOver = true
    socket.destroy()
    listener.onClose(reason)
  }
  const read = frameReader((bytes) => void (isOver || listener.onMessage(received.decode(bytes))))
  socket.setNoDelay(true)
  socket.once('secureConnect', () => void (isOver || listener.onOpen()))
  socket.on('error', (error) => void (why = error.message))
  socket.once('close', () => over(why))
  socket.on('data', (bytes: Buffer) => {
    try {
      read(bytes)
    } catch (error) {
      over(messageOf(error))
    }
  })
  return {
    send(message) {
      if (isOver || socket.writableLength > MOST_WAITING_BYTES) return
      writeFrame(socket, sent.encode(message).finish())
    },
    close() {
      isOver = true
      socket.destroy()
    },
  }
}

function hostAndPort(address: string): readonly [string, number] {
  const at = address.lastIndexOf(':')
  return [address.slice(0, at).replace(/^\[|\]$/g, ''), Number(address.slice(at + 1))]
}

export interface PeerServer {
  readonly port: number
  /** Connections that are open go on as they are. */
  renew(): void
  close(): void
}

export interface PeerServerOptions {
  readonly host: string
  readonly port: number
  readonly identity: NodeIdentity
  readonly answer: (question: PeerQuestion) => PeerAnswer
  /** Who says nothing for so long is gone: peers ask every few seconds at least. */
  readonly idleMs?: number | undefined
}

/** Answers other nodes of the cluster, and nobody else. @throws when the address cannot be listened on. */
export function servePeers({ host, port, identity, answer, idleMs = IDLE_MS }: PeerServerOptions): Promise<PeerServer> {
  const { ca, cert, key } = identity.files
  const server: Server = createServer({ ca, cert, key, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true, handshakeTimeout: Math.min(idleMs, HANDSHAKE_MS) }, (socket) => serve(socket, { answer, idleMs }))
  // One that ends in the middle of a handshake is no trouble of ours; one that does not end it is closed by nobody else.
  server.on('tlsClientError', (_error, socket) => void socket.destroy())
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const at = server.address()
      resolve({
        port: typeof at === 'object' && at !== null ? at.port : port,
        renew() {
          const { ca: authority, cert: certificate, key: secret } = identity.files
          server.setSecureContext({ ca: authority, cert: certificate, key: secret, minVersion: 'TLSv1.3' })
        },
        close() {
          server.close()
          for (const socket of sockets) socket.destroy()
        },
      })
    })
  })
}

function serve(socket: TLSSocket, { answer, idleMs }: Pick<PeerServerOptions, 'answer'> & { readonly idleMs: number }): void {
  socket.on('error', () => socket.destroy())
  socket.setTimeout(idleMs, () => socket.destroy())
  const name: unknown = socket.getPeerCertificate().subject?.CN
  if (typeof name !== 'string' || !name.startsWith(NODE_PREFIX)) return void socket.destroy()
  socket.setNoDelay(true)
  const read = frameReader((bytes) => {
    if (socket.writableLength > MOST_WAITING_BYTES) return
    writeFrame(socket, PeerAnswer.encode(answer(PeerQuestion.decode(bytes))).finish())
  })
  socket.on('data', (bytes: Buffer) => {
    try {
      read(bytes)
    } catch {
      socket.destroy()
    }
  })
}
