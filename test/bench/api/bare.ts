/**
 * A bare HTTPS server on the same runtime, as a process: `bare.ts FILE ADDRESS` (JSON: `key`, `cert` in PEM). It answers every request with the bytes it was told
 * to (`PUT /NAME`), and tells its watchers (`/NAME/watch`) of every `POST /NAME/event`. Its port goes to its output.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const { key, cert } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as { readonly key: string; readonly cert: string }
const answers = new Map<string, Buffer>()
const watchers = new Set<ServerResponse>()

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
  if (what === 'event') for (const watcher of watchers) watcher.write(body)
  response.writeHead(200, { 'content-type': 'application/json' }).end(incoming.method === 'PUT' ? '' : answers.get(name))
}

const server = createServer({ key, cert, ALPNProtocols: ['http/1.1'], keepAlive: true }, (incoming, response) => void serve(incoming, response))
server.keepAliveTimeout = 90_000
server.listen(0, process.argv[3] ?? '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
