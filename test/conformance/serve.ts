/**
 * A server for the recordings: the API server's core over memory storage behind a plain HTTP door, whoever asks being a cluster
 * administrator. With `--controllers` they and the scheduler run too; otherwise a loop makes each namespace's default ServiceAccount.
 *
 *   node test/conformance/serve.ts [--port 18080] [--kubeconfig FILE] [--controllers]
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { writeFileSync } from 'node:fs'
import { createTokenSigner } from '../../control-plane/apiserver/authn/token-signer.ts'
import { createTokenVerifier, type BoundObjects } from '../../control-plane/apiserver/authn/token-verifier.ts'
import { createAuthorizer } from '../../control-plane/apiserver/authz/authz.ts'
import { createRbac } from '../../control-plane/apiserver/authz/rbac/rbac.ts'
import { createApiServer } from '../../control-plane/apiserver/apiserver.ts'
import type { ApiRequest, ApiResponse, Handle, User } from '../../control-plane/apiserver/request.ts'
import { createDiscovery } from '../../control-plane/apiserver/discovery/discovery.ts'
import { headersOf } from '../../control-plane/apiserver/http/read-request.ts'
import { createSite } from '../../control-plane/apiserver/http/site.ts'
import { createOpenApi } from '../../control-plane/apiserver/openapi/openapi.ts'
import { createInProcessClient } from '../../control-plane/client/in-process.ts'
import type { ApiClient } from '../../control-plane/client/port.ts'
import type { NodeStreams } from '../../control-plane/dispatch/port.ts'
import { servedKinds as served } from '../../control-plane/registry/registry.ts'
import { storageKey } from '../../control-plane/storage/port.ts'
import { createMemoryStorage } from '../../control-plane/storage/storage.ts'
import { isApiError } from '../../shared/kit/api-error.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { createMetrics } from '../../shared/kit/metrics.ts'
import { createLog } from '../../shared/kit/log.ts'
import { createTokenKeys } from '../../shared/kit/pki.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import type { Secret } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import { namespaces, serviceAccounts } from '../../shared/model/resources.ts'
import { runControllers } from './controllers.ts'

const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback)
}

const admin: User = { name: 'kubernetes-admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} }

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

async function requestOf(incoming: IncomingMessage, signal: AbortSignal): Promise<ApiRequest> {
  const [path = '/', query = ''] = (incoming.url ?? '/').split(/\?(.*)/s)
  const headers = headersOf(incoming)
  return { method: incoming.method ?? 'GET', path: decodeURIComponent(path), query: new URLSearchParams(query), headers, body: await bodyOf(incoming), user: admin, remoteAddress: incoming.socket.remoteAddress ?? '', signal }
}

async function send(response: ServerResponse, answer: ApiResponse): Promise<void> {
  if (answer.kind === 'upgrade') return void response.writeHead(400, { 'content-type': 'text/plain' }).end('Upgrade request required')
  if (answer.kind === 'proxy') return void response.writeHead(503, { 'content-type': 'text/plain' }).end('there are no nodes here')
  const warnings = [...new Set(answer.warnings ?? [])].map((text) => `299 - "${Buffer.from(text.replace(/[\\"]/g, '\\$&'), 'utf8').toString('latin1')}"`)
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  if (warnings.length > 0) response.setHeader('warning', warnings)
  if (answer.kind === 'body') return void response.end(answer.body)
  response.flushHeaders()
  for await (const chunk of answer.chunks) response.write(chunk)
  response.end()
}

async function serve(handle: Handle, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    await send(response, await handle(await requestOf(incoming, gone.signal)))
  } catch (error) {
    if (!gone.signal.aborted) process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`)
    response.destroy()
  }
}

/** What the service account controller will do. */
async function makeServiceAccounts(client: ApiClient, signal: AbortSignal): Promise<void> {
  const { items, resourceVersion } = await client.list(namespaces)
  const make = async (namespace: string): Promise<void> => {
    try {
      await client.create(serviceAccounts, { metadata: { name: 'default', namespace } })
    } catch (error) {
      if (!isApiError(error)) throw error
    }
  }
  for (const { metadata } of items) await make(metadata.name ?? '')
  for await (const change of client.watch(namespaces, { resourceVersion, signal })) if (change.type === 'ADDED') await make(change.object.metadata.name ?? '')
}

/** Nobody has an agent here. */
const noNodes: NodeStreams = {
  open: async (nodeName) => {
    throw new Fault('unavailable', `node ${nodeName} has no session`)
  },
}

const tokenKeys = createTokenKeys()
const tokenSigner = createTokenSigner({ key: tokenKeys.privateKeyPem, issuer: 'https://kubernetes.default.svc', clock: systemClock, random: systemRandom })

/** What tokens are bound to, as the caches of the server have it. */
const bound: BoundObjects = {
  async find(resource, namespace, name) {
    const object = server.core.resources.find('', 'v1', resource)?.cache.get(storageKey({ group: '', plural: resource }, namespace, name))?.object as unknown as Secret | undefined
    return object && { uid: object.metadata.uid ?? '', deletionMs: parseTime(object.metadata.deletionTimestamp), token: object.data?.['token'] }
  },
}

const log = createLog({ process: 'conformance' }, process.env['GANTRY_LOG'] ?? 'warn')
const stop = new AbortController()
const rbac = createRbac()
const authorize = createAuthorizer({ nodes: { isPodOfNode: () => false, isReferencedByNode: () => false }, rbac: rbac.authorizer })
const server = createApiServer({ storage: createMemoryStorage(), kinds: served, clock: systemClock, random: systemRandom, log, authorize, rbac, nodeStreams: noNodes, tokenSigner, tokenVerifier: createTokenVerifier({ keys: [tokenKeys.publicKeyPem], objects: bound, clock: systemClock }), advertised: () => ({ host: '192.0.2.1', port: 6443 }) })
const running = server.run(stop.signal)
await server.whenReady(stop.signal)
await server.whenBootstrapped()
const client = createInProcessClient({ core: server.core, user: { ...admin, name: 'system:serviceaccount:kube-system:service-account-controller' } })
const accounts = process.argv.includes('--controllers') ? runControllers(client, { log, tokens: tokenSigner }, stop.signal) : makeServiceAccounts(client, stop.signal)
const port = Number(option('port', '18080'))
const site = createSite({
  core: server.handle,
  authorize,
  discovery: createDiscovery({ kinds: () => server.definitions(), serverAddress: `127.0.0.1:${port}` }),
  openapi: createOpenApi({ kinds: () => server.definitions() }),
  checks: [],
  metrics: createMetrics(),
  version: '0.0.0',
})
const http = createServer((incoming, response) => void serve(site, incoming, response))
http.listen(port, '127.0.0.1', () => {
  const kubeconfig = option('kubeconfig', '')
  if (kubeconfig !== '') writeFileSync(kubeconfig, `apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: http://127.0.0.1:${port}\ncontexts:\n- name: c\n  context:\n    cluster: c\n    user: u\ncurrent-context: c\nusers:\n- name: u\n  user: {}\n`)
  process.stdout.write(`http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => {
  stop.abort()
  http.close()
  http.closeAllConnections()
})
await Promise.allSettled([running, accounts])
