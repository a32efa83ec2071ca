/** What the special subresources reach outside the API server. */
import type { NodeStreams } from '../../dispatch/port.ts'
import type { TokenSigner } from '../authn/token-signer.ts'

export interface SubresourcePorts {
  readonly nodeStreams: NodeStreams
  /** `undefined`: no tokens are issued (503). */
  readonly tokenSigner?: TokenSigner | undefined
}
