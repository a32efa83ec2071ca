import { describe, expect, it, test } from 'vitest'
import { parseChallenges, tokenRequestOf } from './challenge.ts'
import { endpointsOf } from './endpoints.ts'
import { globMatches, loginsFor, loginsOf } from './logins.ts'
import { manifestsFor, parseManifest } from './manifest.ts'
import { LONGEST_RETRY_AFTER_MS, MOST_TRIES, parseRetryAfter, retryDelay } from './retry.ts'
import { noSettings, parseRegistrySettings } from './settings.ts'

describe('parseChallenges', () => {
  it.each<[string | string[] | undefined, ReturnType<typeof parseChallenges>]>([
    [undefined, []],
    ['', []],
    ['Basic realm="here"', [{ scheme: 'basic', parameters: { realm: 'here' } }]],
    ['Bearer realm="https://auth/token",service="r",scope="repository:a/b:pull,push"', [{ scheme: 'bearer', parameters: { realm: 'https://auth/token', service: 'r', scope: 'repository:a/b:pull,push' } }]],
    ['Bearer  Realm = "x" , SERVICE=plain', [{ scheme: 'bearer', parameters: { realm: 'x', service: 'plain' } }]],
    ['Bearer realm="a \\"quoted\\" one"', [{ scheme: 'bearer', parameters: { realm: 'a "quoted" one' } }]],
    [
      'Negotiate, Basic realm="b", Bearer realm="t"',
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'basic', parameters: { realm: 'b' } },
        { scheme: 'bearer', parameters: { realm: 't' } },
      ],
    ],
    [
      ['Basic realm="b"', 'Bearer realm="t"'],
      [
        { scheme: 'basic', parameters: { realm: 'b' } },
        { scheme: 'bearer', parameters: { realm: 't' } },
      ],
    ],
    ['Bearer realm="first",realm="second"', [{ scheme: 'bearer', parameters: { realm: 'first' } }]],
    ['Bearer realm="cut', [{ scheme: 'bearer', parameters: {} }]],
  ])('%j', (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected)
  })

  test('a token is asked for with the scope that is needed where the registry names none', () => {
    const [challenge] = parseChallenges('Bearer realm="https://t/",service="s"')
    expect(challenge && tokenRequestOf(challenge, 'repository:a:pull')).toEqual({ realm: 'https://t/', service: 's', scope: 'repository:a:pull' })
    for (const header of ['Basic realm="x"', 'Bearer service="s"']) expect(parseChallenges(header).map((one) => tokenRequestOf(one, ''))).toEqual([undefined])
  })
})

describe('loginsOf', () => {
  const basic = (text: string): string => Buffer.from(text).toString('base64')
  const password = (username: string, secret: string): object => ({ kind: 'password', username, password: secret })
  it.each<[string, unknown, readonly object[]]>([
    ['config.json', { auths: { 'r.io': { auth: basic('u:p:q') } } }, [{ registry: 'r.io', credential: password('u', 'p:q') }]],
    ['dockercfg', { 'r.io': { username: 'u', password: 'p', email: 'e' } }, [{ registry: 'r.io', credential: password('u', 'p') }]],
    ['auth before the names', { auths: { r: { auth: basic('a:b'), username: 'u', password: 'p' } } }, [{ registry: 'r', credential: password('a', 'b') }]],
    ['tokens', { auths: { a: { identitytoken: 'i', auth: basic('x:y') }, b: { registrytoken: 'r' } } }, [{ registry: 'a', credential: { kind: 'identity-token', token: 'i' } }, { registry: 'b', credential: { kind: 'access-token', token: 'r' } }]],
    ['nothing that could be shown', { auths: { a: {}, b: { auth: 'not base64!' }, c: { auth: basic('nocolon') }, d: 5 }, credsStore: 'x' }, []],
    ['an empty config', { auths: {} }, []],
    ['no config', ['x'], []],
  ])('%s', (_, config, expected) => {
    expect(loginsOf(config)).toEqual(expected)
  })
})

describe('loginsFor: which keys fit which repository, in which order', () => {
  const keysFor = (repository: string, keys: readonly string[]): readonly string[] => loginsFor(repository, keys.map((registry) => ({ registry, credential: { kind: 'access-token', token: registry } as const }))).map(({ registry }) => registry)
  it.each<[string, readonly string[], readonly string[]]>([
    ['r.io/a/b', ['r.io'], ['r.io']],
    ['r.io/a/b', ['https://r.io', 'http://r.io/v1/', 'r.io/v2/'], ['https://r.io', 'http://r.io/v1/', 'r.io/v2/']],
    ['r.io/a/b', ['r.io/a', 'r.io/a/b', 'r.io', 'r.io/c'], ['r.io/a/b', 'r.io/a', 'r.io']],
    ['r.io:5000/a', ['r.io', 'r.io:5000', 'r.io:5001'], ['r.io:5000']],
    ['r.io/a', ['r.io:5000'], []],
    ['my.r.io/a', ['*.r.io', '*.*.io', 'r.io', '*', 'm?.r.io', '[a-m]y.r.io'], ['m?.r.io', '[a-m]y.r.io', '*.r.io', '*.*.io']],
    ['deep.my.r.io/a', ['*.r.io'], []],
    ['10.0.0.1:5000/a', ['10.0.0.*:5000', '10.0.0.1:5000'], ['10.0.0.1:5000', '10.0.0.*:5000']],
    ['docker.io/library/busybox', ['https://index.docker.io/v1/'], ['https://index.docker.io/v1/']],
    ['docker.io/library/busybox', ['docker.io', 'https://index.docker.io/v1/'], ['docker.io']],
    ['r.io/a', ['https://index.docker.io/v1/'], []],
    ['evil.io/r.io/a', ['r.io'], []],
  ])('%s of %j', (repository, keys, expected) => {
    expect(keysFor(repository, keys)).toEqual(expected)
  })

  test('it is noted whose they are', () => {
    const config = { auths: { 'r.io': { username: 'a', password: 'b' } } }
    expect([undefined, 'person' as const, { namespace: 'n', name: 's', uid: 'u' }].map((from) => loginsOf(config, from).map(({ secret, isPersonal }) => [secret?.name, isPersonal]))).toEqual([[[undefined, undefined]], [[undefined, true]], [['s', undefined]]])
  })

  test("a pod's secrets come before what the node has", () => {
    const secret = { namespace: 'n', name: 's', uid: 'u' }
    const credential = { kind: 'access-token', token: 't' } as const
    expect(loginsFor('r.io/a', [{ registry: 'r.io/a', credential }, { registry: 'r.io', credential, secret }]).map((one) => one.secret)).toEqual([secret, undefined])
  })

  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['a*c', 'abbc', true],
    ['a?c', 'ac', false],
    ['[^a]x', 'bx', true],
    ['[^a]x', 'ax', false],
    ['[', '[', true],
    ['[a', 'a', false],
    ['(a)', '(a)', true],
    ['a.c', 'abc', false],
  ])('glob %j and %j: %s', (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected)
  })
})

describe('retries', () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['7', 7000],
    ['Thu, 01 Jan 1970 00:00:09 GMT', 8000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
  ])('Retry-After: %j', (header, expected) => {
    expect(parseRetryAfter(header, 1000)).toBe(expected)
  })

  test('wait longer each time, as long as the registry wants, and end', () => {
    expect([1, 2, 3, 4].map((failures) => retryDelay(failures, undefined, 1 - Number.EPSILON))).toEqual([250, 500, 1000, 2000].map((ms) => expect.closeTo(ms, 3) as number))
    expect(retryDelay(1, 5000, 0)).toBe(5000)
    expect(retryDelay(1, LONGEST_RETRY_AFTER_MS + 1, 0)).toBeUndefined()
    expect(retryDelay(MOST_TRIES, undefined, 0)).toBeUndefined()
  })
})

describe('endpointsOf', () => {
  const settings = parseRegistrySettings(
    JSON.stringify({
      'docker.io': { hosts: [{ url: 'https://mirror:5000' }, { url: 'http://plain/proxy/v2', overridePath: true }] },
      '10.0.0.1:5000': { server: 'http://10.0.0.1:5000' },
      'only.io': { capabilities: ['pull'] },
    }),
    'here',
    'configured',
  )
  const bases = (repository: string, capability: 'pull' | 'push' = 'pull'): unknown => {
    const found = endpointsOf(repository, settings, capability)
    return found.kind === 'ok' ? found.endpoints.map(({ base, host, repository: path, plainToo }) => [base, host, path, plainToo]) : found
  }
  it.each<[string, unknown]>([
    [
      'docker.io/library/b',
      [
        ['https://mirror:5000/v2', 'mirror:5000', 'library/b', false],
        ['http://plain/proxy/v2', 'plain/proxy', 'library/b', false],
        ['https://registry-1.docker.io/v2', 'docker.io', 'library/b', false],
      ],
    ],
    ['10.0.0.1:5000/a/b', [['http://10.0.0.1:5000/v2', '10.0.0.1:5000', 'a/b', false]]],
    ['10.0.0.2:5000/a', [['https://10.0.0.2:5000/v2', '10.0.0.2:5000', 'a', false]]],
    ['127.0.0.1:5000/a', [['https://127.0.0.1:5000/v2', '127.0.0.1:5000', 'a', true]]],
    ['localhost/a', [['https://localhost/v2', 'localhost', 'a', true]]],
    ['[::1]:5000/a', [['https://[::1]:5000/v2', '[::1]:5000', 'a', true]]],
    ['nosuch.example/a', { kind: 'not-asked', registry: 'nosuch.example' }],
  ])('%s', (repository, expected) => {
    expect(bases(repository)).toEqual(expected)
  })
  test('a mirror is not pushed to; a name that nobody configured is asked where that is the rule', () => {
    expect(bases('docker.io/a', 'push')).toEqual([['https://registry-1.docker.io/v2', 'docker.io', 'a', false]])
    expect(bases('only.io/a', 'push')).toEqual([])
    expect(endpointsOf('nosuch.example/a', noSettings(), 'pull').kind).toBe('ok')
  })
  it.each([
    ['[]', 'here must hold one JSON object, registries by their names'],
    ['{', /^here is not JSON: /],
    ['{"a": {"hots": []}}', /^here: a: unknown setting "hots": the settings are server, hosts, /],
    ['{"a": {"server": "ftp://x"}}', 'here: a.server must be a URL like https://HOST:5000'],
    ['{"a": {"hosts": [{"url": "https://u:p@x"}]}}', 'here: a.hosts[0].url must be a URL like https://HOST:5000'],
    ['{"a": {"capabilities": ["fly"]}}', 'here: a.capabilities must be some of pull, resolve, push'],
  ])('%s is refused', (text, message) => {
    expect(() => parseRegistrySettings(text, 'here')).toThrow(message)
  })
})

describe('manifests', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const descriptor = (mediaType: string, more: object = {}): object => ({ mediaType, digest, size: 5, ...more })
  const layer = descriptor('application/vnd.oci.image.layer.v1.tar+gzip')
  const config = descriptor('application/vnd.oci.image.config.v1+json')
  it.each<[string, unknown, object]>([
    ['an image', { schemaVersion: 2, config, layers: [layer, descriptor('application/vnd.docker.image.rootfs.diff.tar.gzip'), descriptor('application/vnd.oci.image.layer.v1.tar+zstd'), descriptor('application/vnd.oci.image.layer.v1.tar')] }, { kind: 'image' }],
    ['an index', { schemaVersion: 2, manifests: [descriptor('x', { platform: { os: 'linux', architecture: 'amd64' } })] }, { kind: 'index' }],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, { kind: 'invalid', message: expect.stringContaining('schema 1') as string }],
    ['both', { config, layers: [layer], manifests: [] }, { kind: 'invalid', message: 'has both layers and manifests' }],
    ['nothing', {}, { kind: 'invalid', message: 'has neither layers nor manifests' }],
    ['a foreign layer', { config, layers: [descriptor('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')] }, { kind: 'invalid' }],
    ['an encrypted layer', { config, layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip+encrypted')] }, { kind: 'invalid' }],
    ['a negative size', { config, layers: [{ ...layer, size: -1 }] }, { kind: 'invalid' }],
    ['another digest', { config, layers: [{ ...layer, digest: 'sha512:1' }] }, { kind: 'invalid' }],
    ['too many layers', { config, layers: Array.from({ length: 501 }, () => layer) }, { kind: 'invalid' }],
    ['no object', 5, { kind: 'invalid' }],
  ])('%s', (_, document, expected) => {
    expect(parseManifest(document)).toMatchObject(expected)
  })

  test('of an index the one for this processor is taken, in the variant that every one of its kind runs', () => {
    const manifests = ['linux/arm64/v8', 'linux/amd64/v3', 'linux/amd64', 'windows/amd64', 'unknown/unknown', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'].map((name) => {
      const [os = '', architecture = '', variant = ''] = name.split('/')
      return { name, platform: { os, architecture, variant } }
    })
    const namesFor = (arch: string): readonly string[] => manifestsFor(manifests, arch).map(({ name }) => name)
    expect(namesFor('x64')).toEqual(['linux/amd64'])
    expect(namesFor('arm64')).toEqual(['linux/arm64/v8'])
    expect(namesFor('arm')).toEqual(['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'])
    expect(namesFor('s390x')).toEqual([])
  })
})
