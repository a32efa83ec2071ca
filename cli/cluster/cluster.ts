import type { RestStream } from '../../shared/kit/rest-client.ts'
import type { Target } from '../config/target.ts'
import type { Upload } from '../wire/upload.ts'
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
  /** A long body, in place of `body`: for `stream` alone. */
  readonly upload?: Upload
  /** What would be nice to know, and is not worth waiting for: asked once. */
  readonly once?: boolean
  /** A write that done twice is as if done once: sent again where nobody knows whether it was done. */
  readonly repeatable?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A JSON object of the API, of whatever kind. */
export interface ApiObject {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata?: ApiMetadata | undefined
  readonly [field: string]: unknown
}

export interface ApiMetadata {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly generateName?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly generation?: number | undefined
  readonly creationTimestamp?: string | null | undefined
  readonly deletionTimestamp?: string | undefined
  readonly deletionGracePeriodSeconds?: number | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly ownerReferences?: ReadonlyArray<{ readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string; readonly controller?: boolean | undefined }> | undefined
  readonly finalizers?: readonly string[] | undefined
  readonly continue?: string | undefined
}

/** The cluster a command acts on, over one kept connection. */
export interface Cluster extends Disposable {
  readonly target: Target
  readonly namespace: string
  /**
   * What the server answered. A server that is away for a moment is borne with, see `patience.ts`.
   * @throws StatusProblem when it refused, Fault('unavailable') when it was not there, UnknownOutcome when a write's answer never came
   */
  json<T = ApiObject>(call: ApiCall): Promise<T>
  text(call: ApiCall): Promise<string>
  /** The answer as it comes. @throws as {@link json} */
  stream(call: ApiCall): Promise<RestStream>
  readonly discovery: Discovery
  /** A line for the person at the keyboard, beside the output. */
  note(line: string): void
}
