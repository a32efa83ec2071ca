import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { type Log, silentLog } from '../../../shared/kit/log.ts'
import { goDurationMs } from '../../eviction/go-duration.ts'
import { helperCalls, helperLogin } from './credential-helpers.ts'
import { cacheKeysOf, parseProvided, parseProviders, providersFor } from './credential-providers.ts'
import { createOwnLogins, type OwnLoginsOptions } from './own-logins.ts'
import type { RegistryLogin } from './port.ts'

describe('helperCalls', () => {
  const call = (name: string, server: string, host: string, isNamed: boolean): object => ({ program: `docker-credential-${name}`, server, host, isNamed })
  test.each<[string, unknown, readonly string[], readonly object[]]>([
    ['none', { auths: {} }, ['r.io'], []],
    ['no config', 'x', ['r.io'], []],
    ['named for it', { credHelpers: { 'r.io': 'one' } }, ['r.io', 's.io'], [call('one', 'r.io', 'r.io', true)]],
    ['the store, for all others', { credHelpers: { 'r.io': 'one' }, credsStore: 'all' }, ['r.io', 's.io:5000'], [call('one', 'r.io', 'r.io', true), call('all', 's.io:5000', 's.io:5000', false)]],
    ['a mirror below a path', { credHelpers: { 'm.io': 'one' } }, ['m.io/v2/hub'], [call('one', 'm.io', 'm.io/v2/hub', true)]],
    ['Docker Hub by its old name', { credHelpers: { 'https://index.docker.io/v1/': 'hub' } }, ['docker.io'], [call('hub', 'https://index.docker.io/v1/', 'docker.io', true)]],
    ['a path is no name', { credHelpers: { 'r.io': '../../bin/sh' }, credsStore: '/bin/sh' }, ['r.io'], []],
    ['of an object no more than its own', { credHelpers: {} }, ['constructor'], []],
  ])('%s', (_, config, hosts, expected) => expect(helperCalls(config, hosts)).toEqual(expected))
})

describe('helperLogin', () => {
  const call = { program: 'docker-credential-x', server: 'r.io', host: 'r.io', isNamed: true }
  const said = (stdout: string, exitCode = 0, stderr = '') => ({ exitCode, stdout, stderr })
  test.each<[string, ReturnType<typeof said>, RegistryLogin | undefined]>([
    ['a password', said('{"ServerURL": "r.io", "Username": "u", "Secret": "s"}'), { registry: 'r.io', credential: { kind: 'password', username: 'u', password: 's' } }],
    ['a token', said('{"Username": "<token>", "Secret": "t"}'), { registry: 'r.io', credential: { kind: 'identity-token', token: 't' } }],
    ['nothing', said('{"Username": "", "Secret": ""}'), undefined],
    ['none known', said('credentials not found in native keychain\n', 1), undefined],
  ])('%s', (_, answer, expected) => expect(helperLogin(call, answer)).toEqual(expected))
  test.each([
    ['its own words', said('', 1, 'locked'), /docker-credential-x gave no login for r.io: locked/],
    ['no JSON', said('hello'), /without a "Username"/],
  ])('a failure is told: %s', (_, answer, words) => expect(() => helperLogin(call, answer)).toThrow(words))
})

describe('credential providers', () => {
  const provider = { name: 'p', matchImages: ['*.r.io', 's.io/team'], defaultCacheDuration: '10m', apiVersion: 'credentialprovider.kubelet.k8s.io/v1' }
  const config = (more: object = {}): object => ({ apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig', providers: [{ ...provider, ...more }] })
  const parsed = (more: object = {}) => parseProviders(config(more), 'file', goDurationMs)

  test('are read as kubelet has them', () => {
    expect(parsed({ args: ['get'], env: [{ name: 'A', value: 'b' }] })).toEqual([{ name: 'p', matchImages: provider.matchImages, defaultCacheMs: 600_000, apiVersion: provider.apiVersion, args: ['get'], env: { A: 'b' } }])
    expect(parsed().flatMap((one) => ['a.r.io/x', 'r.io/x', 's.io/team/x', 's.io/other'].map((repository) => providersFor([one], repository).length))).toEqual([1, 0, 1, 0])
  })
  test.each([
    [{ kind: 'Pod' }, /must be a CredentialProviderConfig/],
    [{ kind: 'CredentialProviderConfig', providers: [] }, /at least 1 item/],
    [config({ name: '../sh' }), /name must be/],
    [config({ matchImages: [] }), /matchImages/],
    [config({ apiVersion: 'v2' }), /apiVersion/],
    [config({ defaultCacheDuration: 'long' }), /defaultCacheDuration/],
    [config({ env: [{ name: 'A' }] }), /env/],
    [config({ tokenAttributes: {} }), /tokenAttributes/],
  ])('what is wrong is named: %j', (document, words) => expect(() => parseProviders(document, 'file', goDurationMs)).toThrow(words))

  test('an answer says what it is good for, and for how long', () => {
    const [one] = parsed()
    if (one === undefined) throw new Error('none')
    const answer = (more: object) => parseProvided(one, 'a.r.io/x', { stdout: JSON.stringify({ kind: 'CredentialProviderResponse', apiVersion: provider.apiVersion, cacheKeyType: 'Registry', auth: { 'a.r.io': { username: 'u', password: 's' } }, ...more }), durationMs: goDurationMs })
    expect(answer({})).toEqual({ logins: [{ registry: 'a.r.io', credential: { kind: 'password', username: 'u', password: 's' } }], cacheKey: 'p Registry a.r.io', cacheMs: 600_000 })
    expect(answer({ cacheDuration: '0s', cacheKeyType: 'Image' })).toMatchObject({ cacheMs: 0, cacheKey: 'p Image a.r.io/x' })
    expect(cacheKeysOf(one, 'a.r.io/x')).toEqual(['p Image a.r.io/x', 'p Registry a.r.io', 'p Global '])
    expect(() => answer({ cacheKeyType: 'constructor' })).toThrow(/cacheKeyType/)
    expect(() => answer({ apiVersion: 'credentialprovider.kubelet.k8s.io/v1beta1' })).toThrow(/answered in/)
    expect(() => parseProvided(one, 'a.r.io/x', { stdout: 'x', durationMs: goDurationMs })).toThrow(/did not answer/)
  })
})

describe('programs', () => {
  let folder: string
  const path = process.env['PATH'] ?? ''
  const said: string[] = []
  const log: Log = { ...silentLog, warn: (fields) => void said.push(String(fields['err'])) }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-logins-'))
    process.env['PATH'] = `${folder}${delimiter}${path}`
  })
  afterEach(() => void said.splice(0))
  afterAll(() => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  })
  const program = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const write = (name: string, document: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(document))
    return join(folder, name)
  }
  const own = (options: Partial<OwnLoginsOptions>) => createOwnLogins({ dockerConfigs: [], clock: systemClock, log, ...options })
  const question = { repository: 'r.io/team/app', hosts: ['r.io'] }

  test('a helper is told the registry and gives its login, once for all who ask; before what the file says', async () => {
    program('docker-credential-good', `read server; echo "$1 $server" >> ${folder}/asked; echo '{"Username":"u","Secret":"s"}'`)
    const logins = own({ dockerConfigs: [write('c1.json', { credHelpers: { 'r.io': 'good' }, auths: { 'r.io': { username: 'file', password: 'f' } } })] })
    const [first, second] = await Promise.all([logins(question), logins(question)])
    expect(first).toEqual([{ registry: 'r.io', credential: { kind: 'password', username: 'u', password: 's' } }, { registry: 'r.io', credential: { kind: 'password', username: 'file', password: 'f' } }])
    expect(second).toEqual(first)
    expect(await logins(question)).toEqual(first)
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('get r.io\n')
  })

  test('one that is missing, fails or takes too long gives nothing, and is told of; the store of a config only where it is asked', async () => {
    program('docker-credential-bad', 'echo locked >&2; exit 1')
    program('docker-credential-slow', 'exec sleep 600')
    const config = (name: string): Partial<OwnLoginsOptions> => ({ dockerConfigs: [write(`${name}.json`, { credHelpers: { 'r.io': name } })], limitMs: name === 'slow' ? 50 : 60_000 })
    for (const name of ['missing', 'bad', 'slow']) expect(await own(config(name))(question)).toEqual([])
    expect(said).toEqual([expect.stringContaining('docker-credential-missing is not installed'), expect.stringContaining('locked'), expect.stringContaining('did not answer within 0.05 s')])
    expect(await own({ dockerConfigs: [write('store.json', { credsStore: 'missing' })] })(question)).toEqual([])
    expect(said).toHaveLength(3)
  })

  test('a provider is told the image in its own environment, and what it answers is kept as long as it says', async () => {
    program('plugin', `cat >> ${folder}/requests; echo >> ${folder}/requests; echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry","cacheDuration":"1h","auth":{"r.io/team":{"username":"'$WHO'","password":"'$1'"}}}'`)
    const providerConfig = join(folder, 'providers.yaml')
    writeFileSync(providerConfig, 'apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- name: plugin\n  matchImages: [r.io]\n  defaultCacheDuration: 12h\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n  args: [word]\n  env: [{name: WHO, value: me}]\n')
    const logins = own({ providerConfig, providerFolder: folder })
    const expected = [{ registry: 'r.io/team', credential: { kind: 'password', username: 'me', password: 'word' } }]
    expect(await logins(question)).toEqual(expected)
    expect(await logins({ repository: 'r.io/team/other', hosts: ['r.io'] })).toEqual(expected)
    expect(await logins({ repository: 's.io/app', hosts: ['s.io'] })).toEqual([])
    expect(readFileSync(join(folder, 'requests'), 'utf8').trim()).toBe('{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"r.io/team/app"}')
    writeFileSync(providerConfig, 'kind: Pod\n')
    await expect(logins(question)).rejects.toThrow(/must be a CredentialProviderConfig/)
  })
})
