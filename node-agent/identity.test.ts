import { createServer } from 'node:net'
import { mkdtempSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../shared/kit/clock.ts'
import { silentLog } from '../shared/kit/log.ts'
import { createAuthority, issueCertificate, signCertificateRequest, type Identity } from '../shared/kit/pki.ts'
import { serveNodes, type TlsFiles } from '../proto/rpc.ts'
import { parseAgentConfig } from './config.ts'
import { loadIdentity } from './identity.ts'
import { whyNotKept } from './known-identity.ts'
import { fingerprintOf, type JoinToken } from './session/join-token.ts'

const clock = systemClock
/** Of loopback addresses of this test's own. */
const JOIN_PORT = 29_347
const stateDir = mkdtempSync(join(tmpdir(), 'gantry-identity-'))
let known: TlsFiles

beforeAll(async () => {
  const authority = await createAuthority({ clock })
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, { commonName: 'system:node:n1', organizations: ['system:nodes'], usages: ['client'], clock })
  known = { ca: authority.certificatePem, cert: certificatePem, key: privateKeyPem }
  await mkdir(`${stateDir}/pki`)
  for (const [name, text] of [['ca.crt', known.ca], ['node.crt', known.cert], ['node.key', known.key]] as const) await writeFile(`${stateDir}/pki/${name}`, text)
})
afterAll(() => rm(stateDir, { recursive: true }))

const tokenOf = (sha256: string): JoinToken => ({ caSha256: sha256, secret: 's'.repeat(24) })

test('a certificate is kept while it is this node’s, of this cluster, and valid', async () => {
  const other = await createAuthority({ clock })
  const later = { ...clock, nowMs: () => clock.nowMs() + 20 * 365 * 86_400_000 }
  expect(whyNotKept(known, { nodeName: 'n1', token: undefined, clock })).toBeUndefined()
  expect(whyNotKept(known, { nodeName: 'n1', token: tokenOf(fingerprintOf(known.ca)), clock })).toBeUndefined()
  expect(whyNotKept(known, { nodeName: 'n2', token: undefined, clock })).toBe('the state folder holds the certificate of system:node:n1, and this is node n2')
  expect(whyNotKept(known, { nodeName: 'n1', token: tokenOf(fingerprintOf(other.certificatePem)), clock })).toBe('the state folder holds the certificate of another cluster')
  expect(whyNotKept(known, { nodeName: 'n1', token: undefined, clock: later })).toBe("this node's certificate has expired")
})

test('without a token the reason is told, and nothing is changed', async () => {
  const config = (nodeName: string): ReturnType<typeof parseAgentConfig> => parseAgentConfig(JSON.stringify({ nodeName, server: 'https://127.0.0.1:1', address: '127.0.0.1', stateDir }), 'test')
  const work = { clock, log: silentLog, signal: AbortSignal.timeout(5_000) }
  expect(await loadIdentity(config('n1'), work)).toEqual(known)
  await expect(loadIdentity(config('n2'), work)).rejects.toThrow(/holds the certificate of system:node:n1, and this is node n2: give it a join token/)
  expect(await readFile(`${stateDir}/pki/node.crt`, 'utf8')).toBe(known.cert)
})

test('a control plane that has vanished without a word keeps nobody from joining at another', async () => {
  const [authority, folder] = [await createAuthority({ clock }), mkdtempSync(join(tmpdir(), 'gantry-identity-'))]
  const own = await issueCertificate(authority, { commonName: 'gantry-control-plane', organizations: [], usages: ['server'], dnsNames: ['kubernetes'], clock })
  await using server = await serveJoins(authority, own)
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => void silent.listen(server.port, '127.91.0.1', resolve))
  const token = `gantry1.${fingerprintOf(authority.certificatePem)}.${'s'.repeat(24)}`
  const apiPort = server.port - 2
  const config = parseAgentConfig(JSON.stringify({ nodeName: 'n7', server: `https://127.91.0.1:${apiPort},https://127.91.0.2:${apiPort}`, address: '127.0.0.1', stateDir: folder, token }), 'test')
  const startMs = clock.monotonicMs()
  const joined = await loadIdentity(config, { clock, log: silentLog, signal: AbortSignal.timeout(10_000) })
  expect(joined.ca).toBe(authority.certificatePem)
  expect(clock.monotonicMs() - startMs).toBeLessThan(4_000)
  silent.close()
  await rm(folder, { recursive: true })
})

async function serveJoins(authority: Identity, own: Identity): Promise<AsyncDisposable & { readonly port: number }> {
  const unused = (): Promise<never> => Promise.reject(new Error('not in this test'))
  const tls = { ca: authority.certificatePem, cert: own.certificatePem, key: own.privateKeyPem }
  const sign = ({ nodeName, certificateRequest }: { readonly nodeName: string; readonly certificateRequest: string }): Promise<string> => signCertificateRequest(authority, certificateRequest, { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], usages: ['client'], clock })
  const handlers = { join: async (request: Parameters<typeof sign>[0]) => ({ certificate: await sign(request), ca: tls.ca }), renew: unused, session: unused, stream: unused, requestToken: unused, findLeader: unused, relay: unused }
  const server = await serveNodes(handlers, { tls, addresses: [], joinAddresses: [{ host: '127.91.0.2', port: JOIN_PORT }] })
  return { port: JOIN_PORT, [Symbol.asyncDispose]: () => server.close() }
}
