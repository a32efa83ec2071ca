import type { JoinRequest, JoinResponse, RenewRequest } from '../../proto/gen/node/v1/session.ts'
import type { Peer } from '../../proto/rpc.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { isDns1123Subdomain } from './node-name.ts'

/** Signs a certificate request for a node: answers the certificate, PEM. */
export type SignNode = (request: { readonly nodeName: string; readonly certificateRequest: string }) => Promise<string>

export interface JoinOptions {
  readonly ca: string
  readonly sign: SignNode
  /** What the secret part of a join token is worth. */
  readonly check: (secret: string) => 'valid' | 'expired' | 'unknown'
  /** Whether the node's agent gives signs of life: then whoever asks for its name is somebody else. */
  readonly isSeen: (nodeName: string) => boolean
  /** Told of each that asks for the name of somebody who lives. */
  readonly onTaken?: ((nodeName: string, message: string) => void) | undefined
}

/** Prefix of node certificates' common names, as Kubernetes' node authorizer expects. */
export const NODE_USER_PREFIX = 'system:node:'

export const nodeNameOf = (peer: Peer): string => {
  if (!peer.commonName?.startsWith(NODE_USER_PREFIX)) throw new Fault('permission', `the certificate of ${peer.commonName ?? 'nobody'} is not a node's`)
  return peer.commonName.slice(NODE_USER_PREFIX.length)
}

/** Trades join tokens for node certificates. */
export function createJoin({ ca, sign, check, isSeen, onTaken }: JoinOptions): { join(request: JoinRequest): Promise<JoinResponse>; renew(request: RenewRequest, peer: Peer): Promise<JoinResponse> } {
  return {
    async join({ token, nodeName, certificateRequest }) {
      const worth = check(token)
      if (worth !== 'valid') throw new Fault('permission', `the join token ${worth === 'expired' ? 'has expired' : 'is not one of this cluster'}: ask for a new one with "gantry token create"`)
      if (!isDns1123Subdomain(nodeName)) throw new Fault('invalid', `"${nodeName}" cannot be a node's name: lower-case letters, digits, '-' and '.' only`)
      // An agent that lost its state is let in a moment after its last sign of life; until then it tries again.
      if (isSeen(nodeName)) {
        const message = `a node "${nodeName}" is in the cluster and alive: give this one another name, or stop that one`
        onTaken?.(nodeName, `an agent that wants to join was refused: ${message}`)
        throw new Fault('conflict', message)
      }
      return { certificate: await sign({ nodeName, certificateRequest }), ca }
    },
    async renew({ certificateRequest }, peer) {
      return { certificate: await sign({ nodeName: nodeNameOf(peer), certificateRequest }), ca }
    },
  }
}
