/**
 * Tokens with which hosts join: `gantry1.<sha-256 of the CA>.<expiry>-<mac>`. The MAC proves that whoever made it has the cluster's join secret, so that
 * tokens need not be kept anywhere, and none is valid for ever. The expiry is in seconds of the Unix epoch, in base 36.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** The part of a token (or of the file that holds the secret) that is secret. */
const secretOf = (token: string): string => token.trim().split('.').at(-1) ?? ''

const macOf = (secret: string, expiry: string): Buffer => createHmac('sha256', secret).update(`gantry join until ${expiry}`).digest()

/** Makes a token of the file `join-token` of the pki folder, which has a token's form and is none itself. */
export function issueJoinToken(root: string, expiresMs: number): string {
  const expiry = Math.ceil(expiresMs / 1_000).toString(36)
  const [version = '', fingerprint = ''] = root.trim().split('.')
  return `${version}.${fingerprint}.${expiry}-${macOf(secretOf(root), expiry).toString('base64url')}`
}

/** What a host shows, the token's last part: `expired` was valid once. */
export function checkJoinSecret(root: string, shown: string, nowMs: number): 'valid' | 'expired' | 'unknown' {
  const at = shown.indexOf('-')
  if (at < 1) return 'unknown'
  const expiry = shown.slice(0, at)
  const mac = Buffer.from(shown.slice(at + 1), 'base64url')
  const expected = macOf(secretOf(root), expiry)
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) return 'unknown'
  return Number.parseInt(expiry, 36) * 1_000 > nowMs ? 'valid' : 'expired'
}
