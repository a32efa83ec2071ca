import { randomBytes } from 'node:crypto'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../node-agent/images/digest.ts'
import { createOwnLogins } from '../../node-agent/images/registry/own-logins.ts'
import { createRegistryClient, parseRegistrySettings, pushImage, settingsFile, type RegistryLogin, type RepositorySession } from '../../node-agent/images/registry/registry.ts'
import { systemClock, type Clock } from '../../shared/kit/clock.ts'
import { blobOf, descriptorOf, imageOf, layerOf, passwordLogin, reference, type TestImage } from './registry-images.ts'
import { hasRegistry, spoiltWay, startRegistry, startTokenService, type SpoiltWay, type TestRegistry, type TokenService } from './registry-server.ts'

/** Waits as long as told, in a thousandth of the time; what it was told is kept. */
const waits: number[] = []
const hasty: Clock = { ...systemClock, after: (delayMs, run) => (waits.push(delayMs), systemClock.after(delayMs / 1000 + (delayMs > 20_000 ? 1_000 : 0), run)) }

const never = new AbortController().signal

const clientOf = (settings: object = {}) => createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify(settings), 'test'), clock: hasty, random: { next: () => 0 } })

/** An image of one layer, of which a part cannot be made smaller. */
const noisyImage = (content: string, sizeBytes = 300_000): TestImage => imageOf([layerOf([{ name: 'content', content }, { name: 'noise', content: randomBytes(sizeBytes) }])])

const layerBytes = (image: TestImage): Buffer => image.layers[0]?.bytes ?? Buffer.alloc(0)

async function bytesOf(blob: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of blob) parts.push(part)
  return Buffer.concat(parts)
}

describe.skipIf(!hasRegistry)('with TLS and passwords', () => {
  let registry: TestRegistry
  beforeAll(async () => void (registry = await startRegistry({ tls: true, auth: 'htpasswd' })))
  afterAll(() => registry[Symbol.asyncDispose]())
  const settings = (): object => ({ [registry.host]: { ca: registry.ca } })

  test('what is pushed is resolved by tag and digest, and pulled as it was; pushed again, nothing is sent', async () => {
    using client = clientOf(settings())
    const image = noisyImage('one')
    const logins = [passwordLogin(registry.host)]
    const name = reference(`${registry.host}/team/app:v1`)
    const states: string[] = []
    const push = (): Promise<object> => pushImage(client, { reference: name, manifest: image.manifest, blobs: image.blobs, logins, onProgress: ({ state }) => void states.push(state) }, never)
    const pushed = await push()
    expect(pushed).toEqual({ mediaType: image.manifest.mediaType, digest: digestOf(image.manifest.bytes), sizeBytes: image.manifest.bytes.length })
    states.length = 0
    expect(await push()).toEqual(pushed)
    expect(states).toEqual(['exists', 'exists'])

    const session = client.open(name.repository, { logins, actions: 'pull', signal: never })
    expect(await session.resolve(name)).toEqual(pushed)
    expect(await session.resolve({ digest: digestOf(image.manifest.bytes) })).toEqual(pushed)
    expect((await session.manifest(digestOf(image.manifest.bytes))).bytes).toEqual(image.manifest.bytes)
    expect(await bytesOf(session.blob(descriptorOf(layerBytes(image))))).toEqual(layerBytes(image))
    expect(await session.tags()).toEqual(['v1'])
    expect(session.login).toBe(logins[0])
    await expect(session.resolve({ tag: 'v2' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(session.manifest(digestOf('other'))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('nobody, a wrong password, and the login of another registry are refused; the right one after a wrong one is not', async () => {
    using client = clientOf(settings())
    const image = noisyImage('two', 10)
    const name = reference(`${registry.host}/team/refused:v1`)
    const wrong = passwordLogin(registry.host, { password: 'wrong' })
    const pull = (logins: readonly RegistryLogin[]): Promise<object> => client.open(name.repository, { logins, actions: 'pull', signal: never }).resolve(name)
    await expect(pushImage(client, { reference: name, ...image, logins: [wrong] }, never)).rejects.toMatchObject({ code: 'permission', message: expect.stringMatching(/^push access denied, repository does not exist or may require authorization: /) as string })
    await pushImage(client, { reference: name, ...image, logins: [wrong, passwordLogin(`${registry.host}/team`)] }, never)
    await expect(pull([])).rejects.toMatchObject({ code: 'permission', message: 'pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials' })
    await expect(pull([wrong])).rejects.toMatchObject({ code: 'permission', message: 'pull access denied, repository does not exist or may require authorization: authorization failed' })
    await expect(pull([passwordLogin('127.0.0.1:1'), passwordLogin(`${registry.host}/other`)])).rejects.toMatchObject({ code: 'permission' })
    expect(await pull([wrong, passwordLogin('127.0.0.*:'.concat(registry.host.split(':')[1] ?? ''))])).toMatchObject({ digest: digestOf(image.manifest.bytes) })
  })

  test('a certificate of an authority that nobody named is not believed, unless somebody says so', async () => {
    const pull = (given: object): Promise<object> => {
      using client = clientOf(given)
      return client.open(`${registry.host}/none`, { logins: [passwordLogin(registry.host)], actions: 'pull', signal: never }).resolve({ tag: 'v1' })
    }
    await expect(pull({})).rejects.toMatchObject({ code: 'unavailable', message: `failed to do request: Head "https://${registry.host}/v2/none/manifests/v1": tls: failed to verify certificate: x509: certificate signed by unknown authority` })
    await expect(pull({ [registry.host]: { skipVerify: true } })).rejects.toMatchObject({ code: 'not-found' })
    await expect(pull({ [registry.host]: { ca: '/nonexistent.pem' } })).rejects.toMatchObject({ message: expect.stringContaining('/nonexistent.pem') as string })
  })
})

describe.skipIf(!hasRegistry)('with tokens', () => {
  let tokens: TokenService
  let registry: TestRegistry
  let image: TestImage
  beforeAll(async () => {
    tokens = await startTokenService()
    registry = await startRegistry({ auth: { realm: tokens.realm, certificatePem: tokens.certificatePem } })
    image = noisyImage('tokens')
    using client = clientOf()
    for (const name of ['private/app:v1', 'public/app:v1']) await pushImage(client, { reference: reference(`${registry.host}/${name}`), ...image, logins: [passwordLogin(registry.host)] }, never)
  })
  afterAll(async () => {
    await registry[Symbol.asyncDispose]()
    await tokens[Symbol.asyncDispose]()
  })

  const pullAll = async (repository: string, logins: readonly RegistryLogin[]): Promise<RepositorySession> => {
    using client = clientOf()
    const session = client.open(`${registry.host}/${repository}`, { logins, actions: 'pull', signal: never })
    const { digest } = await session.resolve({ tag: 'v1' })
    await session.manifest(digest)
    await Promise.all([image.config, layerBytes(image)].map(async (bytes) => expect(await bytesOf(session.blob(descriptorOf(bytes)))).toEqual(bytes)))
    return session
  }

  test('one token serves all requests of a pull', async () => {
    const before = tokens.asked.length
    await pullAll('private/app', [passwordLogin(registry.host)])
    expect(tokens.asked.slice(before)).toEqual([{ method: 'GET', scope: 'repository:private/app:pull', authorization: expect.stringMatching(/^Basic /) as string, grant: null }])
  })

  test('nobody gets one for what is public, and not for what is not', async () => {
    await pullAll('public/app', [])
    await expect(pullAll('private/app', [])).rejects.toMatchObject({ code: 'permission' })
    await expect(pullAll('private/app', [passwordLogin(registry.host, { password: 'wrong' })])).rejects.toMatchObject({ code: 'permission', message: expect.stringMatching(/^failed to authorize: failed to fetch oauth token: unexpected status from GET request to http.*: 401$/) as string })
  })

  test('a refresh token is changed for an access token', async () => {
    await pullAll('private/app', [{ registry: registry.host, credential: { kind: 'identity-token', token: 'refresh-me' } }])
    expect(tokens.asked.at(-1)).toMatchObject({ method: 'POST', grant: 'refresh_token', scope: 'repository:private/app:pull' })
  })

  test('a token that has run out is fetched anew', async () => {
    const before = tokens.asked.length
    using client = clientOf()
    const session = client.open(`${registry.host}/private/app`, { logins: [passwordLogin(registry.host)], actions: 'pull', signal: never })
    tokens.lifeS = -120
    try {
      await expect(session.resolve({ tag: 'v1' })).rejects.toMatchObject({ code: 'permission' })
    } finally {
      tokens.lifeS = 300
    }
    await session.resolve({ tag: 'v1' })
    await session.resolve({ tag: 'v1' })
    expect(tokens.asked.length - before).toBeLessThanOrEqual(4)
  })
})

describe.skipIf(!hasRegistry)('over a spoilt way', () => {
  let registry: TestRegistry
  let way: SpoiltWay
  let image: TestImage
  beforeAll(async () => {
    registry = await startRegistry()
    way = await spoiltWay(registry.host)
    image = noisyImage('spoilt', 3_000_000)
    using client = clientOf()
    await pushImage(client, { reference: reference(`${registry.host}/app:v1`), ...image, logins: [] }, never)
  })
  afterAll(async () => {
    await way[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })

  const pull = async (trouble: SpoiltWay['trouble'], settings: object = {}): Promise<Buffer> => {
    way.trouble = trouble
    waits.length = 0
    using client = clientOf(settings)
    const session = client.open(`${way.host}/app`, { logins: [], actions: 'pull', signal: never })
    await session.resolve({ tag: 'v1' })
    return await bytesOf(session.blob(descriptorOf(layerBytes(image))))
  }
  const isBlob = (path: string): boolean => path.includes('/blobs/')

  test('cut in the middle, again and again: it goes on where it was', async () => {
    const from = way.seen.length
    expect((await pull((_, path) => (isBlob(path) ? { kind: 'cut', afterBytes: 900_000 } : undefined))).equals(layerBytes(image))).toBe(true)
    expect(way.seen.slice(from).filter(({ path }) => isBlob(path)).map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=900000-', 'bytes=1800000-', 'bytes=2700000-'])
  })

  test('cut before a byte has come: tried a few times, then given up', async () => {
    const from = way.seen.length
    await expect(pull((_, path) => (isBlob(path) ? { kind: 'cut', afterBytes: 0 } : undefined))).rejects.toMatchObject({ code: 'unavailable' })
    expect(way.seen.length - from).toBeLessThan(10)
  })

  test('slow is slow, and right', async () => {
    expect((await pull((_, path) => (isBlob(path) ? { kind: 'slow', pieces: 50 } : undefined))).equals(layerBytes(image))).toBe(true)
  })

  test('wrong bytes are told', async () => {
    await expect(pull((_, path) => (isBlob(path) ? { kind: 'wrong-bytes' } : undefined))).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('does not match its digest') as string })
    await expect(pull((method, path) => (method === 'GET' && path.includes('/manifests/') ? { kind: 'wrong-bytes' } : undefined)).then(async () => {
      using client = clientOf()
      await client.open(`${way.host}/app`, { logins: [], actions: 'pull', signal: never }).manifest(digestOf(image.manifest.bytes))
    })).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('429 waits as long as the registry wants; 500 is tried again; both end', async () => {
    const once = (status: number, headers: Record<string, string> = {}): SpoiltWay['trouble'] => {
      const spoilt = new Set<string>()
      return (method, path) => (spoilt.has(method + path) ? undefined : (spoilt.add(method + path), { kind: 'status', status, headers }))
    }
    expect((await pull(once(429, { 'retry-after': '7' }))).equals(layerBytes(image))).toBe(true)
    expect(waits.filter((ms) => ms === 7_000)).toHaveLength(2)
    expect((await pull(once(500))).equals(layerBytes(image))).toBe(true)
    await expect(pull(() => ({ kind: 'status', status: 503 }))).rejects.toMatchObject({ code: 'unavailable', message: `unexpected status from HEAD request to http://${way.host}/v2/app/manifests/v1: 503 Service Unavailable` })
    await expect(pull(() => ({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } }))).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a redirect is followed, and what is shown to the registry is shown to nobody else', async () => {
    await using elsewhere = await spoiltWay(registry.host)
    way.trouble = (_, path) => (isBlob(path) ? { kind: 'status', status: 307, headers: { location: `http://${elsewhere.host}${path}` } } : path.includes('/manifests/') && way.seen.at(-1)?.headers.authorization === undefined ? { kind: 'status', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } : undefined)
    using client = clientOf({ [way.host]: { header: { 'x-own': 'secret' } } })
    const session = client.open(`${way.host}/app`, { logins: [passwordLogin(way.host)], actions: 'pull', signal: never })
    await session.resolve({ tag: 'v1' })
    expect((await bytesOf(session.blob(descriptorOf(layerBytes(image))))).equals(layerBytes(image))).toBe(true)
    expect(way.seen.at(-1)?.headers).toMatchObject({ authorization: expect.stringMatching(/^Basic /) as string, 'x-own': 'secret' })
    expect(elsewhere.seen.map(({ headers }) => [headers.authorization, headers['x-own']])).toEqual([[undefined, undefined]])
    way.trouble = (_, path) => ({ kind: 'status', status: 307, headers: { location: path } })
    await expect(session.resolve({ tag: 'v1' })).rejects.toMatchObject({ message: expect.stringContaining('redirects without end') as string })
  })

  test('mirrors are asked first, told which registry is meant, and not shown the logins of the registry', async () => {
    way.trouble = () => undefined
    await using mirror = await spoiltWay(registry.host)
    const settings = { [way.host]: { server: `http://${way.host}`, hosts: [{ url: 'http://127.0.0.1:1' }, { url: `http://${mirror.host}` }] } }
    using client = clientOf(settings)
    const session = client.open(`${way.host}/app`, { logins: [passwordLogin(way.host)], actions: 'pull', signal: never })
    const from = way.seen.length
    await session.resolve({ tag: 'v1' })
    expect((await bytesOf(session.blob(descriptorOf(layerBytes(image))))).equals(layerBytes(image))).toBe(true)
    expect(way.seen.length).toBe(from)
    expect(mirror.seen.map(({ path, headers }) => [new URL(path, 'http://x').searchParams.get('ns'), headers.authorization])).toEqual([[way.host, undefined], [way.host, undefined]])
    mirror.trouble = () => ({ kind: 'status', status: 404 })
    expect((await session.resolve({ tag: 'v1' })).digest).toBe(digestOf(image.manifest.bytes))
    expect(way.seen.length).toBe(from + 1)
  })

  test('an upload that is cut goes on, or begins anew where the registry has lost its way', async () => {
    const layer = randomBytes(9_000_000)
    let cuts = 0
    way.trouble = (method) => (method === 'PATCH' && cuts++ < 2 ? { kind: 'cut-request', afterBytes: 1_000_000 } : undefined)
    using client = clientOf()
    const session = client.open(`${way.host}/pushed`, { logins: [], actions: 'pull,push', signal: never })
    expect(await session.pushBlob(blobOf(layer))).toBe('pushed')
    expect(cuts).toBeGreaterThan(2)
    way.trouble = () => undefined
    expect((await bytesOf(session.blob(descriptorOf(layer)))).equals(layer)).toBe(true)
  })

  test('a blob that the registry has elsewhere is mounted; one that is not what it says is refused', async () => {
    way.trouble = () => undefined
    using client = clientOf()
    // What an earlier try has mounted is there, and not mounted again.
    const session = client.open(`${way.host}/mounted-${Date.now()}`, { logins: [], actions: 'pull,push', signal: never })
    expect(await session.pushBlob(blobOf(layerBytes(image), { mountFrom: 'app' }))).toBe('mounted')
    await expect(session.pushBlob({ ...blobOf(Buffer.from('x')), digest: digestOf('y') })).rejects.toMatchObject({ code: 'invalid' })
    await expect(session.pushBlob({ ...blobOf(Buffer.from('xy')), digest: digestOf('z'), sizeBytes: 1 })).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('a manifest that is far too long is not read', async () => {
    const huge = Buffer.from(JSON.stringify({ schemaVersion: 2, padding: 'x'.repeat(5 << 20) }))
    await using liar = await spoiltWay(registry.host)
    void huge
    liar.trouble = (_, path) => (path.includes('/manifests/') ? { kind: 'status', status: 307, headers: { location: `http://${way.host}/v2/app/blobs/${digestOf(layerBytes(image))}` } } : undefined)
    using client = clientOf()
    await expect(client.open(`${liar.host}/app`, { logins: [], actions: 'pull', signal: never }).manifest(digestOf(huge))).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('an abort ends it at once', async () => {
    const stop = new AbortController()
    way.trouble = (_, path) => (isBlob(path) ? (stop.abort(new Error('enough')), { kind: 'cut', afterBytes: 10 }) : undefined)
    using client = clientOf()
    const session = client.open(`${way.host}/app`, { logins: [], actions: 'pull', signal: stop.signal })
    await expect(bytesOf(session.blob(descriptorOf(layerBytes(image))))).rejects.toThrow('enough')
  })
})

test('settings and docker configs are read from files: missing ones say nothing, damaged ones are told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-registry-'))
  try {
    const [settings, config] = [join(folder, 'registries.json'), join(folder, 'config.json')]
    const read = settingsFile(settings, 'configured')
    const logins = (dockerConfigs: readonly string[]): Promise<readonly RegistryLogin[]> => createOwnLogins({ dockerConfigs, clock: systemClock })({ repository: 'r.io/app', hosts: ['r.io'] })
    expect(await read()).toEqual({ registries: {}, names: 'configured' })
    await writeFile(settings, '{"r.io": {}}')
    expect(Object.keys((await read()).registries)).toEqual(['r.io'])
    await writeFile(config, '{"auths": {"r.io": {"username": "u", "password": "p"}}}')
    expect(await logins([join(folder, 'none.json'), config])).toMatchObject([{ registry: 'r.io' }])
    await writeFile(config, '{')
    await expect(logins([config])).rejects.toThrow(config)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
