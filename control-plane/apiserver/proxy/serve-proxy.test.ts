/** Requests through the real door to real servers, over a node in memory that dials. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import type { Program } from '../streaming/fake.ts'
import { fakeServer, type FakeServer } from '../http/fake.ts'
import { unreachable } from './exchange.ts'

let server: FakeServer
let target: Server
let silent = 0

const PREFIX = '/api/v1/namespaces/default/pods/p:80/proxy'

function page(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? ''
  if (path.startsWith('/echo')) {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] }).end(JSON.stringify({ method: request.method, path, headers: request.headers, bytes: Buffer.concat(parts).length })))
  } else if (path === '/moved') response.writeHead(302, { location: '/there?x=1' }).end()
  else if (path === '/page') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<A HREF="/x">ä</A>')
  else if (path === '/packed') response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(gzipSync('<img src=/x>'))
  else if (path === '/endless') {
    response.writeHead(200, { 'content-type': 'text/plain' }).write('first')
    silent++
    response.on('close', () => silent--)
  } else if (path === '/broken') request.socket.destroy()
  else response.writeHead(404).end('none')
}

/** Connects the stream of a node to a port of this machine. */
const dialing = (port: number): Program => async (end) => {
  const socket = connect(port, '127.0.0.1')
  socket.on('data', (bytes: Buffer) => end.send({ frame: { $case: 'stdout', value: bytes } }))
  socket.on('close', () => end.end())
  socket.on('error', () => {})
  for await (const { frame } of end.incoming) {
    if (frame?.$case === 'stdin') socket.write(frame.value)
    if (frame?.$case === 'stdinClosed') socket.end()
  }
  socket.destroy()
}

beforeAll(async () => {
  target = createServer(page)
  const sockets = new WebSocketServer({ server: target, path: '/ws' })
  sockets.on('connection', (socket) => socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary })))
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
  const { port } = target.address() as AddressInfo
  server = await fakeServer({
    async dial(named) {
      if (named === 81) throw unreachable('dial tcp 10.244.0.5:81: connect: connection refused')
      return server.node.open(dialing(port))
    },
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  target.close()
  target.closeAllConnections()
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const tls = (): RequestOptions => ({ ca: server.authority.certificatePem, cert: server.admin.certificatePem, key: server.admin.privateKeyPem, agent: false })

function ask(path: string, { body, ...options }: RequestOptions & { readonly body?: Buffer } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(`${server.url}${path}`, { ...tls(), ...options }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

describe('a proxied request', () => {
  test('goes as it came, without credentials, with a body beyond what the API takes, and comes back whole', async () => {
    const answer = await ask(`${PREFIX}/echo/%C3%A4?q=a%20b`, { method: 'POST', body: Buffer.alloc(5 * 1024 * 1024), headers: { authorization: 'Bearer x', 'x-own': '1', host: 'gantry' }, servername: 'localhost' })
    expect(answer.status).toBe(201)
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    const got = JSON.parse(answer.body.toString()) as { readonly method: string; readonly path: string; readonly bytes: number; readonly headers: Record<string, string> }
    expect(got).toMatchObject({ method: 'POST', path: '/echo/%C3%A4?q=a%20b', bytes: 5 * 1024 * 1024, headers: { 'x-own': '1', host: 'gantry', 'x-forwarded-uri': `${PREFIX}/echo/%C3%A4` } })
    expect(got.headers['authorization']).toBeUndefined()
    expect(got.headers['x-forwarded-for']).toMatch(/127\.0\.0\.1$/)
  })

  test.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    expect(JSON.parse((await ask(`${PREFIX}/echo`, { method })).body.toString())).toMatchObject({ method })
  })

  test('HEAD has no body', async () => {
    expect(await ask(`${PREFIX}/page`, { method: 'HEAD' })).toMatchObject({ status: 200, body: Buffer.alloc(0) })
  })

  test('without a slash behind it is sent there; redirects and links of the target stay behind the proxy', async () => {
    expect(await ask(`${PREFIX}?a=1`)).toMatchObject({ status: 301, headers: { location: `${PREFIX}/?a=1` } })
    expect(await ask(`${PREFIX}/moved`)).toMatchObject({ status: 302, headers: { location: `${PREFIX}/there?x=1` } })
    expect((await ask(`${PREFIX}/page`)).body.toString()).toBe(`<a href="${PREFIX}/x">ä</A>`)
    const packed = await ask(`${PREFIX}/packed`)
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.body).toString()).toBe(`<img src="${PREFIX}/x">`)
  })

  test('nobody there, or nobody who answers: 503 in words', async () => {
    const refused = await ask('/api/v1/namespaces/default/pods/p:81/proxy/')
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.body.toString())).toMatchObject({ reason: 'ServiceUnavailable', message: 'error trying to reach service: dial tcp 10.244.0.5:81: connect: connection refused' })
    expect(JSON.parse((await ask(`${PREFIX}/broken`)).body.toString())).toMatchObject({ code: 503, message: 'error trying to reach service: EOF' })
  })

  test('a client that leaves frees everything behind it', async () => {
    const open = server.node.openStreams
    await new Promise<void>((resolve) => {
      const request = httpsRequest(`${server.url}${PREFIX}/endless`, tls(), (response) => {
        response.once('data', () => {
          request.destroy()
          resolve()
        })
      })
      request.on('error', () => {})
      request.end()
    })
    await expect.poll(() => [silent, server.node.openStreams]).toEqual([0, open])
  })
})

describe('a WebSocket of the target', () => {
  const url = (path: string): string => `${server.url.replace('https', 'wss')}${PREFIX}${path}`

  test('speaks through the proxy', async () => {
    const socket = new WebSocket(url('/ws'), { ca: server.authority.certificatePem, cert: server.admin.certificatePem, key: server.admin.privateKeyPem })
    const echoed = new Promise<string>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('open', () => socket.send('hello'))
      socket.on('message', (message: Buffer) => resolve(message.toString()))
    })
    expect(await echoed).toBe('hello')
    socket.terminate()
    await expect.poll(() => server.node.openStreams).toBe(0)
  })

  test('that does not agree is answered for it', async () => {
    const socket = new WebSocket(url('/none'), { ca: server.authority.certificatePem, cert: server.admin.certificatePem, key: server.admin.privateKeyPem })
    const status = new Promise((resolve) => {
      socket.on('error', () => {})
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    })
    expect(await status).toBe(400)
    socket.terminate()
  })
})
