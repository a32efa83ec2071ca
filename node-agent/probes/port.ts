import type { HTTPHeader } from '../../shared/model/gen/api.ts'
import type { ProbeResult } from './threshold.ts'

export interface HttpTarget {
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly host: string
  readonly port: number
  /** As written in the object, with its query. */
  readonly path: string
  readonly headers: readonly HTTPHeader[]
}

export interface GrpcTarget {
  readonly host: string
  readonly port: number
  /** Empty: the server as a whole. */
  readonly service: string
}

export interface ProbeLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** How probes and hooks reach into a pod over the network. */
export interface ProbeNetwork {
  /** 200–399 succeeds. Redirects on the same host are followed; one to another host is a `warning`. */
  http(target: HttpTarget, limits: ProbeLimits): Promise<ProbeResult>
  tcp(target: { readonly host: string; readonly port: number }, limits: ProbeLimits): Promise<ProbeResult>
  /** `grpc.health.v1.Health/Check`, in the clear: SERVING succeeds. */
  grpc(target: GrpcTarget, limits: ProbeLimits): Promise<ProbeResult>
}
