/** Who may approve and sign which requests for certificates, and what nobody may ask for. */
import type { CertificateSigningRequest } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json } from '../../../shared/model/json.ts'
import type { Access } from '../authz/access.ts'
import { MASTERS } from '../authz/groups.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'

const GROUP = 'certificates.k8s.io'
const REQUESTS = [`${GROUP}/certificatesigningrequests`]
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'

const isRequest = ({ store }: AdmissionRequest): boolean => store.definition.group === GROUP && store.definition.plural === 'certificatesigningrequests'
const requestIn = (object: unknown): CertificateSigningRequest => object as CertificateSigningRequest

/** Whether the user may do this for the signer, or for all of the signer's domain. */
function isAllowed({ call }: AdmissionRequest, { authorize }: Access, { verb, signerName }: { readonly verb: string; readonly signerName: string }): boolean {
  const may = (name: string): boolean =>
    authorize({ kind: 'resource', user: call.user, verb, group: GROUP, version: '*', resource: 'signers', subresource: '', namespace: '', name, fieldSelector: '' }).kind === 'allow'
  return may(signerName) || may(`${signerName.split('/')[0] ?? ''}/*`)
}

export const certificateApproval = (access: Access): AdmissionPlugin => ({
  name: 'CertificateApproval',
  resources: REQUESTS,
  validate(request) {
    if (!isRequest(request) || request.operation !== 'UPDATE' || request.subresource !== 'approval') return
    const { signerName } = requestIn(request.old).spec
    if (!isAllowed(request, access, { verb: 'approve', signerName })) throw forbid(request, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`)
  },
})

export const certificateSigning = (access: Access): AdmissionPlugin => ({
  name: 'CertificateSigning',
  resources: REQUESTS,
  validate(request) {
    if (!isRequest(request) || request.operation !== 'UPDATE' || request.subresource !== 'status') return
    const [now, old] = [requestIn(request.object), requestIn(request.old)]
    const same = now.status?.certificate === old.status?.certificate && deepEqual((now.status?.conditions ?? []) as unknown as Json, (old.status?.conditions ?? []) as unknown as Json)
    const { signerName } = old.spec
    if (!same && !isAllowed(request, access, { verb: 'sign', signerName })) throw forbid(request, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`)
  },
})

/** A certificate of an administrator of everything is not had by asking. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  resources: REQUESTS,
  async validate(request) {
    if (!isRequest(request) || request.operation !== 'CREATE' || request.subresource !== '') return
    const { spec } = requestIn(request.object)
    if (spec.signerName !== CLIENT_SIGNER) return
    const { readCertificateRequest } = await import('../../../shared/kit/pki.ts')
    const { organizations } = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString('latin1'))
    if (organizations.includes(MASTERS)) throw forbid(request, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`)
  },
}
