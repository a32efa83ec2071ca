import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { createAuthority, issueCertificate } from '../../../shared/kit/pki.ts'
import { createAuthenticator } from '../authn/authn.ts'
import { piecesBody } from '../representations/write.ts'
import { createApiDoor, type ApiDoor } from './door.ts'

const pieces = [...Array(40).keys()].map((index) => Buffer.alloc(64 * 1024, 97 + (index % 26)))
const whole = Buffer.concat(pieces)

let door: ApiDoor
let ca: string
let asked: string[] = []
beforeAll(async () => {
  const authority = await createAuthority({ clock: systemClock })
  ca = authority.certificatePem
  const identity = await issueCertificate(authority, { commonName: 's', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], clock: systemClock })
  const handle = async ({ path }: { readonly path: string }) => {
    asked.push(path)
    return piecesBody(200, 'application/json', pieces)
  }
  door = await createApiDoor({ handle, tls: { key: identity.privateKeyPem, certificate: identity.certificatePem, clientAuthorities: ca }, authenticate: createAuthenticator({}), log: silentLog, clock: systemClock, listen: [{ host: '127.0.0.1', port: 0 }] })
})
afterAll(() => door.close())

const open = (method: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    asked = []
    httpsRequest({ ...door.address, path: '/api/v1/pods', method, ca, headers }, resolve).on('error', reject).end()
  })

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

test('a list in pieces is one body with its length told before', async () => {
  const response = await open('GET')
  expect(response.headers).toMatchObject({ 'content-length': String(whole.length), 'cache-control': 'no-cache, private', 'content-type': 'application/json' })
  expect(response.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/)
  expect((await bytesOf(response)).equals(whole)).toBe(true)
})

test('of a HEAD only the head is sent', async () => {
  const response = await open('HEAD')
  expect(response.headers['content-length']).toBe(String(whole.length))
  expect(await bytesOf(response)).toHaveLength(0)
})

test('a client that takes gzip gets it packed', async () => {
  const response = await open('GET', { 'accept-encoding': 'gzip' })
  expect(response.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
  expect(gunzipSync(await bytesOf(response)).equals(whole)).toBe(true)
})

test('a client that leaves in the midst of a list harms nobody', async () => {
  const response = await open('GET')
  response.destroy()
  expect((await bytesOf(await open('GET'))).equals(whole)).toBe(true)
  expect(asked).toEqual(['/api/v1/pods'])
})
