/** How the agent reaches the control plane: gRPC for real, a seeded in-memory link in simulation. */
import type { AgentMessage, ServerMessage, StreamFrame, TokenRequest, TokenResponse } from '../../proto/gen/node/v1/session.ts'

export interface Duplex<Out, In> {
  /** Throws `Fault('unavailable')` once the stream is broken. */
  send(message: Out): void
  /** Resolves when more may be sent without piling up in memory; absent: there is always room. */
  drained?(): Promise<void>
  /** Ends when the other side closes, throws `Fault` when the link breaks. */
  readonly incoming: AsyncIterable<In>
  close(): void
}

export interface ControlPlaneLink {
  openSession(signal: AbortSignal): Promise<Duplex<AgentMessage, ServerMessage>>
  openStream(signal: AbortSignal): Promise<Duplex<StreamFrame, StreamFrame>>
  requestToken(request: TokenRequest): Promise<TokenResponse>
}
