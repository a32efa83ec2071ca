/** A server that goes away and comes back, as the command lives through it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcp, type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Flags } from '../program/flags.ts'
import { explain } from '../program/explain.ts'
import type { Cluster } from './cluster.ts'
import { connect } from './open.ts'
import { UnknownOutcome } from './outcome.ts'
import { follow, watch } from './watch.ts'

const closing: Array<() => void> = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Listens at the port; 0 for any. */
async function serve(handler: Handler, port = 0): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const server: Server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  closing.push(() => void stop())
  return { port: (server.address() as AddressInfo).port, stop }
}

function clusterAt(port: number, given: Readonly<Record<string, string>> = {}): { readonly cluster: Cluster; readonly told: string[] } {
  const told: string[] = []
  const flags: Flags = { text: (name) => given[name] ?? (name === 'cache-dir' ? '/nonexistent' : undefined), list: () => [], is: () => false, given: (name) => name in given, knows: () => true }
  const cluster = connect({ rest: { server: `http://127.0.0.1:${port}` }, serverNamed: true, namespace: 'default', namespaceGiven: false, headers: {} }, { flags, env: {}, terminal: { out: () => {}, bytes: () => {}, err: (text) => void told.push(text), readAll: () => Promise.resolve(''), columns: undefined } })
  closing.push(() => cluster[Symbol.dispose]())
  return { cluster, told }
}

const freePort = async (): Promise<number> => {
  const { port, stop } = await serve(() => {})
  await stop()
  return port
}

const ok: Handler = (_, response) => void response.end('{"ok":true}')

test('a server that comes up while it is asked is waited for, by reads and by writes that never went out', async () => {
  const port = await freePort()
  const { cluster } = clusterAt(port)
  const answers = Promise.all([cluster.json({ path: '/x' }), cluster.json({ method: 'POST', path: '/x', body: {} })])
  await new Promise((resolve) => setTimeout(resolve, 300))
  await serve(ok, port)
  expect(await answers).toEqual([{ ok: true }, { ok: true }])
})

test('reads are repeated when the server is busy or breaks off; writes are not, and say that nobody knows', async () => {
  let asked = 0
  const { port } = await serve((request, response) => {
    asked++
    if (request.method === 'POST') return void request.socket.destroy()
    if (asked === 1) return void request.socket.destroy()
    if (asked === 2) return void response.writeHead(503).end('{"kind":"Status","code":503,"message":"no leader"}')
    response.end('{"ok":true}')
  })
  const { cluster } = clusterAt(port)
  expect(await cluster.json({ path: '/x' })).toEqual({ ok: true })
  expect(asked).toBe(3)
  const failure = await cluster.json({ method: 'POST', path: '/apis/apps/v1/namespaces/shop/deployments', body: { metadata: { name: 'web' } } }).catch((error: unknown) => error)
  expect(asked).toBe(4)
  expect(failure).toBeInstanceOf(UnknownOutcome)
  expect(explain(failure)).toEqual({ exitCode: 1, message: `error: The connection to the server 127.0.0.1:${port} broke off after the request to create deployments.apps/web was sent: it is not known whether that was done.\nLook with "gantry get deployments.apps/web -n shop -o yaml" before you do it again.` })
})

test('a write that may be done twice is sent again when the connection breaks off, as a cordon while the leader changes', async () => {
  let asked = 0
  const { port } = await serve((request, response) => (++asked === 1 ? void request.socket.destroy() : void response.end('{"ok":true}')))
  const { cluster } = clusterAt(port)
  const patch = { method: 'PATCH', path: '/api/v1/nodes/n1', body: { spec: { unschedulable: true } } }
  expect(await cluster.json({ ...patch, repeatable: true })).toEqual({ ok: true })
  expect(asked).toBe(2)
})

test('an answer that goes on and breaks off is told as what it is', async () => {
  const { port } = await serve((_, response) => {
    response.write('a line\n')
    setTimeout(() => response.socket?.destroy(), 20)
  })
  const { chunks } = await clusterAt(port).cluster.stream({ path: '/log' })
  const reading = (async () => {
    for await (const chunk of chunks) expect(chunk.toString()).toBe('a line\n')
  })()
  expect(explain(await reading.catch((error: unknown) => error)).message).toBe(`The connection to the server 127.0.0.1:${port} broke off, as when a control plane ends or hands over its address: do it again.`)
})

test('a write that the server refused for now is sent again; of one that it lost sight of nobody knows', async () => {
  let asked = 0
  const { port } = await serve(({ method }, response) => {
    if (method === 'DELETE') return void response.writeHead(504).end('{"kind":"Status","code":504,"reason":"Timeout","message":"Timeout: etcd did not answer"}')
    if (++asked === 1) return void response.writeHead(503).end('{"kind":"Status","code":503,"reason":"ServiceUnavailable","message":"no leader","details":{"retryAfterSeconds":1}}')
    response.end('{"ok":true}')
  })
  const { cluster } = clusterAt(port)
  expect(await cluster.json({ method: 'POST', path: '/api/v1/nodes', body: {} })).toEqual({ ok: true })
  const failure = await cluster.json({ method: 'DELETE', path: '/api/v1/nodes/n1' }).catch((error: unknown) => error)
  expect(explain(failure).message).toBe('Error from server (Timeout): Timeout: etcd did not answer\nIt may have been done all the same. Look with "gantry get nodes/n1 -o yaml" before you do it again.')
})

test('--request-timeout is the time for all attempts together, and says so', async () => {
  const { port } = await serve(() => {})
  const { cluster } = clusterAt(port, { 'request-timeout': '1s' })
  expect(explain(await cluster.json({ path: '/x' }).catch((error: unknown) => error))).toEqual({ exitCode: 1, message: `error: the server 127.0.0.1:${port} did not answer within --request-timeout=1s` })
  expect(explain(await cluster.json({ method: 'PATCH', path: '/api/v1/nodes/n1', body: {} }).catch((error: unknown) => error)).message).toContain('did not answer within --request-timeout=1s after the request to change nodes/n1 was sent: it is not known')
  const nobody = clusterAt(await freePort(), { 'request-timeout': '1s' }).cluster
  expect(explain(await nobody.json({ method: 'PATCH', path: '/api/v1/nodes/n1', body: {} }).catch((error: unknown) => error)).message).toMatch(/was refused/)
})

test('a machine that takes connections and never speaks is not waited for without end', { timeout: 60_000 }, async () => {
  // Nothing is accepted: the connection of TLS never comes about.
  const silent = createTcp(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()))
  closing.push(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const told = { flags: { text: () => undefined, list: () => [], is: () => false, given: () => false, knows: () => true }, env: {}, terminal: { out: () => {}, bytes: () => {}, err: () => {}, readAll: () => Promise.resolve(''), columns: undefined } }
  using cluster = connect({ rest: { server: `https://127.0.0.1:${port}` }, serverNamed: true, namespace: 'default', namespaceGiven: false, headers: {} }, told)
  const began = performance.now()
  expect(explain(await cluster.json({ path: '/x' }).catch((error: unknown) => error)).message).toMatch(/^Unable to connect to the server: 127\.0\.0\.1:\d+ does not answer \(ETIMEDOUT\)\nNobody answered for \d/)
  expect(performance.now() - began).toBeLessThan(30_000)
})

interface Thing {
  readonly metadata: { readonly uid: string; readonly name: string; readonly resourceVersion: string }
}
const thing = (name: string, resourceVersion: number): Thing => ({ metadata: { uid: name, name, resourceVersion: String(resourceVersion) } })
const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`

/** The revision a watch was asked to go on from; `undefined` for other requests. */
const watchedFrom = ({ url = '' }: IncomingMessage): string | undefined => (url.includes('watch=true') ? (new URL(url, 'http://x').searchParams.get('resourceVersion') ?? '') : undefined)

test('a watch goes on where it broke off: through half a line, a server that starts anew, one that is busy', async () => {
  const asked: string[] = []
  const answers: Handler[] = [
    (_, response) => {
      response.write(line('ADDED', thing('a', 2)) + line('BOOKMARK', { metadata: { resourceVersion: '3' } }) + line('ADDED', thing('lost', 4)).slice(0, 20))
      setTimeout(() => response.socket?.destroy(), 20)
    },
    (_, response) => void response.writeHead(503).end('{}'),
    (_, response) => void response.end(line('MODIFIED', thing('a', 5)).slice(0, 20)),
    (_, response) => void response.write(line('ADDED', thing('lost', 4)) + line('MODIFIED', thing('a', 5))),
  ]
  const { port } = await serve((request, response) => {
    asked.push(watchedFrom(request) ?? '')
    answers.shift()?.(request, response)
  })
  const seen: string[] = []
  for await (const { type, object } of watch<Thing>(clusterAt(port).cluster, { path: '/things', resourceVersion: '1' })) {
    seen.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`)
    if (seen.length === 3) break
  }
  expect(seen).toEqual(['ADDED a@2', 'ADDED lost@4', 'MODIFIED a@5'])
  expect(asked).toEqual(['1', '3', '3', '3'])
})

test('a watch whose revision was forgotten goes on from a list, of which only what is new is told', async () => {
  const items = [thing('kept', 2), thing('changed', 9), thing('new', 8)]
  const { port } = await serve((request, response) => {
    const from = watchedFrom(request)
    if (from === undefined) response.end(JSON.stringify({ items, metadata: { resourceVersion: '10' } }))
    else if (from === '5') response.writeHead(410).end('{"kind":"Status","code":410,"reason":"Expired","message":"too old"}')
    else response.write(line('ADDED', thing('last', 11)))
  })
  const { cluster } = clusterAt(port)
  const seen: string[] = []
  const list = async () => {
    const found = await cluster.json<{ readonly items: readonly Thing[]; readonly metadata: { readonly resourceVersion: string } }>({ path: '/things' })
    return { items: found.items, resourceVersion: found.metadata.resourceVersion }
  }
  for await (const { type, object } of follow<Thing>(cluster, { call: { path: '/things' }, known: { items: [thing('kept', 2), thing('changed', 3), thing('gone', 4)], resourceVersion: '5' }, list, metadataOf: ({ metadata }) => metadata })) {
    seen.push(`${type} ${object.metadata.name}`)
    if (object.metadata.name === 'last') break
  }
  expect(seen).toEqual(['DELETED gone', 'MODIFIED changed', 'ADDED new', 'ADDED last'])
})

test('a watch that the server refuses for good ends with that; one that is interrupted just ends', async () => {
  const { port } = await serve((_, response) => void response.writeHead(403).end('{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}'))
  await expect(watch<Thing>(clusterAt(port).cluster, { path: '/things', resourceVersion: '1' }).next()).rejects.toThrow('no')
  const silent = await serve(() => {})
  const signal = AbortSignal.timeout(100)
  expect(await watch<Thing>(clusterAt(silent.port).cluster, { path: '/things', resourceVersion: '1', signal }).next()).toEqual({ done: true, value: undefined })
})
