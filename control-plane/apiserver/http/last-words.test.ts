/** Streams that end before their time say so before the connection breaks. */
import { request as httpsRequest } from 'node:https'
import { expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { createAuthority, issueCertificate } from '../../../shared/kit/pki.ts'
import { createAuthenticator } from '../authn/authn.ts'
import type { ApiResponse } from '../request.ts'
import { createApiDoor, type ApiDoor } from './door.ts'

async function doorWith(answer: () => ApiResponse): Promise<{ readonly door: ApiDoor; read(onText?: (text: string) => void): Promise<{ readonly text: string; readonly broke: boolean }> }> {
  const authority = await createAuthority({ clock: systemClock })
  const identity = await issueCertificate(authority, { commonName: 'apiserver', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], clock: systemClock })
  const door = await createApiDoor({ handle: async () => answer(), tls: { key: identity.privateKeyPem, certificate: identity.certificatePem, clientAuthorities: authority.certificatePem }, authenticate: createAuthenticator({}), log: silentLog, clock: systemClock, listen: [{ host: '127.0.0.1', port: 0 }] })
  return {
    door,
    read: (onText) =>
      new Promise((resolve) => {
        httpsRequest(`https://127.0.0.1:${door.address.port}/`, { ca: authority.certificatePem, agent: false }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part
            onText?.(text)
          })
          response.on('error', () => {})
          response.on('close', () => resolve({ text, broke: !response.complete }))
        }).end()
      }),
  }
}

test('a source that fails: what it said last arrives, and the connection breaks', async () => {
  const large = 'x'.repeat(300_000)
  const { door, read } = await doorWith(() => ({
    kind: 'stream',
    status: 200,
    headers: {},
    chunks: (async function* () {
      yield large
      yield 'the leader changed'
      throw new Error('over')
    })(),
  }))
  await using _door = door
  expect(await read()).toEqual({ text: `${large}the leader changed`, broke: true })
})

test('a server that shuts down in the midst of a log says that', async () => {
  const source = Promise.withResolvers<void>()
  const { door, read } = await doorWith(() => ({
    kind: 'stream',
    status: 200,
    headers: {},
    interrupted: 'shutting down',
    chunks: (async function* () {
      yield 'line'
      await source.promise
    })(),
  }))
  let closing: Promise<void> | undefined
  const answer = await read((text) => void (text === 'line' && (closing ??= door.close())))
  source.resolve()
  await closing
  expect(answer).toEqual({ text: 'lineshutting down', broke: true })
})
