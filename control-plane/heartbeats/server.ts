/** Where agents' keepers connect, and control planes that hand on what agents say to them: mutual TLS, frames, the tracker behind. */
import { createServer, type TLSSocket } from 'node:tls'
import { frameReader, writeFrame } from '../../proto/frames.ts'
import { ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { TlsFiles } from '../../proto/rpc.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { HeartbeatPeer, HeartbeatTracker } from './tracker.ts'

export interface HeartbeatAddress {
  readonly host: string
  /** 0: any. */
  readonly port: number
}

export interface HeartbeatServerOptions {
  readonly addresses: readonly HeartbeatAddress[]
  readonly tls: TlsFiles
  readonly tracker: HeartbeatTracker
  /** Sentences for the log. */
  readonly onTrouble: (message: string) => void
}

export interface HeartbeatServer {
  readonly ports: readonly number[]
  close(): void
}

const NODE_PREFIX = 'system:node:'
/** The name in the certificates of control planes. */
const CONTROL_PLANE_NAME = 'gantry-control-plane'
/** Who sends nothing for so long is gone, and nobody said so. */
const IDLE_MS = 30_000
/** Whoever takes longer to say who it is has nothing to say. */
const HANDSHAKE_MS = 10_000
/** More than this waits only where nobody reads. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024

/** @throws when an address cannot be listened on. */
export async function serveHeartbeats({ addresses, tls, tracker, onTrouble }: HeartbeatServerOptions): Promise<HeartbeatServer> {
  const sockets = new Set<{ destroy(): void }>()
  const listen = ({ host, port }: HeartbeatAddress) => {
    const server = createServer({ ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true, handshakeTimeout: HANDSHAKE_MS }, (socket) => attend(socket, tracker, onTrouble))
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    // Scanners, and whoever breaks off in the middle of a handshake or never ends it: nobody else closes these.
    server.on('tlsClientError', (_error, socket) => void socket.destroy())
    return new Promise<{ readonly port: number; close(): void }>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        const at = server.address()
        resolve({ port: typeof at === 'object' && at !== null ? at.port : port, close: () => void server.close() })
      })
    })
  }
  const servers = await Promise.all(addresses.map(listen))
  return {
    ports: servers.map(({ port }) => port),
    close() {
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function peerOf(socket: TLSSocket): HeartbeatPeer | undefined {
  const name: unknown = socket.getPeerCertificate().subject?.CN
  if (typeof name !== 'string') return undefined
  if (name.startsWith(NODE_PREFIX)) return { kind: 'node', nodeName: name.slice(NODE_PREFIX.length) }
  return name === CONTROL_PLANE_NAME ? { kind: 'control-plane' } : undefined
}

function attend(socket: TLSSocket, tracker: HeartbeatTracker, onTrouble: (message: string) => void): void {
  socket.on('error', () => socket.destroy())
  const peer = peerOf(socket)
  if (!peer) return void socket.destroy()
  socket.setNoDelay(true)
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  const connection = tracker.connect(peer, (message) => {
    if (socket.destroyed) return
    if (socket.writableLength > MOST_WAITING_BYTES) return void socket.destroy()
    writeFrame(socket, ToAgent.encode(message).finish())
  })
  const read = frameReader((bytes) => void (socket.destroyed || connection.take(ToControlPlane.decode(bytes))))
  socket.on('data', (bytes: Buffer) => {
    try {
      read(bytes)
    } catch (error) {
      onTrouble(`heartbeats of ${peer.kind === 'node' ? `node ${peer.nodeName}` : 'another control plane'} are not taken: ${messageOf(error)}`)
      socket.destroy()
    }
  })
  socket.once('close', () => connection.closed())
}
