import { serveNodes, type Address, type NodeServer, type Peer, type TlsFiles } from '../../proto/rpc.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { createJoin, nodeNameOf, type JoinOptions } from './join.ts'
import type { NodeDoor } from './node-door.ts'

export interface NodeServerOptions {
  readonly door: NodeDoor
  readonly tls: TlsFiles
  readonly join: JoinOptions
  readonly addresses: readonly Address[]
  readonly joinAddresses: readonly Address[]
}

/** The name in the certificates of control planes. */
export const CONTROL_PLANE_NAME = 'gantry-control-plane'

function mustBeControlPlane({ commonName }: Peer): void {
  if (commonName !== CONTROL_PLANE_NAME) throw new Fault('permission', `the certificate of ${commonName ?? 'nobody'} is not a control plane's`)
}

/** Listens for agents and other control planes over mTLS, and for those who have yet to join. */
export function serveNodeDoor({ door, tls, join, addresses, joinAddresses }: NodeServerOptions): Promise<NodeServer> {
  const joining = createJoin(join)
  return serveNodes(
    {
      join: (request) => joining.join(request),
      renew: (request, peer) => joining.renew(request, peer),
      session: async (stream, peer) => door.session(nodeNameOf(peer), stream),
      stream: async (stream, peer) => door.stream(nodeNameOf(peer), stream),
      requestToken: async (request, peer) => door.requestToken(nodeNameOf(peer), request),
      findLeader: async () => door.findLeader(),
      async relay(stream, peer) {
        mustBeControlPlane(peer)
        await door.relay(stream)
      },
    },
    { tls, addresses, joinAddresses },
  )
}
