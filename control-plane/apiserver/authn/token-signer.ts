import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { newUid } from '../../../shared/kit/ids.ts'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Random } from '../../../shared/kit/random.ts'
import { DEFAULT_ISSUER, claimsOf, type TokenSubject } from './claims.ts'
import { legacyClaims, type SecretTokenSubject } from './legacy-claims.ts'

export interface TokenOrder {
  readonly subject: TokenSubject
  /** Empty: the API server's own. */
  readonly audiences: readonly string[]
  /** An hour unless told otherwise. At least ten minutes is the API's rule, checked where requests come in. */
  readonly expirationSeconds?: number | undefined
}

export interface SignedToken {
  readonly token: string
  /** When the client is told that it ends: `status.expirationTimestamp` of a TokenRequest. */
  readonly expiresMs: number
  readonly audiences: readonly string[]
}

/** Makes service account tokens: for `serviceaccounts/token` and for the agents' projected volumes. */
export interface TokenSigner {
  sign(order: TokenOrder): Promise<SignedToken>
  /** A token that ends with the Secret it will stand in. */
  signForSecret(subject: SecretTokenSubject): Promise<string>
}

/** The name of a key in a token's header: what Kubernetes derives from the public key. */
export const keyId = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')

/** ES256 for EC keys, RS256 for RSA. */
export const algorithmOf = (key: KeyObject): 'ES256' | 'RS256' => (key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256')

export interface TokenSignerOptions {
  /** PEM. */
  readonly key: string
  readonly issuer?: string
  /** Those the API server accepts as its own; the issuer alone unless told otherwise. */
  readonly apiAudiences?: readonly string[]
  readonly clock: Clock
  readonly random: Random
}

export function createTokenSigner(options: TokenSignerOptions): TokenSigner {
  const key = createPrivateKey(options.key)
  const header = { alg: algorithmOf(key), kid: keyId(createPublicKey(key)) }
  const issuer = options.issuer ?? DEFAULT_ISSUER
  const apiAudiences = options.apiAudiences ?? [issuer]
  return {
    async sign(order) {
      const { SignJWT } = await import('jose')
      const audiences = order.audiences.length === 0 ? apiAudiences : order.audiences
      const expirationSeconds = order.expirationSeconds ?? 3600
      const nowSeconds = Math.floor(options.clock.nowMs() / 1000)
      const forApiServer = audiences.every((audience) => apiAudiences.includes(audience))
      const claims = claimsOf({ subject: order.subject, audiences, expirationSeconds, forApiServer }, { nowSeconds, id: newUid(options.random), issuer })
      const token = await new SignJWT({ ...claims, aud: [...claims.aud] }).setProtectedHeader(header).sign(key)
      return { token, expiresMs: (nowSeconds + expirationSeconds) * 1000, audiences }
    },
    async signForSecret(subject) {
      const { SignJWT } = await import('jose')
      return new SignJWT(legacyClaims(subject)).setProtectedHeader(header).sign(key)
    },
  }
}
