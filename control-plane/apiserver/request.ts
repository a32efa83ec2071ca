/** What goes into and comes out of the API server's core, whatever door it came through. */
import type { NodeStream } from '../dispatch/port.ts'

export interface User {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface ApiRequest {
  readonly method: string
  /** Decoded path without query: `/api/v1/namespaces/x/pods`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  readonly user: User
  readonly remoteAddress: string
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
}

export interface BodyResponse {
  readonly kind: 'body'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly warnings?: readonly string[]
  readonly body: string | Uint8Array
  /** The same bytes as `body`, which is not made before somebody asks for it: pieces that many answers share. */
  readonly pieces?: readonly Uint8Array[]
}

export type ApiResponse =
  | BodyResponse
  /** Watches and logs: chunks are sent as they come. */
  | { readonly kind: 'stream'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly warnings?: readonly string[]; readonly chunks: AsyncIterable<string | Uint8Array>; /** What is said when the server shuts down in the midst of it; the connection breaks then. Absent: it ends as if it were done. */ readonly interrupted?: string }
  /** exec, attach, port-forward: the door speaks WebSocket or SPDY/3.1 with the client and frames with the node. */
  | { readonly kind: 'upgrade'; readonly upgrade: Upgrade }
  /** Another server's to answer: the door passes the request on as it came, its body unread, and the answer back. */
  | { readonly kind: 'proxy'; readonly target: ProxyTarget }

/** A server that is reached through its node. */
export interface ProxyTarget {
  readonly scheme: 'http' | 'https'
  /** `10.244.1.5:8080`: what its own links call it. */
  readonly host: string
  /** Decoded; what follows `proxy`, with its slash, or nothing. */
  readonly path: string
  /** A connection to it. Throws `ApiError` whose message says why there is none. */
  dial(signal: AbortSignal): Promise<NodeStream>
}

export type Upgrade =
  | { readonly kind: 'exec' | 'attach'; readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean; readonly tty: boolean; open(signal: AbortSignal): Promise<NodeStream> }
  | { readonly kind: 'portforward'; openPort(port: number, signal: AbortSignal): Promise<NodeStream> }

/** The core: authorize, admit, default, validate, store. Never throws for what a client did; a thrown error is a bug and becomes a 500. */
export type Handle = (request: ApiRequest) => Promise<ApiResponse>
