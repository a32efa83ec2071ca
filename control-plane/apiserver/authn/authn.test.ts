import { describe, expect, test } from 'vitest'
import { createTokenKeys } from '../../../shared/kit/pki.ts'
import { seededRandom } from '../../../shared/kit/random.ts'
import { anonymousUser, createAuthenticator } from './authn.ts'
import { createTokenSigner, type TokenOrder } from './token-signer.ts'
import { createTokenVerifier, type FoundObject } from './token-verifier.ts'
import { issuerDocuments } from './issuer-documents.ts'

const START_MS = 1_760_000_000_000
const keys = createTokenKeys()

function world() {
  let nowMs = START_MS
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} }
  const objects = new Map<string, FoundObject>([
    ['serviceaccounts/x/default', { uid: 'sa-1' }],
    ['pods/x/web', { uid: 'pod-1' }],
  ])
  const signer = createTokenSigner({ key: keys.privateKeyPem, clock, random: seededRandom(1) })
  const verifier = createTokenVerifier({ keys: [keys.publicKeyPem], clock, objects: { find: async (resource, namespace, name) => objects.get(`${resource}/${namespace}/${name}`) } })
  return { signer, verifier, objects, advance: (ms: number) => (nowMs += ms), authenticate: createAuthenticator({ tokens: verifier }) }
}

const order: TokenOrder = {
  subject: { namespace: 'x', serviceAccount: { name: 'default', uid: 'sa-1' }, pod: { name: 'web', uid: 'pod-1' }, node: { name: 'one', uid: 'n-1' } },
  audiences: [],
  expirationSeconds: 600,
}

const payloadOf = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

describe('service account tokens', () => {
  test('claims are those of Kubernetes', async () => {
    const { signer } = world()
    const signed = await signer.sign(order)
    expect(signed.expiresMs).toBe(START_MS + 600_000)
    expect(payloadOf(signed.token)).toEqual({
      aud: ['https://kubernetes.default.svc'],
      exp: START_MS / 1000 + 600,
      iat: START_MS / 1000,
      iss: 'https://kubernetes.default.svc',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      'kubernetes.io': { namespace: 'x', node: { name: 'one', uid: 'n-1' }, pod: { name: 'web', uid: 'pod-1' }, serviceaccount: { name: 'default', uid: 'sa-1' } },
      nbf: START_MS / 1000,
      sub: 'system:serviceaccount:x:default',
    })
  })

  test('a pod that asks for 3607 seconds gets a year and a warning', async () => {
    const { signer } = world()
    const signed = await signer.sign({ ...order, expirationSeconds: 3607 })
    expect(signed.expiresMs).toBe(START_MS + 3_607_000)
    expect(payloadOf(signed.token)).toMatchObject({ exp: START_MS / 1000 + 31_536_000, 'kubernetes.io': { warnafter: START_MS / 1000 + 3607 } })
    const forVault = await signer.sign({ ...order, audiences: ['vault'], expirationSeconds: 3607 })
    expect(payloadOf(forVault.token)).toMatchObject({ exp: START_MS / 1000 + 3607 })
  })

  test('a token says who its bearer is', async () => {
    const { signer, authenticate } = world()
    const { token } = await signer.sign(order)
    expect(await authenticate({ certificate: undefined, authorization: `Bearer ${token}` })).toMatchObject({
      kind: 'user',
      user: {
        name: 'system:serviceaccount:x:default',
        uid: 'sa-1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/pod-name': ['web'], 'authentication.kubernetes.io/pod-uid': ['pod-1'], 'authentication.kubernetes.io/node-name': ['one'] },
      },
    })
  })

  test('it ends with its time and with what it is bound to', async () => {
    const { signer, verifier, objects, advance } = world()
    const { token } = await signer.sign(order)
    const outcome = async (): Promise<string> => (await verifier.verify(token)).kind
    expect(await outcome()).toBe('user')
    objects.set('pods/x/web', { uid: 'pod-2' })
    expect(await outcome()).toBe('refused')
    objects.set('pods/x/web', { uid: 'pod-1', deletionMs: START_MS })
    expect(await outcome()).toBe('user')
    advance(61_000)
    expect(await outcome()).toBe('refused')
    objects.set('pods/x/web', { uid: 'pod-1' })
    objects.delete('serviceaccounts/x/default')
    expect(await outcome()).toBe('refused')
    objects.set('serviceaccounts/x/default', { uid: 'sa-1' })
    expect(await outcome()).toBe('user')
    advance(600_000)
    expect(await outcome()).toBe('refused')
  })

  test('tokens of others, for others, or changed are refused', async () => {
    const { signer, verifier } = world()
    const { token } = await signer.sign({ ...order, audiences: ['vault'] })
    expect(await verifier.verify(token)).toMatchObject({ kind: 'refused', reason: 'token audiences ["vault"] is invalid for the target audiences ["https://kubernetes.default.svc"]' })
    expect(await verifier.verify(token, ['vault'])).toMatchObject({ kind: 'user', audiences: ['vault'] })
    const foreign = createTokenSigner({ key: createTokenKeys().privateKeyPem, clock: { nowMs: () => START_MS, monotonicMs: () => 0, after: () => () => {} }, random: seededRandom(2) })
    expect((await verifier.verify((await foreign.sign(order)).token)).kind).toBe('refused')
    const own = (await signer.sign(order)).token.split('.')
    const forged = Buffer.from(JSON.stringify({ ...payloadOf(own.join('.')), sub: 'system:serviceaccount:x:admin' })).toString('base64url')
    expect(await verifier.verify([own[0], forged, own[2]].join('.'))).toEqual({ kind: 'refused', reason: 'go-jose/go-jose: error in cryptographic primitive' })
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${own[1] ?? ''}.`
    expect((await verifier.verify(unsigned)).kind).toBe('refused')
    expect((await verifier.verify('nonsense')).kind).toBe('refused')
  })

  test('a token of a Secret lives as long as the Secret holds it', async () => {
    const { signer, verifier, objects, advance } = world()
    const token = await signer.signForSecret({ namespace: 'x', serviceAccount: { name: 'default', uid: 'sa-1' }, secretName: 'old' })
    expect(payloadOf(token)).toMatchObject({ iss: 'kubernetes/serviceaccount', sub: 'system:serviceaccount:x:default', 'kubernetes.io/serviceaccount/secret.name': 'old' })
    expect(await verifier.verify(token)).toEqual({ kind: 'refused', reason: 'service account token has been invalidated' })
    objects.set('secrets/x/old', { uid: 's', token: Buffer.from(token).toString('base64') })
    advance(10 * 365 * 86_400_000)
    expect(await verifier.verify(token)).toMatchObject({ kind: 'user', user: { name: 'system:serviceaccount:x:default', extra: {} }, audiences: ['https://kubernetes.default.svc'] })
    expect(await verifier.verify(token, ['vault'])).toMatchObject({ kind: 'refused' })
    objects.set('secrets/x/old', { uid: 's', token: 'b3RoZXI=' })
    expect(await verifier.verify(token)).toMatchObject({ kind: 'refused', reason: "service account token does not match server's copy" })
  })

  test('the issuer tells its keys', () => {
    const documents = issuerDocuments('https://kubernetes.default.svc', [keys.publicKeyPem])
    expect(documents.configuration).toMatchObject({ issuer: 'https://kubernetes.default.svc', id_token_signing_alg_values_supported: ['ES256'] })
    expect(documents.keys).toMatchObject({ keys: [{ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256' }] })
  })
})

describe('certificates and strangers', () => {
  const certificate = { commonName: 'admin', organizations: ['system:masters'], fingerprint: 'ab12', problem: undefined }
  test('a certificate gives name and groups', async () => {
    expect(await createAuthenticator({})({ certificate, authorization: undefined })).toEqual({
      kind: 'user',
      user: { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab12'] } },
    })
  })
  test('a certificate that ends while its connection lives is refused from then on', async () => {
    let nowMs = 1000
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} }
    const authenticate = createAuthenticator({ clock })
    const shown = { certificate: { ...certificate, validUntilMs: 5000 }, authorization: undefined }
    expect((await authenticate(shown)).kind).toBe('user')
    nowMs = 5001
    expect(await authenticate(shown)).toEqual({ kind: 'refused', reason: 'certificate has expired' })
    expect(await authenticate({ ...shown, authorization: 'Bearer x' })).toEqual({ kind: 'refused', reason: 'tokens are not accepted' })
  })
  test('another certificate on another connection is another user', async () => {
    const authenticate = createAuthenticator({})
    const nameOf = async (commonName: string): Promise<unknown> => authenticate({ certificate: { ...certificate, commonName }, authorization: undefined })
    expect([await nameOf('a'), await nameOf('b')]).toMatchObject([{ user: { name: 'a' } }, { user: { name: 'b' } }])
  })
  test('a certificate of another authority is refused, not anonymous', async () => {
    expect(await createAuthenticator({})({ certificate: { ...certificate, problem: 'unknown authority' }, authorization: undefined })).toEqual({ kind: 'refused', reason: 'unknown authority' })
  })
  test('whoever shows nothing is anonymous', async () => {
    expect(await createAuthenticator({})({ certificate: undefined, authorization: undefined })).toEqual({ kind: 'user', user: anonymousUser })
    expect(await createAuthenticator({})({ certificate: undefined, authorization: 'Basic abc' })).toEqual({ kind: 'user', user: anonymousUser })
    expect((await createAuthenticator({})({ certificate: undefined, authorization: 'Bearer x' })).kind).toBe('refused')
  })
})
