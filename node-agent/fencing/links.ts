/** How a keeper reaches control planes and peers: TLS for real (`tls-links.ts`), a seeded network in simulation. */
import type { PeerAnswer, PeerQuestion, ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'

/** What comes of a dial. Never called before `dial` has returned; nothing comes after `onClose`. */
export interface LinkListener<In> {
  onOpen(): void
  onMessage(message: In): void
  /** It is closed by the other side, broken, or was never open. Not called for one's own `close`. */
  onClose(why: string): void
}

/** One connection, open or about to be. */
export interface Link<Out> {
  /** Never throws, never waits: what cannot be sent is lost. */
  send(message: Out): void
  /** At once. Nothing is heard of it afterwards. */
  close(): void
}

export type Dial<Out, In> = (listener: LinkListener<In>) => Link<Out>

export interface FencingLinks {
  /** @param address host:port */
  dialControlPlane(address: string, listener: LinkListener<ToAgent>): Link<ToControlPlane>
  /** Refuses whoever shows another node's certificate. */
  dialPeer(peer: { readonly name: string; readonly address: string }, listener: LinkListener<PeerAnswer>): Link<PeerQuestion>
}
