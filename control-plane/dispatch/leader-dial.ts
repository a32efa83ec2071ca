import type { RelayMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import { dialControlPlane, parseAddress, type Duplex, type NodeConnection, type TlsFiles } from '../../proto/rpc.ts'

/** One connection to whoever leads, kept while that is the same. */
export interface LeaderDial extends Disposable {
  relay(address: string, signal: AbortSignal): Duplex<RelayMessage, StreamFrame>
}

export function createLeaderDial(tls: TlsFiles): LeaderDial {
  let known: { readonly address: string; readonly connection: NodeConnection } | undefined
  return {
    relay(address, signal) {
      if (known?.address !== address) {
        known?.connection.close()
        known = { address, connection: dialControlPlane(parseAddress(address), tls) }
      }
      return known.connection.relay(signal)
    },
    [Symbol.dispose]: () => known?.connection.close(),
  }
}
