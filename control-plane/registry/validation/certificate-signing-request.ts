import { decodeBase64 } from '../../../shared/model/base64.ts'
import { duplicate, type FieldError, forbidden, indexPath, invalid, notSupported, required, tooLong } from '../../../shared/model/field-error.ts'
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json } from '../../../shared/model/json.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { asciiOf, pemBlocks, whyNotSigned } from './certificate-text.ts'

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const SHORTEST_SECONDS = 600
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown'

/** Mistakes that an object stored before may keep. */
interface Tolerated {
  readonly legacySigner: boolean
  readonly unknownUsages: boolean
  readonly duplicateUsages: boolean
  readonly certificate: boolean
}

const nothingTolerated: Tolerated = { legacySigner: false, unknownUsages: false, duplicateUsages: false, certificate: false }

export const validateNewRequest = (request: CertificateSigningRequest): readonly FieldError[] => validateRequest(request, nothingTolerated)

function validateRequest({ spec, status }: CertificateSigningRequest, tolerated: Tolerated): readonly FieldError[] {
  const problem = whyNotRequest(spec.request)
  const seconds = spec.expirationSeconds
  return [
    ...(problem === undefined ? [] : [invalid('spec.request', spec.request, problem)]),
    ...validateUsages(spec.usages ?? [], tolerated),
    ...(!tolerated.legacySigner && spec.signerName === LEGACY_SIGNER ? [invalid('spec.signerName', spec.signerName, 'the legacy signerName is not allowed via this API version')] : validateSignerName(spec.signerName, 'spec.signerName')),
    ...(seconds !== undefined && seconds < SHORTEST_SECONDS ? [invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)')] : []),
    ...validateConditions(status?.conditions ?? []),
    ...(tolerated.certificate ? [] : validateCertificate(status?.certificate ?? '')),
  ]
}

function whyNotRequest(encoded: string): string | undefined {
  const [block] = pemBlocks(asciiOf(decodeBase64(encoded ?? '') ?? new Uint8Array()))
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  return whyNotSigned(block.bytes)
}

function validateUsages(usages: readonly string[], { unknownUsages, duplicateUsages }: Tolerated): readonly FieldError[] {
  if (usages.length === 0) return [required('spec.usages')]
  const at = (index: number): string => indexPath('spec.usages', index)
  return [
    ...(unknownUsages ? [] : usages.flatMap((usage, index) => (USAGES.includes(usage) ? [] : [notSupported(at(index), usage, USAGES)]))),
    ...(duplicateUsages ? [] : usages.flatMap((usage, index) => (usages.indexOf(usage) < index ? [duplicate(at(index), usage)] : []))),
  ]
}

const LONGEST_DOMAIN = 253
const LONGEST_PATH = 253 + 63 + 1
const LONGEST_NAME = LONGEST_DOMAIN + LONGEST_PATH + 1

/** `example.com/signer-name`. */
function validateSignerName(name: string, path: string): readonly FieldError[] {
  if (!name) return [required(path)]
  const [domain = '', signer = '', ...more] = name.split('/')
  if (!name.includes('/') || more.length > 0) return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  const labels = (text: string, problems: (label: string) => readonly string[]): readonly FieldError[] =>
    text.split('.').flatMap((label) => problems(label).map((problem) => invalid(path, text, `validating label ${JSON.stringify(label)}: ${problem}`)))
  return [
    ...(domain.length > LONGEST_DOMAIN ? [tooLong(path, LONGEST_DOMAIN)] : []),
    ...labels(domain, dns1123LabelProblems),
    ...(domain.includes('.') ? [] : [invalid(path, domain, 'should be a domain with at least two segments separated by dots')]),
    ...labels(signer, dns1123SubdomainProblems),
    ...(name.length > LONGEST_NAME ? [tooLong(path, LONGEST_NAME)] : []),
  ]
}

type Conditions = readonly CertificateSigningRequestCondition[]

const TRUE_ONLY = ['Approved', 'Denied', 'Failed']

function validateConditions(conditions: Conditions): readonly FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, { type = '', status = '' }] of conditions.entries()) {
    const at = indexPath('status.conditions', index)
    if (type === '') errors.push(required(`${at}.type`))
    const supported = TRUE_ONLY.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
    if (status === '') errors.push(required(`${at}.status`))
    else if (!supported.includes(status)) errors.push(notSupported(`${at}.status`, status, supported))
    if ((type === 'Approved' && seen.has('Denied')) || (type === 'Denied' && seen.has('Approved'))) errors.push(invalid('status.conditions', type, 'Approved and Denied conditions are mutually exclusive'))
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type))
    seen.add(type)
  }
  return errors
}

function validateCertificate(encoded: string): readonly FieldError[] {
  const problem = encoded === '' ? undefined : whyNotCertificates(asciiOf(decodeBase64(encoded) ?? new Uint8Array()))
  return problem === undefined ? [] : [invalid('status.certificate', '<certificate data>', problem)]
}

function whyNotCertificates(text: string): string | undefined {
  const blocks = pemBlocks(text)
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const { type, headers, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (headers) return 'no PEM block headers are permitted'
    if (whyNotSigned(bytes) !== undefined) return 'x509: malformed certificate'
  }
  return undefined
}

export function validateRequestChange(request: CertificateSigningRequest, old: CertificateSigningRequest, { subresource }: StrategyContext): readonly FieldError[] {
  return [...validateRequest(request, toleratedIn(request, old)), ...validateKept(request, old), ...(subresource === 'approval' ? [] : validateSameApproval(request, old)), ...validateCertificateChange(request, old, subresource)]
}

function toleratedIn(request: CertificateSigningRequest, old: CertificateSigningRequest): Tolerated {
  const usages = old.spec.usages ?? []
  return {
    legacySigner: old.spec.signerName === LEGACY_SIGNER,
    unknownUsages: usages.some((usage) => !USAGES.includes(usage)),
    duplicateUsages: new Set(usages).size < usages.length,
    certificate: request.status?.certificate === old.status?.certificate,
  }
}

const ofType = ({ status }: CertificateSigningRequest, type: string): Conditions => (status?.conditions ?? []).filter((condition) => condition.type === type)

const validateKept = (request: CertificateSigningRequest, old: CertificateSigningRequest): readonly FieldError[] =>
  TRUE_ONLY.filter((type) => ofType(request, type).length < ofType(old, type).length).map((type) => forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`))

/** Only the endpoint for approvals approves and denies. */
function validateSameApproval(request: CertificateSigningRequest, old: CertificateSigningRequest): readonly FieldError[] {
  return ['Approved', 'Denied'].flatMap((type) => {
    const [now, before] = [ofType(request, type), ofType(old, type)]
    if (now.length > before.length) return [forbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`)]
    return now.length === before.length && !deepEqual(now as unknown as Json, before as unknown as Json) ? [forbidden('status.conditions', `updates may not modify a condition of type ${JSON.stringify(type)}`)] : []
  })
}

function validateCertificateChange(request: CertificateSigningRequest, old: CertificateSigningRequest, subresource: string): readonly FieldError[] {
  const [now, before] = [request.status?.certificate ?? '', old.status?.certificate ?? '']
  if (now === before) return []
  if (subresource !== 'status') return [forbidden('status.certificate', 'updates may not set certificate content')]
  return before === '' ? [] : [forbidden('status.certificate', 'updates may not modify existing certificate content')]
}
