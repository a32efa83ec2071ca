import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { certifyRequest, createAuthority, readCertificate, whyNotTrusted } from '../../../shared/kit/pki.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import type { CertificateSigningRequest } from '../../../shared/model/gen/api.ts'
import { certificateSigningRequests } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { planCertificate } from './plan.ts'
import { createCertificateCleaner } from './cleaner.ts'
import { createCertificatesController } from './reconcile.ts'

/** CN=jane, O=devs, RSA; from the recordings. */
const REQUEST = /"request":"(LS0t[^"]+)"/.exec(JSON.stringify(JSON.parse(readFileSync(new URL('../../../test/conformance/recorded/rbac.json', import.meta.url), 'utf8'))))?.[1] ?? ''

const request = (more: Partial<CertificateSigningRequest['spec']> = {}, ...conditions: string[]): CertificateSigningRequest => ({
  metadata: { name: 'jane' },
  spec: { request: REQUEST, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...more },
  status: { conditions: conditions.map((type) => ({ type, status: 'True' })) },
})

test('only what is approved, for this signer and for a client is signed', () => {
  expect(planCertificate(request())).toEqual({ kind: 'none' })
  expect(planCertificate(request({}, 'Denied'))).toEqual({ kind: 'none' })
  expect(planCertificate(request({ signerName: 'example.com/mine' }, 'Approved'))).toEqual({ kind: 'none' })
  expect(planCertificate(request({}, 'Approved', 'Failed'))).toEqual({ kind: 'none' })
  expect(planCertificate(request({}, 'Approved'))).toEqual({ kind: 'sign', lifetimeSeconds: 31_536_000 })
  expect(planCertificate(request({ expirationSeconds: 3600 }, 'Approved'))).toEqual({ kind: 'sign', lifetimeSeconds: 3600 })
  expect(planCertificate(request({ usages: ['server auth'] }, 'Approved'))).toMatchObject({ kind: 'fail', message: 'invalid usage for client certificate: server auth' })
  expect(planCertificate(request({ usages: ['digital signature'] }, 'Approved'))).toMatchObject({ kind: 'fail', message: 'missing required usage for client certificate: client auth' })
})

test('the certificate is for whom the request names, whatever kind of key it has', async () => {
  const authority = await createAuthority({ clock: systemClock })
  const pem = await certifyRequest(authority, Buffer.from(REQUEST, 'base64').toString(), { usages: ['client'], lifetimeMs: 3_600_000, clock: systemClock })
  expect(readCertificate(pem)).toMatchObject({ commonName: 'jane', organizations: ['devs'], isAuthority: false })
  expect(whyNotTrusted(pem, authority.certificatePem, systemClock)).toBeUndefined()
})

test('what is signed and what cannot be stand in the status', async () => {
  await using here = world()
  const signer = { sign: ({ requestPem }: { readonly requestPem: string }) => (requestPem.includes('BEGIN CERTIFICATE REQUEST') ? Promise.resolve('PEM') : Promise.reject(new Fault('invalid', 'no request'))) }
  await here.start(createCertificatesController(here.parts, signer))
  await here.client.create(certificateSigningRequests, request({}, 'Approved'))
  await here.client.create(certificateSigningRequests, { ...request({ request: 'eA==' }, 'Approved'), metadata: { name: 'bad' } })
  await here.clock.advance(100)
  const [bad, jane] = here.client.all(certificateSigningRequests)
  expect(jane?.status?.certificate).toBe(Buffer.from('PEM').toString('base64'))
  expect(bad?.status?.conditions?.at(-1)).toMatchObject({ type: 'Failed', status: 'True', reason: 'SigningError', message: 'no request' })
})

test('requests go an hour after they are decided, a day after they came when nobody decides', async () => {
  await using here = world()
  await here.start(createCertificateCleaner(here.parts))
  const decided = (name: string, type: string, certificate?: string): CertificateSigningRequest => ({ ...request(), metadata: { name }, status: { conditions: [{ type, status: 'True', lastUpdateTime: new Date(here.clock.nowMs()).toISOString() }], ...(certificate && { certificate }) } })
  await here.client.create(certificateSigningRequests, decided('denied', 'Denied'))
  await here.client.create(certificateSigningRequests, decided('issued', 'Approved', 'eA=='))
  await here.client.create(certificateSigningRequests, decided('waits', 'Approved'))
  await here.client.create(certificateSigningRequests, { ...request(), metadata: { name: 'pending' } })
  const names = (): unknown => here.client.all(certificateSigningRequests).map(({ metadata }) => metadata.name)
  await here.clock.advance(59 * 60_000)
  expect(names()).toEqual(['denied', 'issued', 'pending', 'waits'])
  await here.clock.advance(2 * 60_000)
  expect(names()).toEqual(['pending', 'waits'])
  await here.clock.advance(24 * 3_600_000)
  expect(names()).toEqual(['waits'])
})
