import { describe, expect, test } from 'vitest'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import { digestOf } from '../digest.ts'
import type { Http, HttpAnswer, HttpRequest } from './http.ts'
import type { OpenOptions, RegistryLogin, RepositorySession } from './port.ts'
import { DistributionSession } from './session.ts'
import { parseRegistrySettings } from './settings.ts'
import { Stalled } from './stall.ts'

const never = new AbortController().signal
const instant: Clock = { nowMs: () => 0, monotonicMs: () => 0, after: (_, run) => (queueMicrotask(run), () => {}) }

type Reply = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'silent'

/** Registries that answer as `reply` says; what they were asked is kept. */
function registries(reply: (request: HttpRequest) => Reply): { readonly http: Http; readonly asked: HttpRequest[] } {
  const asked: HttpRequest[] = []
  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    asked.push(request)
    const answer = reply(request)
    if (answer === 'silent') throw new Fault('unavailable', `${request.url}: no answer`, { cause: new Stalled('silent', 'no answer') })
    const { status, headers = {}, body = '' } = answer
    return { status, headers, body: chunksOf(body), discard: () => {} }
  }
  return { http: { send, [Symbol.dispose]: () => {} }, asked }
}

async function* chunksOf(body: string): AsyncGenerator<Buffer> {
  yield Buffer.from(body)
}

const secret = (registry: string, name: string): RegistryLogin => ({ registry, credential: { kind: 'password', username: name, password: name }, secret: { namespace: 'n', name, uid: name } })

const sessionOf = (http: Http, { hosts = [], logins = [], own = [], actions = 'pull' }: { readonly hosts?: readonly object[]; readonly own?: readonly RegistryLogin[] } & Partial<OpenOptions>): RepositorySession =>
  new DistributionSession({ repository: 'r.io/app', settings: async () => parseRegistrySettings(JSON.stringify({ 'r.io': { hosts } }), 'test'), ownLogins: async () => own, http, clock: instant, random: { next: () => 0 }, logins, actions, signal: never })

const hostsOf = (asked: readonly HttpRequest[]): readonly string[] => asked.map(({ url }) => new URL(url).host)
const BYTES = 'layer'
const LAYER = { mediaType: 'x', digest: digestOf(Buffer.from(BYTES)), sizeBytes: BYTES.length }

const OK: Reply = { status: 200, headers: { 'docker-content-digest': LAYER.digest, 'content-length': '5' }, body: BYTES }
const NOT_FOUND: Reply = { status: 404 }

async function textOf(blob: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of blob) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe('a registry that keeps silent', () => {
  const logins = [secret('r.io', 'a'), secret('r.io/app', 'b')]
  test('is asked twice, and not again with another login', async () => {
    const { http, asked } = registries(() => 'silent')
    await expect(sessionOf(http, { logins }).resolve({ tag: 'v1' })).rejects.toMatchObject({ code: 'unavailable' })
    expect(hostsOf(asked)).toEqual(['r.io', 'r.io'])
  })

  test('is not asked for a blob again and again; its mirror is', async () => {
    const { http, asked } = registries(() => 'silent')
    await expect(textOf(sessionOf(http, { logins, hosts: [{ url: 'https://mirror' }] }).blob(LAYER))).rejects.toMatchObject({ code: 'unavailable' })
    expect(hostsOf(asked)).toEqual(['mirror', 'mirror', 'r.io', 'r.io'])
  })
})

describe('who is asked first', () => {
  test('a mirror that only gives content is asked for content, though it resolves nothing', async () => {
    const { http, asked } = registries(() => OK)
    const session = sessionOf(http, { hosts: [{ url: 'https://mirror', capabilities: ['pull'] }] })
    await session.resolve({ tag: 'v1' })
    expect((await session.manifest(LAYER.digest)).bytes.toString()).toBe(BYTES)
    expect(await textOf(session.blob(LAYER))).toBe(BYTES)
    expect(hostsOf(asked)).toEqual(['r.io', 'mirror', 'mirror'])
  })

  test('a mirror that could not resolve is asked last for content, and the login that was let in first', async () => {
    const { http, asked } = registries(({ url, headers }) => (url.startsWith('https://mirror/') ? NOT_FOUND : headers['authorization'] === undefined ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } : headers['authorization'] === `Basic ${btoa('right:right')}` ? OK : { status: 403 }))
    const session = sessionOf(http, { hosts: [{ url: 'https://mirror' }], logins: [secret('r.io/app', 'wrong'), secret('r.io', 'right')] })
    await session.resolve({ tag: 'v1' })
    const before = asked.length
    expect(await textOf(session.blob(LAYER))).toBe(BYTES)
    expect(hostsOf(asked.slice(before))).toEqual(['r.io'])
  })
})

test('what a secret let in stays private, though an open mirror gave a part of it', async () => {
  const { http } = registries(({ url }) => (url.includes('/blobs/') === url.startsWith('https://mirror/') ? OK : NOT_FOUND))
  const session = sessionOf(http, { hosts: [{ url: 'https://mirror' }], logins: [secret('r.io', 's')] })
  await session.resolve({ tag: 'v1' })
  expect(await textOf(session.blob(LAYER))).toBe(BYTES)
  expect(session.login?.secret?.name).toBe('s')
})

describe('by which login', () => {
  const own = (registry: string): RegistryLogin => ({ registry, credential: { kind: 'access-token', token: registry } })
  const person: RegistryLogin = { ...own('r.io'), isPersonal: true }
  const onlyPull = { url: 'https://mirror', capabilities: ['pull'] }
  /** Everybody lets everybody in; the mirror gives layers alone. */
  const loginAfter = async (options: Parameters<typeof sessionOf>[1]): Promise<RegistryLogin | undefined> => {
    const session = sessionOf(registries(() => OK).http, options)
    await session.resolve({ tag: 'v1' })
    await textOf(session.blob(LAYER))
    return session.login
  }
  test("a person's is tried before the node's, and stays private, though the node's own gave a part", async () => {
    expect(await loginAfter({ hosts: [onlyPull], logins: [person], own: [own('mirror'), own('r.io/app')] })).toBe(person)
  })

  test("the node's own is told, also where nobody asked for one after it", async () => {
    expect(await loginAfter({ hosts: [onlyPull], own: [own('r.io')] })).toEqual(own('r.io'))
    expect(await loginAfter({ hosts: [onlyPull] })).toBeUndefined()
  })

  test('what the settings show to a server is a login of the node', async () => {
    const login = await loginAfter({ hosts: [{ ...onlyPull, header: { authorization: 'Basic eA==' } }] })
    expect([login?.registry, login?.secret, login?.isPersonal]).toEqual(['mirror', undefined, undefined])
  })

  test('those of the node are told that fit the repository or a mirror', async () => {
    const session = sessionOf(registries(() => OK).http, { hosts: [onlyPull], logins: [person], own: [own('q.io'), own('mirror'), own('r.io/app'), own('r.io/other')] })
    expect((await session.ownLogins()).map(({ registry }) => registry)).toEqual(['r.io/app', 'mirror'])
  })
})

test.each<[string, string, readonly string[]]>([
  ['http://elsewhere/upload', 'permission', []],
  ['http://r.io:8080/upload', 'permission', []],
  ['https://elsewhere/upload', 'unavailable', ['https://elsewhere/upload']],
  ['http://r.io/upload', 'unavailable', ['https://r.io/upload']],
])('an upload that is to go on at %s does not leave TLS: %s', async (location, code, expected) => {
  const { http, asked } = registries(({ method }) => (method === 'HEAD' ? NOT_FOUND : method === 'POST' ? { status: 202, headers: { location } } : 'silent'))
  const blob = { ...LAYER, open: () => chunksOf(BYTES) }
  await expect(sessionOf(http, { actions: 'pull,push' }).pushBlob(blob)).rejects.toMatchObject({ code })
  expect([...new Set(asked.filter(({ method }) => method === 'PATCH').map(({ url }) => url))]).toEqual(expected)
})
