import { createHash, X509Certificate } from 'node:crypto'

/** What a join token says: the secret, and the fingerprint by which the agent knows the cluster's CA before it trusts anyone. */
export interface JoinToken {
  readonly caSha256: string
  readonly secret: string
}

const FORM = /^gantry1\.([0-9a-f]{64})\.([0-9a-zA-Z_-]{16,})$/

/** `gantry1.<sha256 of the CA certificate>.<secret>`; `undefined` if the text is no token. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const match = FORM.exec(text.trim())
  return match?.[1] && match[2] ? { caSha256: match[1], secret: match[2] } : undefined
}

/** As hex. */
export const sha256 = (raw: Buffer): string => createHash('sha256').update(raw).digest('hex')

/** Of a CA certificate (PEM), as join tokens give it. */
export const fingerprintOf = (certificatePem: string): string => sha256(new X509Certificate(certificatePem).raw)
