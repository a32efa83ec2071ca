import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { CallLimit } from './call-limit.ts'
import { Endpoints } from './etcd-endpoints.ts'
import { isFailure, isNeverSent } from './etcd-errors.ts'
import { GrpcConnection, type GrpcStream, type StreamListener } from './etcd-grpc/connection.ts'
import type { Method } from './etcd-grpc/messages.ts'

/** Where etcd is and who we are to it. */
export interface EtcdAddress {
  /** `http://127.0.0.1:2379`, `https://…`, or `unix:/run/etcd.sock`. With several, each call takes the first that works: the nearest comes first. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTls | undefined
  /** How long one call may take; 5 s by default. */
  readonly callMs?: number | undefined
  /** As it may become where calls take long; {@link callMs} by default. */
  readonly longestCallMs?: number | undefined
  /** With several endpoints: one that keeps a call waiting for longer is passed over while another does not. No bound by default. */
  readonly patienceMs?: number | undefined
}

export interface EtcdTls {
  /** PEM texts. */
  readonly ca: string
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The DNS name that the servers' certificates carry, for endpoints that are IP addresses (TLS asks for it by name); `localhost` by default. */
  readonly serverName?: string | undefined
}

export interface EtcdClient {
  /** Throws `GrpcError` or `Fault`. Nothing is tried twice that may have been sent: that is the caller's to decide. */
  call<Q, A>(method: Method<Q, A>, request: Q): Promise<A>
  /** A call that goes on. */
  stream(path: string, listener: StreamListener): GrpcStream
  close(): void
}

/** For one call, if nothing else is said. */
export const DEFAULT_CALL_MS = 5000

/** Connects at the first call, and again at the first one after a connection broke. */
export function openEtcd({ endpoints, tls, callMs = DEFAULT_CALL_MS, longestCallMs, patienceMs }: EtcdAddress, clock: Clock): EtcdClient {
  const limit = new CallLimit(callMs, longestCallMs)
  const turns = new Endpoints(endpoints.length, clock, patienceMs)
  const connections = endpoints.map((endpoint) => new GrpcConnection({ endpoint, tls: tls && tlsFor(endpoint, tls), clock, silenceMs: Math.max(3000, 0.6 * callMs) }))
  const next = (): number => {
    const index = connections.findIndex((_, at) => turns.isNext(at))
    if (index < 0) throw new Fault('unavailable', 'etcd, which keeps all objects, cannot be reached (its members failed a moment ago)')
    return index
  }
  const at = (index: number): GrpcConnection => connections[index] as GrpcConnection
  const timed = async <Q, A>(connection: GrpcConnection, method: Method<Q, A>, request: Q): Promise<A> => {
    const begunMs = clock.monotonicMs()
    try {
      return await connection.call(method, request, limit.ms())
    } finally {
      limit.note(clock.monotonicMs() - begunMs)
    }
  }
  return {
    async call(method, request) {
      if (connections.length === 1) return await timed(at(0), method, request)
      for (let tries = 1; ; tries++) {
        try {
          const index = next()
          return await turns.run(index, () => timed(at(index), method, request), isFailure)
        } catch (error) {
          // What was never sent may be sent to another endpoint.
          if (tries >= connections.length || !isNeverSent(error)) throw error
        }
      }
    },
    stream: (path, listener) => at(connections.length === 1 ? 0 : next()).stream(path, listener),
    close() {
      for (const connection of connections) connection.close()
    },
  }
}

/** An endpoint that is an IP address, version 4 or in brackets, is asked for by name. */
const tlsFor = (endpoint: string, { ca, cert, key, serverName }: EtcdTls) => ({
  ca,
  ...(cert !== undefined && { cert }),
  ...(key !== undefined && { key }),
  ...(/^(?:https?:\/\/)?(?:\[|\d+\.\d+\.\d+\.\d+(?:$|[:/]))/.test(endpoint) && { servername: serverName ?? 'localhost' }),
})
