/**
 * A bare HTTPS server on the same runtime, as a process: `bare.ts FILE ADDRESS` (JSON: `key`, `cert` in PEM). It answers every request with the bytes it was told
 * to (`PUT /NAME`), and tells its watchers (`/NAME/watch`) of every `POST /NAME/event`. Those of a `POST /NAME/store` it first puts into the etcd beside it, as a new key. Its port
 * goes to its output.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openEtcd } from '../../../control-plane/storage/etcd-client.ts'
import { TXN } from '../../../control-plane/storage/etcd-grpc/messages.ts'
import { systemClock } from '../../../shared/kit/clock.ts'

const { key, cert } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as { readonly key: string; readonly cert: string }
const answers = new Map<string, Buffer>()
const watchers = new Set<ServerResponse>()
const etcd = openEtcd({ endpoints: ['http://127.0.0.1:2379'] }, systemClock)
let stored = 0

async function store(value: string): Promise<void> {
  const key = `/bench-floor/${stored++}`
  const { succeeded } = await etcd.call(TXN, { compare: [{ key, target: 'create', revision: 0 }], success: [{ kind: 'put', key, value }], failure: [] })
  if (!succeeded) throw new Error(`${key} was there before`)
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, name = '', what = ''] = (incoming.url ?? '/').split('/')
  const body = await bodyOf(incoming)
  if (incoming.method === 'PUT') answers.set(name, body)
  if (what === 'watch') {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    watchers.add(response)
    response.once('close', () => watchers.delete(response))
    return
  }
  if (what === 'store') await store(answers.get(name)?.toString('utf8') ?? '')
  if (what === 'event') for (const watcher of watchers) watcher.write(body)
  response.writeHead(200, { 'content-type': 'application/json' }).end(incoming.method === 'PUT' ? '' : answers.get(name))
}

const server = createServer({ key, cert, ALPNProtocols: ['http/1.1'], keepAlive: true }, (incoming, response) => void serve(incoming, response))
server.keepAliveTimeout = 90_000
server.listen(0, process.argv[3] ?? '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
