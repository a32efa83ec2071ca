import { describe, expect, test } from 'vitest'
import { createServer, connect } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { execFileSync } from 'node:child_process'
import { createCertificateRequest } from './certificate-request.ts'
import { createAuthority, createTokenKeys, issueCertificate, readCertificate, readCertificateRequest, renewAtMs, signCertificateRequest, whyNotTrusted } from './pki.ts'
import { systemClock, type Clock } from './clock.ts'

const HOUR_MS = 3_600_000
const clock = systemClock
const later = (ms: number): Clock => ({ ...systemClock, nowMs: () => systemClock.nowMs() + ms })
const node = { commonName: 'system:node:one', organizations: ['system:nodes'] }

describe('certificates', () => {
  test('an issued certificate says who it is for and is trusted by its authority alone', async () => {
    const authority = await createAuthority({ clock })
    const other = await createAuthority({ clock })
    const { certificatePem } = await issueCertificate(authority, { commonName: 'admin', organizations: ['system:masters', 'a,b+c'], usages: ['client'], clock })
    const facts = readCertificate(certificatePem)
    expect(facts).toMatchObject({ commonName: 'admin', organizations: ['system:masters', 'a,b+c'], isAuthority: false })
    expect(whyNotTrusted(certificatePem, authority.certificatePem, clock)).toBeUndefined()
    expect(whyNotTrusted(certificatePem, other.certificatePem + authority.certificatePem, clock)).toBeUndefined()
    expect(whyNotTrusted(certificatePem, other.certificatePem, clock)).toBe('the certificate is signed by an unknown authority')
    expect(readCertificate(authority.certificatePem).isAuthority).toBe(true)
  })

  test('validity begins a day back, for peers whose clock is hours behind, ends with the lifetime and never after the authority', async () => {
    const authority = await createAuthority({ clock, lifetimeMs: 10 * HOUR_MS })
    const { certificatePem } = await issueCertificate(authority, { ...node, usages: ['client'], lifetimeMs: 3 * HOUR_MS, clock })
    const long = await issueCertificate(authority, { ...node, usages: ['client'], clock })
    const facts = readCertificate(certificatePem)
    expect(facts.notAfterMs - facts.notBeforeMs).toBe(27 * HOUR_MS)
    expect(renewAtMs(certificatePem)).toBe(facts.notBeforeMs + 26.4 * HOUR_MS)
    expect(readCertificate(long.certificatePem).notAfterMs).toBe(readCertificate(authority.certificatePem).notAfterMs)
    expect(whyNotTrusted(certificatePem, authority.certificatePem, later(4 * HOUR_MS))).toMatch('has expired')
    expect(whyNotTrusted(certificatePem, authority.certificatePem, later(-23 * HOUR_MS))).toBeUndefined()
    expect(whyNotTrusted(certificatePem, authority.certificatePem, later(-25 * HOUR_MS))).toMatch('is not valid before')
  })

  test('a request is certified for the subject it names and no other', async () => {
    const authority = await createAuthority({ clock })
    const { requestPem } = await createCertificateRequest(node)
    const certificate = await signCertificateRequest(authority, requestPem, { ...node, usages: ['client'], clock })
    expect(readCertificate(certificate)).toMatchObject(node)
    const asked = await readCertificateRequest(requestPem)
    expect(asked).toMatchObject(node)
    expect(readCertificate(certificate).publicKeyPem).toBe(asked.publicKeyPem)
    await expect(signCertificateRequest(authority, requestPem, { ...node, commonName: 'system:node:two', usages: ['client'], clock })).rejects.toThrow('is for CN=system:node:one,O=system:nodes, not for CN=system:node:two,O=system:nodes')
    await expect(signCertificateRequest(authority, 'nonsense', { ...node, usages: ['client'], clock })).rejects.toMatchObject({ code: 'invalid' })
  })

  test.each([1, 60, 127, 128, 253, 300])('a request may be of any length: a name of %i letters', async (length) => {
    const subject = { commonName: 'n'.repeat(length), organizations: ['o', 'p'.repeat(length)] }
    expect(await readCertificateRequest((await createCertificateRequest(subject)).requestPem)).toMatchObject(subject)
  })

  test('a request changed on its way is refused', async () => {
    const authority = await createAuthority({ clock })
    const { requestPem } = await createCertificateRequest(node)
    const bytes = Buffer.from(requestPem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    const at = bytes.indexOf('system:node:one')
    bytes.write('system:node:two', at)
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    await expect(signCertificateRequest(authority, forged, { ...node, commonName: 'system:node:two', usages: ['client'], clock })).rejects.toThrow('not signed by its own key')
  })

  test('TLS accepts both sides', async () => {
    const authority = await createAuthority({ clock })
    const server = await issueCertificate(authority, { commonName: 'apiserver', organizations: [], usages: ['server'], dnsNames: ['localhost', 'kubernetes.default.svc'], ipAddresses: ['127.0.0.1', '::1'], clock })
    const client = await issueCertificate(authority, { ...node, usages: ['client'], clock })
    const listener = createServer({ key: server.privateKeyPem, cert: server.certificatePem, ca: authority.certificatePem, requestCert: true, rejectUnauthorized: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const accepted = once(listener, 'secureConnection')
    const socket = connect({ port: (listener.address() as AddressInfo).port, host: '127.0.0.1', ca: authority.certificatePem, key: client.privateKeyPem, cert: client.certificatePem })
    await once(socket, 'secureConnect')
    const [peer] = (await accepted) as [TLSSocket]
    expect(peer.getPeerCertificate().subject.CN).toBe('system:node:one')
    peer.destroy()
    socket.destroy()
    listener.close()
  })

  test('reading a certificate first does not spoil TLS for whoever loads it afterwards', async () => {
    const { certificatePem } = await createAuthority({ clock })
    const script = `const { readCertificate } = await import(${JSON.stringify(new URL('pki.ts', import.meta.url).href)}); readCertificate(process.env.PEM); console.log(typeof (await import('node:tls')).createSecureContext)`
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, PEM: certificatePem } }).toString()).toBe('function\n')
  })

  test('token keys are PEM', () => {
    const keys = createTokenKeys()
    expect(keys.privateKeyPem).toMatch('BEGIN PRIVATE KEY')
    expect(keys.publicKeyPem).toMatch('BEGIN PUBLIC KEY')
  })
})
