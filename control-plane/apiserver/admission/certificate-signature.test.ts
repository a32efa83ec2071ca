import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCertificateRequest } from '../../../shared/kit/certificate-request.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

/** The same request with other bytes. */
function altered(pem: string, alter: (bytes: Buffer) => Buffer): string {
  const [header = '', ...rest] = pem.trim().split('\n')
  return `${header}\n${alter(Buffer.from(rest.slice(0, -1).join(''), 'base64')).toString('base64')}\n${rest.at(-1) ?? ''}\n`
}

/** With another signature. */
const forged = (pem: string): string => altered(pem, (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]))

const ECDSA_WITH_SHA256 = '300a06082a8648ce3d040302'

/** As if signed by another algorithm (its identifier in hex). */
const signedBy = (pem: string, algorithm: string): string =>
  altered(pem, (bytes) => {
    const inside = bytes.subarray(2 + (bytes.readUInt8(1) & 0x7f)).toString('hex').replace(ECDSA_WITH_SHA256, algorithm)
    const length = inside.length / 2
    return Buffer.concat([Buffer.from(length < 256 ? [0x30, 0x81, length] : [0x30, 0x82, length >> 8, length & 0xff]), Buffer.from(inside, 'hex')])
  })

test('a request for a certificate is signed by the key that it is asked for', async () => {
  const { requestPem } = await createCertificateRequest({ commonName: 'jane', organizations: [] })
  const ask = (name: string, pem: string, spec: object = {}): ReturnType<TestServer['ask']> => server.ask(`POST ${PATH}`, { metadata: { name }, spec: { request: Buffer.from(pem).toString('base64'), signerName: 'example.com/mine', usages: ['any'], ...spec } })
  expect(await ask('good', requestPem)).toMatchObject({ status: 201 })
  const refused = await ask('forged', forged(requestPem), { usages: [] })
  expect(refused).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'spec.request', message: expect.stringMatching(/: x509: ECDSA verification failure$/) }, { field: 'spec.usages' }] } } })
  expect(await ask('forged', 'none')).toMatchObject({ status: 422, body: { details: { causes: [{ message: expect.stringMatching(/: PEM block type must be CERTIFICATE REQUEST$/) }] } } })
})

test.each([
  ['that nobody knows', '300a06082a8648ce3d040309', 'x509: cannot verify signature: algorithm unimplemented'],
  ['that Go does not know', '300a06082a8648ce3d040301', 'x509: cannot verify signature: algorithm unimplemented'],
  ['that is broken', '300d06092a864886f70d0101040500', 'x509: cannot verify signature: insecure algorithm MD5-RSA'],
  ['of other keys', '300d06092a864886f70d01010b0500', 'x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey'],
])('a signature by an algorithm %s proves nothing', async (_, algorithm, message) => {
  const { requestPem } = await createCertificateRequest({ commonName: 'jane', organizations: [] })
  const answer = await server.ask(`POST ${PATH}`, { metadata: { name: 'odd' }, spec: { request: Buffer.from(signedBy(requestPem, algorithm)).toString('base64'), signerName: 'example.com/mine', usages: ['any'] } })
  expect(answer).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'spec.request', message: expect.stringContaining(`: ${message}`) as string }] } } })
})
