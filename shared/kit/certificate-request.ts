/**
 * Requests for certificates (PKCS#10, RFC 2986), written by hand: whoever only asks for a certificate, as every node does, need not load the library that makes
 * them (60 ms and 10 MB).
 */
import { generateKeyPair, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { toPem, type CertificateRequest, type CertificateSubject } from './pki.ts'

const newKeys = promisify(generateKeyPair)

/** Tags of DER, and the identifiers that are needed, encoded. */
const TAG = { integer: 0x02, bits: 0x03, oid: 0x06, text: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 } as const
const OID = { commonName: [0x55, 0x04, 0x03], organization: [0x55, 0x04, 0x0a], ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02] } as const

/** One value with its tag and length before it. */
function der(tag: number, ...contents: ReadonlyArray<Uint8Array | readonly number[]>): Buffer {
  const body = Buffer.concat(contents.map((part) => Uint8Array.from(part)))
  const digits = body.length.toString(16)
  const length = body.length < 0x80 ? [body.length] : [0x80 + Math.ceil(digits.length / 2), ...Buffer.from(digits.padStart(Math.ceil(digits.length / 2) * 2, '0'), 'hex')]
  return Buffer.concat([Uint8Array.from([tag, ...length]), body])
}

/** One attribute per name component: organizations first, the common name last, as Go has it. */
const nameOf = ({ commonName, organizations }: CertificateSubject): Buffer => {
  const part = (oid: readonly number[], text: string): Buffer => der(TAG.set, der(TAG.sequence, der(TAG.oid, oid), der(TAG.text, Buffer.from(text))))
  return der(TAG.sequence, ...organizations.map((organization) => part(OID.organization, organization)), part(OID.commonName, commonName))
}

/** A key (EC P-256) and a request to certify it. */
export async function createCertificateRequest(subject: CertificateSubject): Promise<CertificateRequest> {
  const { publicKey, privateKey } = await newKeys('ec', { namedCurve: 'P-256' })
  const wanted = der(TAG.sequence, der(TAG.integer, [0]), nameOf(subject), publicKey.export({ type: 'spki', format: 'der' }), der(TAG.attributes))
  const signature = sign('sha256', wanted, privateKey)
  const request = der(TAG.sequence, wanted, der(TAG.sequence, der(TAG.oid, OID.ecdsaWithSha256)), der(TAG.bits, [0], signature))
  return { requestPem: toPem('CERTIFICATE REQUEST', request), privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}
