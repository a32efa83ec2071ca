import { createPublicKey } from 'node:crypto'
import { algorithmOf, keyId } from './token-signer.ts'

/** What others need to check our service account tokens: OpenID discovery and the public keys. */
export interface IssuerDocuments {
  readonly configuration: Readonly<Record<string, unknown>>
  readonly keys: Readonly<Record<string, unknown>>
}

/** @param keys PEM of the public keys. */
export function issuerDocuments(issuer: string, keys: readonly string[]): IssuerDocuments {
  const objects = keys.map((pem) => createPublicKey(pem))
  return {
    configuration: {
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(objects.map(algorithmOf))],
    },
    keys: { keys: objects.map((key) => ({ use: 'sig', ...key.export({ format: 'jwk' }), kid: keyId(key), alg: algorithmOf(key) })) },
  }
}
