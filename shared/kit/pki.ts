/**
 * The cluster's certificates: one authority, one certificate per component and node, all EC P-256, all text is PEM.
 * Reading and verifying use Node's own X.509; `x509.ts` writes them.
 */
import { createPrivateKey, generateKeyPair, generateKeyPairSync, randomBytes, X509Certificate, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault, messageOf } from './faults.ts'
import type { Clock } from './clock.ts'
import { alternativeNames, authorityKeyId, basicConstraints, certificate, certificateRequest, extendedKeyUsage, keyUsage, nameOf, readRequest, spkiOf, subjectBytes, subjectKeyId, type ReadRequest, type Subject } from './x509.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 365 * DAY_MS

/** Certificates are valid from an hour before they are made, for peers whose clock is behind. */
const SKEW_MS = HOUR_MS

const CURVE = 'prime256v1'

const USAGE_OIDS = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

/** What a certificate may be used for. */
export type CertificateUsage = keyof typeof USAGE_OIDS

/** A certificate with its private key (PKCS#8). Secret: never log it. */
export interface Identity {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** Who a certificate is for: the user's name and groups, as Kubernetes reads them. */
export type CertificateSubject = Subject

/** What a new certificate says. */
export interface CertificateTerms extends CertificateSubject {
  readonly usages: readonly CertificateUsage[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  /** From now; a year unless told otherwise. It never outlives the authority. */
  readonly lifetimeMs?: number
  readonly clock: Clock
}

export interface CertificateRequest {
  /** PKCS#10. */
  readonly requestPem: string
  readonly privateKeyPem: string
}

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const makeKeys = promisify(generateKeyPair)
const newKeys = (): Promise<KeyPair> => makeKeys('ec', { namedCurve: CURVE })

const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

function toPem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

const fromPem = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, '').replace(/\s+/g, ''), 'base64')

function newSerial(): Buffer {
  const bytes = randomBytes(16)
  // Positive and of full length whatever the random bits are.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes
}

/** A new cluster authority, valid for ten years unless told otherwise. */
export async function createAuthority(options: { readonly commonName?: string; readonly lifetimeMs?: number; readonly clock: Clock }): Promise<Identity> {
  const { publicKey, privateKey } = await newKeys()
  const nowMs = options.clock.nowMs()
  const name = nameOf({ commonName: options.commonName ?? 'gantry-ca', organizations: [] })
  const fields = {
    serialNumber: newSerial(),
    issuer: name,
    subject: name,
    notBeforeMs: nowMs - SKEW_MS,
    notAfterMs: nowMs + (options.lifetimeMs ?? 10 * YEAR_MS),
    publicKey,
    extensions: [basicConstraints(true), keyUsage(['certificateSigning', 'revocationSigning', 'digitalSignature']), subjectKeyId(publicKey)],
  }
  return { certificatePem: toPem('CERTIFICATE', certificate(fields, privateKey)), privateKeyPem: privatePem(privateKey) }
}

/** A new key and a certificate for it, signed by the authority. */
export async function issueCertificate(authority: Identity, terms: CertificateTerms): Promise<Identity> {
  const { publicKey, privateKey } = await newKeys()
  return { certificatePem: signPublicKey(authority, publicKey, terms), privateKeyPem: privatePem(privateKey) }
}

function signPublicKey(authority: Identity, publicKey: KeyObject, terms: CertificateTerms): string {
  const issuer = parseCertificate(authority.certificatePem)
  const nowMs = terms.clock.nowMs()
  const [dnsNames, ipAddresses] = [terms.dnsNames ?? [], terms.ipAddresses ?? []]
  const fields = {
    serialNumber: newSerial(),
    issuer: subjectBytes(authority.certificatePem),
    subject: nameOf(terms),
    notBeforeMs: nowMs - SKEW_MS,
    notAfterMs: Math.min(nowMs + (terms.lifetimeMs ?? YEAR_MS), issuer.validToDate.getTime()),
    publicKey,
    extensions: [
      basicConstraints(false),
      keyUsage(['digitalSignature']),
      extendedKeyUsage(terms.usages.map((usage) => USAGE_OIDS[usage])),
      authorityKeyId(issuer.publicKey),
      subjectKeyId(publicKey),
      ...(dnsNames.length + ipAddresses.length > 0 ? [alternativeNames(dnsNames, ipAddresses)] : []),
    ],
  }
  return toPem('CERTIFICATE', certificate(fields, createPrivateKey(authority.privateKeyPem)))
}

/** A key and a request to certify it. */
export async function createCertificateRequest(subject: CertificateSubject): Promise<CertificateRequest> {
  const keys = await newKeys()
  return { requestPem: toPem('CERTIFICATE REQUEST', certificateRequest(subject, keys)), privateKeyPem: privatePem(keys.privateKey) }
}

/**
 * Certifies the key of a request. What the certificate says comes from `terms` alone; the request must name the same subject, be
 * signed by its own key and hold an EC P-256 key. Throws `Fault('invalid')` with a sentence otherwise.
 */
export async function signCertificateRequest(authority: Identity, requestPem: string, terms: CertificateTerms): Promise<string> {
  const request = parseRequest(requestPem)
  if (!sameSubject(request, terms)) throw new Fault('invalid', `the certificate request is for ${describeSubject(request)}, not for ${describeSubject(terms)}`)
  const { asymmetricKeyType, asymmetricKeyDetails } = request.publicKey
  if (asymmetricKeyDetails?.namedCurve !== CURVE) throw new Fault('invalid', `the certificate request holds a key of type ${asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? 'unknown'}, not EC P-256`)
  return signPublicKey(authority, request.publicKey, terms)
}

/** The subject a request names, after its signature has been checked. Throws `Fault('invalid')`. */
export async function readCertificateRequest(requestPem: string): Promise<CertificateSubject & { readonly publicKeyPem: string }> {
  const { commonName, organizations, publicKey } = parseRequest(requestPem)
  return { commonName, organizations, publicKeyPem: toPem('PUBLIC KEY', spkiOf(publicKey)) }
}

function parseRequest(requestPem: string): ReadRequest {
  const request = tryRead(requestPem)
  if (!request.isSigned) throw new Fault('invalid', 'the certificate request is not signed by its own key')
  return request
}

function tryRead(requestPem: string): ReadRequest {
  try {
    return readRequest(fromPem(requestPem))
  } catch (cause) {
    throw new Fault('invalid', `the certificate request cannot be read: ${messageOf(cause)}`, { cause })
  }
}

const sameSubject = (a: CertificateSubject, b: CertificateSubject): boolean =>
  a.commonName === b.commonName && a.organizations.length === b.organizations.length && a.organizations.toSorted().every((organization, index) => organization === b.organizations.toSorted()[index])

const describeSubject = (subject: CertificateSubject): string => `CN=${subject.commonName}${subject.organizations.map((organization) => `,O=${organization}`).join('')}`

/** What a certificate says. */
export interface CertificateFacts extends CertificateSubject {
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly serialNumber: string
  readonly isAuthority: boolean
  /** SHA-256 of the whole certificate, upper-case hex with colons. */
  readonly fingerprint: string
  /** SPKI; the same as that of the request it was made from. */
  readonly publicKeyPem: string
}

/** Throws `Fault('invalid')` when the text is no certificate. Of a bundle it reads the first. */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = parseCertificate(pem)
  const subject = (certificate.toLegacyObject().subject ?? {}) as Readonly<Record<string, string | readonly string[] | undefined>>
  return {
    commonName: listOf(subject['CN']).at(-1) ?? '',
    organizations: listOf(subject['O']),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    serialNumber: certificate.serialNumber,
    isAuthority: certificate.ca,
    fingerprint: certificate.fingerprint256,
    publicKeyPem: certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** Of a subject attribute: absent, one value, or several. */
export const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : typeof value === 'string' ? [value] : value)

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new Fault('invalid', `not a certificate: ${messageOf(cause)}`, { cause })
  }
}

/** `undefined` if one of the authorities (a PEM bundle) has signed the certificate and it is valid now; otherwise why not. */
export function whyNotTrusted(certificatePem: string, authoritiesPem: string, clock: Clock): string | undefined {
  const certificate = parseCertificate(certificatePem)
  const nowMs = clock.nowMs()
  if (certificate.validFromDate.getTime() > nowMs) return `the certificate is not valid before ${certificate.validFromDate.toISOString()}`
  if (certificate.validToDate.getTime() < nowMs) return `the certificate has expired on ${certificate.validToDate.toISOString()}`
  const authorities = (authoritiesPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(parseCertificate)
  const signed = authorities.some((authority) => authority.ca && authority.validToDate.getTime() >= nowMs && certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
  return signed ? undefined : 'the certificate is signed by an unknown authority'
}

/** When a certificate should be replaced: after four fifths of its life. Milliseconds since the epoch. */
export function renewAtMs(certificatePem: string): number {
  const { notBeforeMs, notAfterMs } = readCertificate(certificatePem)
  return notBeforeMs + (notAfterMs - notBeforeMs) * 0.8
}

/** A key pair that signs service account tokens (ES256). The private key is PKCS#8, the public one SPKI. */
export function createTokenKeys(): { readonly privateKeyPem: string; readonly publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}
