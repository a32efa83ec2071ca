/** Whoever asks for a certificate has the key that it is asked for: its signature is judged by code that is loaded when the first request is written. */
import type { CertificateSigningRequest } from '../../../shared/model/gen/api.ts'
import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { KindDefinition } from '../../registry/kind.ts'

const FIELD = 'spec.request'

/** Requests for certificates, with their signatures judged too; every other kind as it is. */
export function withSignatureErrors(kind: KindDefinition): KindDefinition {
  if (kind.group !== 'certificates.k8s.io') return kind
  return { ...kind, laterFindings: async (object, old, { found }) => ({ errors: old ? found : await withSignature(object as unknown as CertificateSigningRequest, found), warnings: [] }) }
}

async function withSignature({ spec }: CertificateSigningRequest, found: readonly FieldError[]): Promise<readonly FieldError[]> {
  if (found.some(({ field }) => field === FIELD)) return found
  const { signatureProblem } = await import('../../../shared/kit/pki.ts')
  const problem = await signatureProblem(Buffer.from(spec.request, 'base64').toString('latin1'))
  if (problem === undefined) return found
  const ofMetadata = found.filter(({ field }) => field.startsWith('metadata'))
  return [...ofMetadata, invalid(FIELD, spec.request, problem), ...found.filter((error) => !ofMetadata.includes(error))]
}
