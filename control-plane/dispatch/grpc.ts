import { serveNodes, type Address, type NodeServer, type TlsFiles } from '../../proto/rpc.ts'
import type { Dispatch } from './dispatch.ts'
import { createJoin, nodeNameOf, type JoinOptions } from './join.ts'

export interface DispatchServerOptions {
  readonly dispatch: Dispatch
  readonly tls: TlsFiles
  readonly join: JoinOptions
  readonly addresses: readonly Address[]
  readonly joinAddresses: readonly Address[]
}

/** Listens for agents over mTLS, and for those who have yet to join. */
export function serveDispatch({ dispatch, tls, join, addresses, joinAddresses }: DispatchServerOptions): Promise<NodeServer> {
  const joining = createJoin(join)
  return serveNodes(
    {
      join: (request) => joining.join(request),
      renew: (request, peer) => joining.renew(request, peer),
      session: (stream, peer) => dispatch.session(nodeNameOf(peer), stream),
      stream: (stream, peer) => dispatch.stream(nodeNameOf(peer), stream),
      requestToken: (request, peer) => dispatch.requestToken(nodeNameOf(peer), request),
    },
    { tls, addresses, joinAddresses },
  )
}
