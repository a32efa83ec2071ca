import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { createAuthority, issueCertificate, type Identity } from '../../../shared/kit/pki.ts'
import { createApiDoor } from './door.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { createAuthenticator } from '../authn/authn.ts'
import { parseAccept } from './accept.ts'
import { fakeServer, type FakeServer } from './fake.ts'
import { warningHeaders } from './respond.ts'

let server: FakeServer
let stranger: Identity
let foreign: Identity
beforeAll(async () => {
  server = await fakeServer()
  stranger = await issueCertificate(server.authority, { commonName: 'nobody', organizations: [], usages: ['client'], clock: systemClock })
  foreign = await issueCertificate(await createAuthority({ clock: systemClock }), { commonName: 'admin', organizations: ['system:masters'], usages: ['client'], clock: systemClock })
})
afterAll(() => server.door.close())

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

function open(path: string, options: RequestOptions & { readonly as?: Identity | undefined; readonly body?: Buffer | string; readonly at?: FakeServer }): Promise<IncomingMessage> {
  const { as, body, at = server, ...more } = options
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${at.url}${path}`, { ca: at.authority.certificatePem, ...(as ? { cert: as.certificatePem, key: as.privateKeyPem } : {}), agent: false, ...more }, resolve)
    request.on('error', reject)
    request.end(body)
  })
}

async function ask(path: string, options: Parameters<typeof open>[1] = {}): Promise<Answer> {
  const response = await open(path, options)
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }
}

const json = ({ body }: Answer): unknown => JSON.parse(body.toString())

describe('who may come in', () => {
  test('anonymous sees version and health alone', async () => {
    expect(await ask('/version')).toMatchObject({ status: 200 })
    expect((await ask('/livez')).body.toString()).toBe('ok')
    const refused = await ask('/api')
    expect(refused.status).toBe(403)
    expect(json(refused)).toMatchObject({ reason: 'Forbidden', message: 'forbidden: User "system:anonymous" cannot get path "/api"' })
  })
  test('a certificate says who', async () => {
    expect((await ask('/api', { as: stranger })).status).toBe(200)
    expect(json(await ask('/api/v1/pods', { as: stranger }))).toMatchObject({ message: 'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" at the cluster scope' })
    expect((await ask('/api/v1/namespaces/default/pods/p', { as: server.admin })).status).toBe(200)
  })
  test('credentials that are wrong are refused', async () => {
    const refused = await ask('/version', { as: foreign })
    expect(refused.status).toBe(401)
    expect(json(refused)).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 })
    expect((await ask('/version', { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401)
  })
})

describe('answers', () => {
  test('carry an audit id, the client’s own if it sent one', async () => {
    expect((await ask('/version')).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/)
    const { headers } = await ask('/version', { headers: { 'audit-id': 'mine' } })
    expect(headers['audit-id']).toBe('mine')
    expect(headers['cache-control']).toBe('no-cache, private')
  })
  test('large ones are packed for clients that ask for it', async () => {
    const packed = await ask('/api/v1/large', { as: server.admin, headers: { 'accept-encoding': 'gzip' } })
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.body).length).toBe(300_002)
    expect((await ask('/api/v1/large', { as: server.admin })).body.length).toBe(300_002)
    expect(packed.headers['warning']).toBe('299 - "old \\"thing\\"", 299 - "hÃ¤Ã\u009flich"')
  })
  test('HEAD and methods that are not served', async () => {
    expect(await ask('/version', { method: 'HEAD', as: server.admin })).toMatchObject({ status: 405, body: Buffer.alloc(0) })
    expect((await ask('/version', { method: 'POST', as: server.admin, body: '{}' })).status).toBe(405)
    expect((await ask('/version/', { as: server.admin })).status).toBe(200)
    expect((await ask('/', { method: 'POST', as: server.admin, body: '{}' })).body.toString()).toMatch(/^{"paths":/)
    expect((await ask('/apis', { method: 'POST', as: server.admin, body: '{}' })).status).toBe(200)
    expect((await ask('/apis/apps', { method: 'POST', as: server.admin, body: '{}' })).status).toBe(200)
    for (const path of ['/openapi/v2', '/openapi/v3', '/metrics', '/apis', '/apis/apps']) expect(await ask(path, { method: 'HEAD', as: server.admin })).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect((await ask('/openapi/v3', { method: 'POST', as: server.admin, body: '{}' })).status).toBe(200)
    expect((await ask('/api', { method: 'HEAD', as: server.admin })).status).toBe(405)
    expect((await ask('/apis/apps/v1', { method: 'PUT', as: server.admin, body: '{}' })).status).toBe(405)
  })
  test('media types that are not served, where there is a route and where there is none', async () => {
    const headers = { accept: 'text/html' }
    for (const path of ['/api', '/apis/apps/v1']) expect(json(await ask(path, { as: server.admin, headers }))).toMatchObject({ code: 406, message: expect.stringContaining('Available representations') as string })
    for (const path of ['/apis', '/apis/apps']) expect(json(await ask(path, { as: server.admin, headers }))).toMatchObject({ code: 406, message: expect.stringContaining('only the following media types') as string })
  })
  test('paths nobody serves', async () => {
    for (const path of ['/nothing', '/healthz/nothing', '/healthz/', '/metrics/', '//api/v1/pods', '/openapi/v4', '/apis/none.example.com']) {
      expect(await ask(path, { as: server.admin })).toMatchObject({ status: 404, body: Buffer.from('404 page not found\n') })
    }
    expect((await ask('/api/v1/x/%zz', { as: server.admin })).status).toBe(400)
    expect(json(await ask('/api/v1/echo/a%20b', { as: server.admin }))).toMatchObject({ path: '/api/v1/echo/a b' })
  })
  test('exec without an upgrade', async () => {
    expect(json(await ask('/api/v1/namespaces/default/pods/p/exec?command=cat', { as: server.admin, method: 'POST' }))).toMatchObject({ message: 'Upgrade request required', code: 400 })
  })
  test('metrics', async () => {
    expect((await ask('/metrics', { as: stranger })).status).toBe(403)
    expect((await ask('/metrics', { as: server.admin })).body.toString()).toMatch(/apiserver_request_total\{verb="GET".*\} \d+/)
  })
})

describe('health', () => {
  test('each check, all of them, and without some', async () => {
    const hooks = (text: string): string => text.replace(/(\[\+\](poststarthook\/[a-z0-9/-]+|autoregister-completion) ok\n)+/, '[hooks]\n')
    const told = async (target: string): Promise<string> => hooks((await ask(target)).body.toString())
    expect(await told('/livez?verbose')).toBe('[+]ping ok\n[+]log ok\n[+]etcd ok\n[hooks]\nlivez check passed\n')
    expect((await ask('/readyz')).status).toBe(500)
    expect(await told('/readyz')).toBe('[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[-]informer-sync failed: reason withheld\n[hooks]\n[+]shutdown ok\nreadyz check failed\n')
    expect(await told('/readyz?verbose&exclude=informer-sync&exclude=none&exclude=a')).toBe('[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync excluded: ok\n[hooks]\n[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "a","none"\nreadyz check passed\n')
    expect((await ask('/healthz?verbose')).body.toString()).toContain('[+]poststarthook/start-service-ip-repair-controllers ok\n[+]poststarthook/rbac/bootstrap-roles ok\n[+]poststarthook/scheduling/bootstrap-system-priority-classes ok\n')
    expect((await ask('/livez/poststarthook/rbac/bootstrap-roles', { as: server.admin })).body.toString()).toBe('ok')
    for (const path of ['/livez/poststarthook', '/livez/poststarthook/rbac', '/livez/etcd/']) expect((await ask(path, { as: server.admin })).status).toBe(404)
    expect(json(await ask('/', { as: server.admin }))).toMatchObject({ paths: expect.arrayContaining(['/healthz/log', '/healthz/poststarthook/rbac/bootstrap-roles', '/readyz/shutdown']) as string[] })
    expect((await ask('/readyz?exclude=informer-sync')).body.toString()).toBe('ok')
    expect((await ask('/livez/etcd', { as: server.admin })).body.toString()).toBe('ok')
    expect((await ask('/readyz/informer-sync', { as: server.admin })).status).toBe(500)
    expect((await ask('/healthz/log', { as: server.admin })).body.toString()).toBe('ok')
    expect((await ask('/livez/shutdown', { as: server.admin })).status).toBe(404)
    expect((await ask('/livez/informer-sync', { as: server.admin })).status).toBe(404)
  })
})

describe('bodies', () => {
  const MEBIBYTE = 1024 * 1024
  test('up to three mebibytes are taken, more is refused and the connection lives', async () => {
    expect(json(await ask('/api/v1/echo', { as: server.admin, method: 'POST', body: Buffer.alloc(3 * MEBIBYTE) }))).toMatchObject({ bytes: 3 * MEBIBYTE })
    const refused = await ask('/api/v1/echo', { as: server.admin, method: 'POST', body: Buffer.alloc(3 * MEBIBYTE + 1) })
    expect(refused.status).toBe(413)
    expect(json(refused)).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Request entity too large: limit is 3145728', reason: 'RequestEntityTooLarge', code: 413 })
  })
  test('chunked too', async () => {
    expect(json(await ask('/api/v1/echo', { as: server.admin, method: 'POST', body: 'abc', headers: { 'transfer-encoding': 'chunked' } }))).toMatchObject({ bytes: 3 })
  })
})

describe('streams', () => {
  test('a watch ends cleanly when the server goes down', async () => {
    const own = await fakeServer()
    const response = await open('/api/v1/pods?watch=true', { as: own.admin, at: own })
    let text = ''
    const read = (async () => {
      for await (const chunk of response) text += String(chunk)
    })()
    await new Promise((resolve) => response.once('data', resolve))
    await own.door.close()
    await read
    expect(text).toBe('{"type":"BOOKMARK"}\n')
    expect(response.complete).toBe(true)
  })

  test('a client that reads nothing is cut, and its source is told', async () => {
    const authority = await createAuthority({ clock: systemClock })
    const identity = await issueCertificate(authority, { commonName: 'apiserver', organizations: [], usages: ['server'], ipAddresses: ['127.0.0.1'], clock: systemClock })
    const ended = Promise.withResolvers<number>()
    let stalled = (): void => {}
    const clock = { ...systemClock, after: (_: number, run: () => void) => ((stalled = run), () => {}) }
    const chunks = async function* (): AsyncGenerator<Buffer> {
      let sent = 0
      try {
        for (; sent < 10_000; sent++) yield Buffer.alloc(65_536)
      } finally {
        ended.resolve(sent)
      }
    }
    await using door = await createApiDoor({
      handle: async () => ({ kind: 'stream', status: 200, headers: {}, chunks: chunks() }),
      tls: { key: identity.privateKeyPem, certificate: identity.certificatePem, clientAuthorities: authority.certificatePem },
      authenticate: createAuthenticator({}),
      log: silentLog,
      clock,
      listen: [{ host: '127.0.0.1', port: 0 }],
    })
    const response = await new Promise<IncomingMessage>((resolve) => httpsRequest(`https://127.0.0.1:${door.address.port}/`, { ca: authority.certificatePem, agent: false }, resolve).end())
    response.pause()
    response.on('error', () => {})
    for (let i = 0; i < 200 && !isSettled(ended.promise); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      if (i > 20) stalled()
    }
    expect(await ended.promise).toBeLessThan(1000)
    response.destroy()
  })
})

const settled = new WeakSet<Promise<unknown>>()
function isSettled(promise: Promise<unknown>): boolean {
  void promise.then(() => settled.add(promise))
  return settled.has(promise)
}

describe('addresses and headers', () => {
  test('several addresses, and one that is taken', async () => {
    expect(server.door.addresses).toHaveLength(2)
    const at = server.door.address
    const identity = server.admin
    const again = createApiDoor({ handle: async () => ({ kind: 'body', status: 200, headers: {}, body: '' }), tls: { key: identity.privateKeyPem, certificate: identity.certificatePem, clientAuthorities: server.authority.certificatePem }, authenticate: createAuthenticator({}), log: silentLog, clock: systemClock, listen: [{ host: '127.0.0.1', port: 0 }, at] })
    await expect(again).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('warnings are shortened when they are too many', () => {
    expect(warningHeaders(['a', 'a', 'b\nc'])).toEqual(['299 - "a"', '299 - "b c"'])
    const many = warningHeaders(Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(500)}`))
    expect(many).toHaveLength(16)
    expect(many[0]?.length).toBe(256 + '299 - ""'.length)
  })

  test('accept is read by weight', () => {
    expect(parseAccept('text/html;q=0.5, application/json;as=Table;v=v1, */*;q=0').map(({ type }) => type)).toEqual(['application/json', 'text/html', '*/*'])
    expect(parseAccept('*/*, application/yaml;q=0.5').map(({ type }) => type)).toEqual(['application/yaml', '*/*'])
    expect(parseAccept('application/yaml;q=0.5, */*').map(({ type }) => type)).toEqual(['*/*', 'application/yaml'])
    expect(parseAccept('')).toEqual([{ type: '*/*', parameters: {}, quality: 1 }])
  })
})
