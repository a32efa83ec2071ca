/**
 * The cluster's certificates: one authority, one certificate per component and node, all EC P-256, all text is PEM.
 * Reading and verifying use Node's own X.509; only making certificates loads the library for it (60 ms), at the first call.
 */
import { X509Certificate, generateKeyPairSync, webcrypto } from 'node:crypto'
import type * as X509 from '@peculiar/x509'
import { Fault, messageOf } from './faults.ts'
import type { Clock } from './clock.ts'

type Library = typeof X509
type CryptoKey = webcrypto.CryptoKey

const DAY_MS = 24 * 3_600_000
const YEAR_MS = 365 * DAY_MS

/** Certificates are valid from a day before they are made: a node whose clock is wrong by hours must be able to talk. */
const SKEW_MS = DAY_MS

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const

const USAGE_OIDS = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

/** What a certificate may be used for. */
export type CertificateUsage = keyof typeof USAGE_OIDS

/** A certificate with its private key (PKCS#8). Secret: never log it. */
export interface Identity {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** Who a certificate is for: the user's name and groups, as Kubernetes reads them. */
export interface CertificateSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
}

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

let library: Promise<Library> | undefined

/** `@peculiar/x509` needs `reflect-metadata` to have run before it. */
function loadLibrary(): Promise<Library> {
  library ??= (async () => {
    await import('reflect-metadata')
    const loaded = await import('@peculiar/x509')
    loaded.cryptoProvider.set(webcrypto as unknown as Crypto)
    return loaded
  })()
  return library
}

/** Go's order: organizations first, the common name last; one attribute per name component. */
const nameOfSubject = (subject: CertificateSubject): Array<Record<string, string[]>> => [...subject.organizations.map((organization) => ({ O: [organization] })), { CN: [subject.commonName] }]

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])

async function exportPrivateKey(key: CryptoKey): Promise<string> {
  return toPem('PRIVATE KEY', new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', key)))
}

/** @param label `CERTIFICATE REQUEST` */
export function toPem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function fromPem(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(pem.replace(/-----[^-]+-----/g, '').replace(/\s+/g, ''), 'base64'))
}

const newSerial = (): string => {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  // Positive and of full length whatever the random bits are.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

/** X.509 counts in whole seconds. */
const wholeSecond = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

/** A new cluster authority, valid for ten years unless told otherwise. */
export async function createAuthority(options: { readonly commonName?: string; readonly lifetimeMs?: number; readonly clock: Clock }): Promise<Identity> {
  const x509 = await loadLibrary()
  const keys = await newKeys()
  const nowMs = options.clock.nowMs()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOfSubject({ commonName: options.commonName ?? 'gantry-ca', organizations: [] }),
    notBefore: wholeSecond(nowMs - SKEW_MS),
    notAfter: wholeSecond(nowMs + (options.lifetimeMs ?? 10 * YEAR_MS)),
    signingAlgorithm: SIGNING_ALGORITHM,
    keys: keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: withNewline(certificate.toString('pem')), privateKeyPem: await exportPrivateKey(keys.privateKey) }
}

/** A new key and a certificate for it, signed by the authority. */
export async function issueCertificate(authority: Identity, terms: CertificateTerms): Promise<Identity> {
  const keys = await newKeys()
  return { certificatePem: await signPublicKey(authority, keys.publicKey, terms), privateKeyPem: await exportPrivateKey(keys.privateKey) }
}

async function signPublicKey(authority: Identity, publicKey: CryptoKey, terms: CertificateTerms): Promise<string> {
  const x509 = await loadLibrary()
  const issuer = new x509.X509Certificate(authority.certificatePem)
  const signingKey = await webcrypto.subtle.importKey('pkcs8', fromPem(authority.privateKeyPem), KEY_ALGORITHM, false, ['sign'])
  const nowMs = terms.clock.nowMs()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: nameOfSubject(terms),
    issuer: issuer.subjectName.toJSON(),
    notBefore: wholeSecond(nowMs - SKEW_MS),
    notAfter: wholeSecond(Math.min(nowMs + (terms.lifetimeMs ?? YEAR_MS), issuer.notAfter.getTime())),
    signingAlgorithm: SIGNING_ALGORITHM,
    publicKey: publicKey,
    signingKey: signingKey,
    extensions: await leafExtensions({ x509, issuer, publicKey, terms }),
  })
  return withNewline(certificate.toString('pem'))
}

interface LeafExtensionsOf {
  readonly x509: Library
  readonly issuer: X509.X509Certificate
  readonly publicKey: CryptoKey
  readonly terms: CertificateTerms
}

async function leafExtensions({ x509, issuer, publicKey, terms }: LeafExtensionsOf): Promise<X509.Extension[]> {
  const alternatives = [
    ...(terms.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(terms.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(terms.usages.map((usage) => USAGE_OIDS[usage])),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
  ]
}

/**
 * Certifies the key of a request. What the certificate says comes from `terms` alone; the request must name the same subject, be
 * signed by its own key and hold an EC P-256 key. Throws `Fault('invalid')` with a sentence otherwise.
 */
export async function signCertificateRequest(authority: Identity, requestPem: string, terms: CertificateTerms): Promise<string> {
  const x509 = await loadLibrary()
  const request = await parseRequest(x509, requestPem)
  const asked = subjectOfName(request.subjectName.toJSON())
  if (!sameSubject(asked, terms)) throw new Fault('invalid', `the certificate request is for ${describeSubject(asked)}, not for ${describeSubject(terms)}`)
  const key = (await request.publicKey.export(webcrypto as unknown as Crypto)) as unknown as CryptoKey
  const algorithm = key.algorithm as { readonly name: string; readonly namedCurve?: string }
  if (algorithm.namedCurve !== KEY_ALGORITHM.namedCurve) throw new Fault('invalid', `the certificate request holds a key of type ${algorithm.name}, not EC P-256`)
  return signPublicKey(authority, key, terms)
}

/** Certifies the key of a request, of whatever type, for whom the request names: somebody has approved of it. Throws `Fault('invalid')` when it cannot be read or is not signed by its key. */
export async function certifyRequest(authority: Identity, requestPem: string, terms: Pick<CertificateTerms, 'usages' | 'lifetimeMs' | 'clock'>): Promise<string> {
  const x509 = await loadLibrary()
  const request = await parseRequest(x509, requestPem)
  const key = (await request.publicKey.export(webcrypto as unknown as Crypto)) as unknown as CryptoKey
  return signPublicKey(authority, key, { ...subjectOfName(request.subjectName.toJSON()), ...terms })
}

/** The subject a request names, after its signature has been checked. Throws `Fault('invalid')`. */
export async function readCertificateRequest(requestPem: string): Promise<CertificateSubject & { readonly publicKeyPem: string }> {
  const x509 = await loadLibrary()
  const request = await parseRequest(x509, requestPem)
  return { ...subjectOfName(request.subjectName.toJSON()), publicKeyPem: toPem('PUBLIC KEY', new Uint8Array(request.publicKey.rawData)) }
}

/** Why a request is not signed by its own key, in Go's words; `undefined` if it is. Nothing is said of what cannot be read, nor of keys on curves that are not known here. */
export async function signatureProblem(requestPem: string): Promise<string | undefined> {
  const x509 = await loadLibrary()
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem)
    const [{ name: signedBy }, { name: key }] = [request.signatureAlgorithm as unknown as { readonly name: string }, request.publicKey.algorithm]
    const foreign = foreignSignature(signedBy, key)
    if (foreign !== undefined || (await request.verify(webcrypto as unknown as Crypto))) return foreign
    return key.startsWith('RSA') ? 'crypto/rsa: verification error' : `x509: ${key} verification failure`
  } catch {
    return undefined
  }
}

const MD5_WITH_RSA = '1.2.840.113549.1.1.4'
const GO_KEYS: Readonly<Record<string, string>> = { RSA: '*rsa.PublicKey', ECDSA: '*ecdsa.PublicKey', Ed25519: 'ed25519.PublicKey' }

/** Why a signature is none that a key of that algorithm makes. What the library does not know has a number for its name. */
function foreignSignature(signedBy: string, key: string): string | undefined {
  if (signedBy === MD5_WITH_RSA) return 'x509: cannot verify signature: insecure algorithm MD5-RSA'
  const [wanted, have] = [signedBy, key].map((name) => (name.startsWith('RSA') ? 'RSA' : name))
  if (wanted === undefined || GO_KEYS[wanted] === undefined) return 'x509: cannot verify signature: algorithm unimplemented'
  const held = GO_KEYS[have ?? '']
  return held === undefined || wanted === have ? undefined : `x509: signature algorithm specifies an ${wanted} public key, but have public key of type ${held}`
}

async function parseRequest(x509: Library, requestPem: string): Promise<X509.Pkcs10CertificateRequest> {
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem)
    if (await request.verify(webcrypto as unknown as Crypto)) return request
  } catch (cause) {
    throw new Fault('invalid', `the certificate request cannot be read: ${messageOf(cause)}`, { cause })
  }
  throw new Fault('invalid', 'the certificate request is not signed by its own key')
}

const subjectOfName = (name: ReadonlyArray<Readonly<Record<string, readonly string[]>>>): CertificateSubject => ({
  commonName: name.flatMap((part) => part['CN'] ?? []).at(-1) ?? '',
  organizations: name.flatMap((part) => part['O'] ?? []),
})

const sameSubject = (a: CertificateSubject, b: CertificateSubject): boolean =>
  a.commonName === b.commonName && a.organizations.length === b.organizations.length && a.organizations.toSorted().every((organization, index) => organization === b.organizations.toSorted()[index])

const describeSubject = (subject: CertificateSubject): string => `CN=${subject.commonName}${subject.organizations.map((organization) => `,O=${organization}`).join('')}`

const withNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`)

/** What a certificate says, read without the library. */
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

/** `toLegacyObject` loads a part of Node's TLS alone, and whoever loads the whole of it later finds it without that part (Node 26: no `tls.createSecureContext`). */
const loadTls = (): unknown => process.getBuiltinModule('node:tls')

/** Throws `Fault('invalid')` when the text is no certificate. Of a bundle it reads the first. */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = parseCertificate(pem)
  loadTls()
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
  const madeMs = notBeforeMs + SKEW_MS
  return madeMs + (notAfterMs - madeMs) * 0.8
}

/** A key pair that signs service account tokens (ES256). The private key is PKCS#8, the public one SPKI. */
export function createTokenKeys(): { readonly privateKeyPem: string; readonly publicKeyPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}
