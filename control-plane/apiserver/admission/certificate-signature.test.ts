import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCertificateRequest } from '../../../shared/kit/certificate-request.ts'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

/** The same request with another signature. */
function forged(pem: string): string {
  const [header = '', ...rest] = pem.trim().split('\n')
  const bytes = Buffer.from(rest.slice(0, -1).join(''), 'base64')
  const last = bytes.length - 1
  bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last)
  return `${header}\n${bytes.toString('base64')}\n${rest.at(-1) ?? ''}\n`
}

test('a request for a certificate is signed by the key that it is asked for', async () => {
  const { requestPem } = await createCertificateRequest({ commonName: 'jane', organizations: [] })
  const ask = (name: string, pem: string, spec: object = {}): ReturnType<TestServer['ask']> => server.ask(`POST ${PATH}`, { metadata: { name }, spec: { request: Buffer.from(pem).toString('base64'), signerName: 'example.com/mine', usages: ['any'], ...spec } })
  expect(await ask('good', requestPem)).toMatchObject({ status: 201 })
  const refused = await ask('forged', forged(requestPem), { usages: [] })
  expect(refused).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'spec.request', message: expect.stringMatching(/: x509: ECDSA verification failure$/) }, { field: 'spec.usages' }] } } })
  expect(await ask('forged', 'none')).toMatchObject({ status: 422, body: { details: { causes: [{ message: expect.stringMatching(/: PEM block type must be CERTIFICATE REQUEST$/) }] } } })
})
