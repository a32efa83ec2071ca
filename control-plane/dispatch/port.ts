import type { OpenStream, StreamFrame } from '../../proto/gen/node/v1/session.ts'

export type NodeStreamRequest = NonNullable<OpenStream['request']>

/** Both ends of a stream to a node: frames out and in. */
export interface NodeStream {
  /** Throws `Fault('unavailable')` once the stream is broken. */
  send(frame: StreamFrame): void
  /** Resolves when the link has room for more; absent: it always has. */
  drained?(): Promise<void>
  /** Resolves when more may be sent without piling up in memory. */
  drained?(): Promise<void>
  /** Ends after the agent's `ended` frame or when either side closes; throws `Fault` when the link breaks. */
  readonly incoming: AsyncIterable<StreamFrame>
  close(): void
}

/** How the API server reaches what runs on a node: logs, exec, attach, port-forward, stats. */
export interface NodeStreams {
  /** Throws `Fault('unavailable')` when the node has no session, `Fault('timeout')` when it does not answer. */
  open(nodeName: string, request: NodeStreamRequest, signal: AbortSignal): Promise<NodeStream>
}
