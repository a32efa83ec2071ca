import type { CertificateSigningRequest } from '../../shared/model/gen/api.ts'
import { certificateSigningRequestColumns, certificateSigningRequestRow } from './columns/certificate-signing-request.ts'
import { defineKind, statusSubresource, storedVerbs, unchanged } from './typed-kind.ts'
import { changedRequest, newRequest } from './updates/certificate-signing-request.ts'
import { validateNewRequest, validateRequestChange } from './validation/certificate-signing-request.ts'

export const certificateSigningRequest = defineKind<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  verbs: storedVerbs,
  subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'part' } }, statusSubresource],
  defaults: unchanged,
  prepareForCreate: newRequest,
  prepareForUpdate: changedRequest,
  validateCreate: validateNewRequest,
  validateUpdate: validateRequestChange,
  nameRule: 'path-segment',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  selectableFields: (request) => ({ 'spec.signerName': request.spec.signerName }),
  columns: certificateSigningRequestColumns,
  row: certificateSigningRequestRow,
})
