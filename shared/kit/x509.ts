/** Certificates (RFC 5280) and requests for them (RFC 2986) as bytes: EC P-256 keys, ECDSA with SHA-256, and what Kubernetes' components look at. */
import { createHash, createPublicKey, sign, verify, X509Certificate, type KeyObject } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { bitString, boolean, contextTag, der, integer, members, octetString, oid, sequence, TAG, time, utf8String, type DerValue } from './der.ts'
import { Fault } from './faults.ts'

/** The user's name and groups, as Kubernetes reads them. */
export interface Subject {
  readonly commonName: string
  readonly organizations: readonly string[]
}

export interface CertificateFields {
  readonly serialNumber: Uint8Array
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly publicKey: KeyObject
  readonly extensions: readonly Uint8Array[]
}

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

const ALGORITHM = sequence(oid(OID.ecdsaWithSha256))

const signed = (content: Uint8Array, key: KeyObject): Buffer => sequence(content, ALGORITHM, bitString(sign('sha256', content, key)))

export const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

const attribute = (type: string, text: string): Buffer => der(TAG.set, sequence(oid(type), utf8String(text)))

/** Go's order: organizations first, the common name last; one attribute per name component. */
export const nameOf = ({ commonName, organizations }: Subject): Buffer => sequence(...organizations.map((organization) => attribute(OID.organization, organization)), attribute(OID.commonName, commonName))

export function certificate(fields: CertificateFields, signingKey: KeyObject): Buffer {
  const version3 = der(contextTag(0, true), integer(Buffer.of(2)))
  const validity = sequence(time(fields.notBeforeMs), time(fields.notAfterMs))
  const extensions = der(contextTag(3, true), sequence(...fields.extensions))
  return signed(sequence(version3, integer(fields.serialNumber), ALGORITHM, fields.issuer, validity, fields.subject, spkiOf(fields.publicKey), extensions), signingKey)
}

export function certificateRequest(subject: Subject, keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }): Buffer {
  return signed(sequence(integer(Buffer.of(0)), nameOf(subject), spkiOf(keys.publicKey), der(contextTag(0, true))), keys.privateKey)
}

const extension = (type: string, critical: boolean, value: Uint8Array): Buffer => sequence(oid(type), ...(critical ? [boolean(true)] : []), octetString(value))

/** SHA-1 of the key's bits, as RFC 5280 proposes. */
const keyId = (key: KeyObject): Buffer => {
  const bits = members(spkiOf(key))[1]?.content ?? Buffer.alloc(0)
  return createHash('sha1').update(bits.subarray(1)).digest()
}

/** Bits of the key usage extension, counted from the left. */
const USAGE = { digitalSignature: 0, certificateSigning: 5, revocationSigning: 6 } as const

export function keyUsage(usages: ReadonlyArray<keyof typeof USAGE>): Buffer {
  const bits = usages.reduce((byte, usage) => byte | (0x80 >> USAGE[usage]), 0)
  const unused = Math.clz32(bits & -bits) ^ 31
  return extension(OID.keyUsage, true, bitString(Buffer.of(bits), unused))
}

export const basicConstraints = (isAuthority: boolean): Buffer => extension(OID.basicConstraints, true, isAuthority ? sequence(boolean(true)) : sequence())
export const extendedKeyUsage = (types: readonly string[]): Buffer => extension(OID.extendedKeyUsage, false, sequence(...types.map(oid)))
export const subjectKeyId = (key: KeyObject): Buffer => extension(OID.subjectKey, false, octetString(keyId(key)))
export const authorityKeyId = (key: KeyObject): Buffer => extension(OID.authorityKey, false, sequence(der(contextTag(0, false), keyId(key))))

export function alternativeNames(dnsNames: readonly string[], ipAddresses: readonly string[]): Buffer {
  const names = [...dnsNames.map((name) => der(contextTag(2, false), Buffer.from(name, 'ascii'))), ...ipAddresses.map((address) => der(contextTag(7, false), addressBytes(address)))]
  return extension(OID.alternativeNames, false, sequence(...names))
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address)) throw new Fault('invalid', `"${address}" is no IP address`)
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string): readonly number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

/** DER of a certificate's subject. */
export function subjectBytes(certificatePem: string): Buffer {
  const fields = members(members(new X509Certificate(certificatePem).raw)[0]?.whole ?? Buffer.alloc(0))
  const first = fields[0]?.tag === contextTag(0, true) ? 1 : 0
  return fieldAt(fields, first + 4).whole
}

const fieldAt = (fields: readonly DerValue[], index: number): DerValue => {
  const field = fields[index]
  if (field === undefined) throw new Fault('invalid', 'a field is missing')
  return field
}

export interface ReadRequest extends Subject {
  readonly publicKey: KeyObject
  /** Whether its own key signed it. */
  readonly isSigned: boolean
}

/** @throws Fault('invalid'), or what Node says of a key it cannot read. */
export function readRequest(bytes: Buffer): ReadRequest {
  const [content, algorithm, signature] = members(bytes)
  if (content === undefined || algorithm === undefined || signature?.tag !== TAG.bitString) throw new Fault('invalid', 'not a certificate request')
  const fields = members(content.whole)
  const publicKey = createPublicKey({ key: fieldAt(fields, 2).whole, format: 'der', type: 'spki' })
  const isKnown = algorithm.whole.equals(ALGORITHM)
  return { ...readName(fieldAt(fields, 1)), publicKey, isSigned: isKnown && publicKey.asymmetricKeyType === 'ec' && verify('sha256', content.whole, publicKey, signature.content.subarray(1)) }
}

function readName(name: DerValue): Subject {
  const attributes = members(name.whole).flatMap((set) => members(set.whole, TAG.set)).map((item) => members(item.whole))
  const texts = (type: string): readonly string[] => attributes.filter(([kind]) => kind?.whole.equals(oid(type))).map(([, value]) => value?.content.toString() ?? '')
  return { commonName: texts(OID.commonName).at(-1) ?? '', organizations: texts(OID.organization) }
}

