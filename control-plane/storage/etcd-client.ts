import { Etcd3, isRecoverableError, type IOptions } from 'etcd3'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { CallLimit } from './call-limit.ts'
import { Endpoints } from './etcd-endpoints.ts'
import { isNeverSent, isOfLeaderChange } from './etcd-errors.ts'

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
  /** The DNS name that the servers' certificates carry, for endpoints that are IP addresses (gRPC asks for the address by name, which Node refuses); `localhost` by default. */
  readonly serverName?: string | undefined
}

export type EtcdClient = Etcd3

/** For one call, if nothing else is said. */
export const DEFAULT_CALL_MS = 5000

/**
 * The library's client without its own ideas about failure: it tries nothing twice that may have been sent (that is the caller's to
 * decide) and comes back quickly after a broken connection. Connects at the first call.
 */
export function openEtcd({ endpoints, tls, callMs = DEFAULT_CALL_MS, longestCallMs, patienceMs }: EtcdAddress, clock: Clock): EtcdClient {
  const limit = new CallLimit(callMs, longestCallMs)
  const turns = new Endpoints(endpoints.length, clock, patienceMs)
  const timed = async <T>(work: () => PromiseLike<T> | T): Promise<T> => {
    const begunMs = clock.monotonicMs()
    try {
      return await work()
    } finally {
      limit.note(clock.monotonicMs() - begunMs)
    }
  }
  return new Etcd3({
    hosts: [...endpoints],
    ...(tls && { credentials: { rootCertificate: Buffer.from(tls.ca), ...(tls.key && { privateKey: Buffer.from(tls.key) }), ...(tls.cert && { certChain: Buffer.from(tls.cert) }) } }),
    defaultCallOptions: (context) => (context.isStream ? {} : { deadline: clock.nowMs() + limit.ms() }),
    faultHandling: endpoints.length > 1 ? { global: elsewhere(endpoints.length), host: (host) => inTurn(turns, endpoints.indexOf(host), timed) } : { global: policy((work) => work()), host: () => policy(timed) },
    grpcOptions: {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': 10_000,
      // Who may take long to answer may be silent for long.
      'grpc.keepalive_timeout_ms': Math.max(3000, 0.6 * callMs),
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
      ...(tls && endpoints.some(isAddress) && { 'grpc.ssl_target_name_override': tls.serverName ?? 'localhost' }),
    },
  })
}

/** An IPv4 address, or an IPv6 one in brackets. */
const isAddress = (endpoint: string): boolean => /^(?:https?:\/\/)?(?:\[|\d+\.\d+\.\d+\.\d+(?:$|[:/]))/.test(endpoint)

type FaultPolicy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>

/** The shape of a policy as the library wants it. */
function policy(run: <T>(work: () => PromiseLike<T> | T) => PromiseLike<T> | T): FaultPolicy {
  const never = (): { dispose(): void } => ({ dispose: () => {} })
  const execute = async <T>(work: (context: { signal: AbortSignal }) => PromiseLike<T> | T, signal = new AbortController().signal): Promise<T> => await run(() => work({ signal }))
  return { onSuccess: never, onFailure: never, execute } as unknown as FaultPolicy
}

/** What was never sent may be sent to another endpoint. */
function elsewhere(endpoints: number): FaultPolicy {
  return policy(async (work) => {
    for (let tries = 1; ; tries++) {
      try {
        return await work()
      } catch (error) {
        if (tries >= endpoints || !isNeverSent(error)) throw error
      }
    }
  })
}

/** Refuses what should take another endpoint: the library then goes on to the next. */
function inTurn(endpoints: Endpoints, index: number, timed: <T>(work: () => PromiseLike<T> | T) => Promise<T>): FaultPolicy {
  return policy(async (work) => {
    if (!endpoints.isNext(index)) throw new Fault('unavailable', 'etcd, which keeps all objects, cannot be reached (its members failed a moment ago)')
    return await endpoints.run(index, () => timed(work), (error) => error instanceof Error && isRecoverableError(error) && !isOfLeaderChange(error))
  })
}
