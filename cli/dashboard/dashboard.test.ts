import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createWireClient } from '../wire/client.ts'
import { decide, isOwnHost } from './allowed.ts'
import { serveConsole } from './serve.ts'

const closing: Array<() => void> = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** The console before a cluster that answers so. */
async function consoleBefore(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const cluster = createServer(handler)
  await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', () => resolve()))
  const rest = createWireClient({ server: `http://127.0.0.1:${(cluster.address() as AddressInfo).port}`, bearerToken: 'secret' })
  const served = await serveConsole({ rest, headers: { 'impersonate-user': 'jane' }, port: 0 })
  closing.push(() => (served[Symbol.dispose](), rest[Symbol.dispose](), cluster.close(), cluster.closeAllConnections()))
  return served.url
}

const statusFor = (url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> => new Promise((resolve, reject) => ask(url, { headers }, (response) => (response.resume(), resolve(response.statusCode))).on('error', reject).end())

test("only this host's own names are answered", async () => {
  expect(['127.0.0.1:8001', 'localhost', 'LOCALHOST:1'].map(isOwnHost)).toEqual([true, true, true])
  expect([undefined, '', 'evil.example', '127.0.0.1.evil.example:8001', 'localhost:8001@evil', '0.0.0.0:8001', 'localhost.', '[::1]:8001'].map(isOwnHost)).not.toContain(true)
  const url = await consoleBefore(() => expect.unreachable())
  expect(await statusFor(url, { host: 'evil.example' })).toBe(403)
  expect(await statusFor(`${url}api/v1/secrets`, { host: 'evil.example:8001' })).toBe(403)
})

const decisionOn = (url: string, more: { readonly method?: string; readonly site?: string } = {}): string | number => {
  const decision = decide({ method: 'GET', host: 'localhost:8001', site: undefined, url, ...more })
  return decision.kind === 'proxy' ? decision.path : decision.kind === 'page' ? 'page' : decision.status
}

test('what is open, and what is not', () => {
  expect(['/', '/?x', '/api', '/apis/apps/v1/deployments?watch=1', '/version', '/gantry/v1/why/pods/a/b'].map((url) => decisionOn(url))).toEqual(['page', 'page', '/api', '/apis/apps/v1/deployments?watch=1', '/version', '/gantry/v1/why/pods/a/b'])
  expect(['/metrics', '/apiary', '/api/../metrics', '/api/%2e%2e/metrics', '//evil.example/api'].map((url) => decisionOn(url))).toEqual([404, 404, 404, 404, 404])
  expect(['/api/v1%2Fnodes', '/api/%252e', '/api/%zz', 'http://evil.example/api', '*'].map((url) => decisionOn(url))).toEqual([400, 400, 400, 400, 400])
  expect(decisionOn('/api/v1/pods', { site: 'cross-site' })).toBe(403)
  expect(decisionOn('/api/v1/pods', { site: 'same-origin' })).toBe('/api/v1/pods')
})

test('a GET that reaches into a pod is none that reads', () => {
  const pod = '/api/v1/namespaces/n/pods/p'
  expect([`${pod}/exec?command=sh`, `${pod}/attach`, `${pod}/portforward`, `${pod}/proxy/`, `${pod}/%70roxy/`, '/api/v1//namespaces/n/pods/p/proxy', '/api/v1/nodes/a/proxy/run', '/api/v1/namespaces/n/services/s/proxy/x'].map((url) => decisionOn(url))).toEqual(Array(8).fill(403))
  expect([pod, `${pod}/log`, '/api/v1/namespaces/n/pods/proxy'].map((url) => decisionOn(url))).toEqual([pod, `${pod}/log`, '/api/v1/namespaces/n/pods/proxy'])
})

test('only GET', async () => {
  const url = await consoleBefore(() => expect.unreachable())
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
    const answer = await fetch(`${url}api/v1/pods`, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  }
})

test('the page comes with a policy for its own script alone', async () => {
  const url = await consoleBefore(() => expect.unreachable())
  const answer = await fetch(url)
  const [, nonce = 'none'] = /script-src 'nonce-(\w+)'/.exec(answer.headers.get('content-security-policy') ?? '') ?? []
  expect(await answer.text()).toContain(`<script nonce="${nonce}">`)
})

test('the cluster is asked with the credentials, not with what the browser sent, and its answer is inert', async () => {
  let heard: IncomingMessage['headers'] = {}
  const url = await consoleBefore((request, response) => {
    heard = request.headers
    response.writeHead(404, { 'content-type': 'application/json', 'access-control-allow-origin': '*', 'set-cookie': 'a=b' }).end(`{"path":"${request.url ?? ''}"}`)
  })
  const answer = await fetch(`${url}api/v1/pods?limit=1`, { headers: { authorization: 'Bearer other', 'impersonate-user': 'root', cookie: 'a=b' } })
  expect([answer.status, await answer.text()]).toEqual([404, '{"path":"/api/v1/pods?limit=1"}'])
  expect([heard.authorization, heard['impersonate-user'], heard.cookie]).toEqual(['Bearer secret', 'jane', undefined])
  expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('set-cookie'), answer.headers.get('content-security-policy')]).toEqual([null, null, "default-src 'none'; sandbox; frame-ancestors 'none'"])
})

test('a watch comes line by line, and ends at the cluster when the reader leaves', async () => {
  const ended = Promise.withResolvers<void>()
  const url = await consoleBefore((_, response) => {
    response.on('close', () => ended.resolve()).write('{"type":"ADDED"}\n')
  })
  const leaving = new AbortController()
  const answer = await fetch(`${url}api/v1/pods?watch=1`, { signal: leaving.signal })
  const read = await answer.body?.getReader().read()
  expect(Buffer.from(read?.value ?? []).toString()).toBe('{"type":"ADDED"}\n')
  leaving.abort()
  await ended.promise
})

test('a cluster that is not there is told', async () => {
  const rest = createWireClient({ server: 'http://127.0.0.1:1' })
  const served = await serveConsole({ rest, headers: {}, port: 0 })
  closing.push(() => (served[Symbol.dispose](), rest[Symbol.dispose]()))
  const answer = await fetch(`${served.url}version`)
  expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('cannot be reached')])
})
