/** What the special subresources reach outside the API server. */
import type { NodeStreams } from '../../dispatch/port.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import type { TokenSigner } from '../authn/token-signer.ts'

export interface SubresourcePorts {
  readonly nodeStreams: NodeStreams
  readonly authorize: Authorizer
  /** `undefined`: no tokens are issued (503). */
  readonly tokenSigner?: TokenSigner | undefined
}
