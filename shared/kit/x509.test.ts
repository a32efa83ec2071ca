import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { der, integer, members, oid, readValues, sequence, TAG, time } from './der.ts'
import { createAuthority, issueCertificate } from './pki.ts'

const clock = systemClock

describe('certificates as Node and OpenSSL read them', () => {
  test('names, usages and addresses', async () => {
    const authority = await createAuthority({ clock })
    const { certificatePem } = await issueCertificate(authority, { commonName: 'Größe', organizations: ['a', 'b'], usages: ['server', 'client'], dnsNames: ['localhost'], ipAddresses: ['10.96.0.1', '::1', '2001:db8::5:0:7', '1:2:3:4:5:6:7:8'], clock })
    const certificate = new X509Certificate(certificatePem)
    expect(certificate.subject).toBe('O=a\nO=b\nCN=Größe')
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:10.96.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:5:0:7, IP Address:1:2:3:4:5:6:7:8')
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    expect(certificate.ca).toBe(false)
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect(certificate.checkIP('2001:db8::5:0:7')).toBe('2001:db8::5:0:7')
    expect(certificate.checkIssued(new X509Certificate(authority.certificatePem))).toBe(true)
  })

  test('an address that is none is refused', async () => {
    const authority = await createAuthority({ clock })
    await expect(issueCertificate(authority, { commonName: 'a', organizations: [], usages: ['server'], ipAddresses: ['10.0.0'], clock })).rejects.toThrow('"10.0.0" is no IP address')
  })
})

describe('DER', () => {
  test('lengths, integers, object identifiers and times', () => {
    expect(der(TAG.octetString, Buffer.alloc(300)).subarray(0, 4)).toEqual(Buffer.of(0x04, 0x82, 0x01, 0x2c))
    expect(integer(Buffer.of(0, 0, 0x80))).toEqual(Buffer.of(0x02, 0x02, 0x00, 0x80))
    expect(integer(Buffer.of(0))).toEqual(Buffer.of(0x02, 0x01, 0x00))
    expect(oid('1.2.840.10045.4.3.2')).toEqual(Buffer.from('06082a8648ce3d040302', 'hex'))
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59))).toEqual(der(TAG.utcTime, Buffer.from('491231235959Z')))
    expect(time(Date.UTC(2050, 0, 1))).toEqual(der(TAG.generalizedTime, Buffer.from('20500101000000Z')))
    expect(members(sequence(oid('2.5.4.3'), integer(Buffer.of(7)))).map(({ tag }) => tag)).toEqual([TAG.oid, TAG.integer])
  })

  test.each(['30', '3005', '300502', '3080', '30850000000001', '1f01', '3003020201'])('%s is malformed', (hex) => {
    expect(() => readValues(Buffer.from(hex, 'hex')).map(({ whole }) => members(whole))).toThrow('malformed DER')
  })
})
