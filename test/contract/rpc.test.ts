/** The node protocol over real gRPC and mTLS: joining, the session's two directions, who may call, what a broken link looks like. */
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createJoin, nodeNameOf } from '../../control-plane/dispatch/join.ts'
import { fetchAuthority, joinWithToken } from '../../node-agent/session/join.ts'
import { dialControlPlane, joinCluster, serveNodes, type NodeServer, type TlsFiles } from '../../proto/rpc.ts'
import { parseAgentConfig } from '../../node-agent/config.ts'
import { renewedIdentity } from '../../node-agent/identity.ts'
import { systemClock, type Clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, issueCertificate, readCertificate, signCertificateRequest, type Identity } from '../../shared/kit/pki.ts'
import { portsInARow } from './ports.ts'

const clock = systemClock
const SECRET = 'a-secret-of-some-length'
let authority: Identity
let server: NodeServer
/** Resolves when the server's side of a session that it closed itself has read to the end. */
const ended = Promise.withResolvers<void>()
/** An agent asks one port above that of the API. */
const [API_PORT = 0, PORT = 0, JOIN_PORT = 0, NOBODYS_PORT = 0] = await portsInARow(4)

beforeAll(async () => {
  authority = await createAuthority({ clock })
  const own = await issueCertificate(authority, { commonName: 'gantry-control-plane', organizations: [], usages: ['server'], dnsNames: ['kubernetes'], clock })
  const joining = createJoin({
    ca: authority.certificatePem,
    check: (secret) => (secret === SECRET ? 'valid' : secret === `${SECRET}-of-yesterday` ? 'expired' : 'unknown'),
    isSeen: (nodeName) => nodeName === 'alive',
    sign: ({ nodeName, certificateRequest }) => signCertificateRequest(authority, certificateRequest, { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], usages: ['client'], clock }),
  })
  server = await serveNodes(
    {
      join: (request) => joining.join(request),
      renew: (request, peer) => joining.renew(request, peer),
      async session(stream, peer) {
        for await (const { message } of stream.incoming) {
          if (message?.$case === 'register') stream.send({ message: { $case: 'registered', value: { sessionId: nodeNameOf(peer) } } })
          if (message?.$case === 'chainBroken') stream.close()
          if (message?.$case === 'nothingLeft') stream.send({ message: { $case: 'refused', value: { message: 'heard' } } })
        }
        ended.resolve()
      },
      stream: () => Promise.resolve(),
      requestToken: () => Promise.resolve({ token: 't', expiresMs: 1 }),
      findLeader: () => Promise.resolve({ leader: '', isLeading: true }),
      relay: () => Promise.resolve(),
    },
    { tls: { ca: authority.certificatePem, cert: own.certificatePem, key: own.privateKeyPem }, addresses: [{ host: '127.0.0.1', port: PORT }], joinAddresses: [{ host: '127.0.0.1', port: JOIN_PORT }] },
  )
})
afterAll(() => server.close())

const fingerprint = (): string => createHash('sha256').update(new X509Certificate(authority.certificatePem).raw).digest('hex')
const joined = (nodeName: string, secret = SECRET, caSha256 = fingerprint()): Promise<TlsFiles> => joinWithToken({ host: '127.0.0.1', port: JOIN_PORT }, { caSha256, secret }, nodeName)

test('a node joins with a token and speaks under its own name', async () => {
  const link = dialControlPlane({ host: '127.0.0.1', port: PORT }, await joined('n7'))
  const stream = link.session(new AbortController().signal)
  stream.send({ message: { $case: 'register', value: { nodeName: 'n7', bootId: 'b', agentStartedMs: 1, node: Buffer.from('{}'), version: 'v' } } })
  const heard: string[] = []
  for await (const { message } of stream.incoming) {
    heard.push(message?.$case === 'registered' ? message.value.sessionId : (message?.$case ?? ''))
    if (heard.length === 2) break
    stream.send({ message: { $case: 'nothingLeft', value: {} } })
  }
  expect(heard).toEqual(['n7', 'refused'])
  stream.close()
  link.close()
})

test('a certificate that ages is renewed with the old one, and kept on disk', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'gantry-identity-'))
  const config = parseAgentConfig(JSON.stringify({ nodeName: 'n7', server: `https://127.0.0.1:${API_PORT}`, address: '127.0.0.1', stateDir }), 'test')
  const young = await joined('n7')
  const inAYear: Clock = { ...clock, nowMs: () => clock.nowMs() + 364 * 86_400_000 }
  const renewed = await renewedIdentity(config, young, { clock: inAYear, log: silentLog, signal: AbortSignal.timeout(60_000) })
  expect(renewed.cert).not.toBe(young.cert)
  expect(readCertificate(renewed.cert).commonName).toBe('system:node:n7')
  expect(readFileSync(join(stateDir, 'pki/node.crt'), 'utf8')).toBe(renewed.cert)
  rmSync(stateDir, { recursive: true })
})

test('a wrong token is refused with a sentence, another cluster is not trusted, a bad name is refused, and so is that of a node that lives', async () => {
  await expect(joined('n7', 'not-the-secret-at-all')).rejects.toMatchObject({ code: 'permission', message: expect.stringContaining('gantry token create') as string })
  await expect(joined('n7', `${SECRET}-of-yesterday`)).rejects.toMatchObject({ code: 'permission', message: expect.stringContaining('has expired') as string })
  await expect(joined('n7', SECRET, 'f'.repeat(64))).rejects.toMatchObject({ code: 'permission', message: expect.stringContaining('another cluster') as string })
  await expect(joined('Not_A_Name')).rejects.toMatchObject({ code: 'invalid' })
  await expect(joined('alive')).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('is in the cluster and alive') as string })
})

test('nobody without a certificate of the cluster gets a session', async () => {
  const stranger = await createAuthority({ commonName: 'stranger', clock })
  const client = await issueCertificate(stranger, { commonName: 'system:node:n1', organizations: ['system:nodes'], usages: ['client'], clock })
  const link = dialControlPlane({ host: '127.0.0.1', port: PORT }, { ca: authority.certificatePem, cert: client.certificatePem, key: client.privateKeyPem })
  await expect(link.requestToken({ pod: undefined, serviceAccount: 'a', audiences: [], expirationSeconds: 1 })).rejects.toMatchObject({ code: 'unavailable' })
  link.close()
})

test('the port that is open to all knows one short question', async () => {
  const address = { host: '127.0.0.1', port: JOIN_PORT }
  const link = dialControlPlane(address, await joined('n7'))
  await expect(link.requestToken({ pod: undefined, serviceAccount: 'a', audiences: [], expirationSeconds: 1 })).rejects.toMatchObject({ code: 'unsupported' })
  link.close()
  await expect(joinCluster(address, authority.certificatePem, { token: 'x'.repeat(1 << 20), nodeName: 'n7', certificateRequest: '' })).rejects.toMatchObject({ code: 'exhausted' })
})

test('a session that the server ends is over on both sides', async () => {
  const link = dialControlPlane({ host: '127.0.0.1', port: PORT }, await joined('n8'))
  const stream = link.session(new AbortController().signal)
  stream.send({ message: { $case: 'chainBroken', value: { wanted: '1', got: '2' } } })
  const over = Promise.all([ended.promise, (async () => { for await (const _message of stream.incoming); })()])
  await over
  link.close()
})

test('an address that nobody listens on is a fault that can be tried again', async () => {
  await expect(joinWithToken({ host: '127.0.0.1', port: NOBODYS_PORT }, { caSha256: fingerprint(), secret: SECRET }, 'n1')).rejects.toMatchObject({ code: 'unavailable' })
})

/** A CA whose base64 text fills its last line exactly: signatures differ in length, so it takes some tries. */
async function authorityOfFullLines(): Promise<Identity> {
  for (let tries = 0; tries < 1_000; tries++) {
    const one = await createAuthority({ commonName: 'x'.repeat(1 + (tries % 60)), clock })
    if (new X509Certificate(one.certificatePem).raw.length % 48 === 0) return one
  }
  throw new Error('no certificate of this length in a thousand tries')
}

test('a CA whose text fills its last line is understood: an empty line before its end is not', async () => {
  const one = await authorityOfFullLines()
  const shown = createTlsServer({ key: one.privateKeyPem, cert: one.certificatePem }).listen(0, '127.0.0.1')
  await once(shown, 'listening')
  const pem = await fetchAuthority({ host: '127.0.0.1', port: (shown.address() as AddressInfo).port }, createHash('sha256').update(new X509Certificate(one.certificatePem).raw).digest('hex'))
  shown.close()
  expect(pem).not.toMatch(/\n\n/)
  expect(new X509Certificate(pem).fingerprint256).toBe(new X509Certificate(one.certificatePem).fingerprint256)
})
