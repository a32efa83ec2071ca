/** What becomes of a request for a certificate that has been approved. PURE. */
import type { CertificateSigningRequest } from '../../../shared/model/gen/api.ts'

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'

const YEAR_SECONDS = 365 * 24 * 3600
const SHORTEST_SECONDS = 600

export type CertificateStep = { readonly kind: 'none' } | { readonly kind: 'fail'; readonly reason: string; readonly message: string } | { readonly kind: 'sign'; readonly lifetimeSeconds: number }

export function planCertificate({ metadata, spec, status }: CertificateSigningRequest): CertificateStep {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  const isMine = spec.signerName === CLIENT_SIGNER && metadata.deletionTimestamp === undefined
  if (!isMine || status?.certificate || !has('Approved') || has('Denied') || has('Failed')) return { kind: 'none' }
  const problem = whyNotClient(spec.usages ?? [])
  if (problem !== undefined) return { kind: 'fail', reason: 'SignerValidationFailure', message: problem }
  return { kind: 'sign', lifetimeSeconds: Math.max(SHORTEST_SECONDS, Math.min(spec.expirationSeconds ?? YEAR_SECONDS, YEAR_SECONDS)) }
}

const OPTIONAL = new Set(['digital signature', 'key encipherment'])

function whyNotClient(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => usage !== 'client auth' && !OPTIONAL.has(usage))
  if (other !== undefined) return `invalid usage for client certificate: ${other}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}
