import type { RestStream } from '../../shared/kit/rest-client.ts'
import type { Target } from '../config/target.ts'
import type { Discovery } from './discovery.ts'

export interface ApiCall {
  readonly method?: string
  readonly path: string
  /** Added to the path; members that are `undefined` are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
}

/** A JSON object of the API, of whatever kind. */
export interface ApiObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly generateName?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly generation?: number
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: ReadonlyArray<{ readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string; readonly controller?: boolean }>
    readonly finalizers?: readonly string[]
    readonly continue?: string
  }
  readonly [field: string]: unknown
}

/** The cluster a command acts on, over one kept connection. */
export interface Cluster extends Disposable {
  readonly target: Target
  readonly namespace: string
  /** What the server answered. @throws StatusProblem when it refused, Fault('unavailable') when it was not there. */
  json<T = ApiObject>(call: ApiCall): Promise<T>
  text(call: ApiCall): Promise<string>
  /** The answer as it comes. @throws as {@link json} */
  stream(call: ApiCall): Promise<RestStream>
  readonly discovery: Discovery
}
