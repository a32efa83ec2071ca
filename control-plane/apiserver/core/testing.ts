/** A core over memory storage under a clock of the test's own, for tests of this room and of the client. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { systemClock, type Clock } from '../../../shared/kit/clock.ts'
import { seededRandom } from '../../../shared/kit/random.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { namespaces, serviceAccounts } from '../../../shared/model/resources.ts'
import { createInProcessClient } from '../../client/in-process.ts'
import type { ApiClient } from '../../client/port.ts'
import { servedKinds } from '../../registry/registry.ts'
import type { Storage } from '../../storage/port.ts'
import { createMemoryStorage } from '../../storage/storage.ts'
import { createApiServer, type ApiServer } from '../apiserver.ts'
import { createAuthorizer } from '../authz/authz.ts'
import { createRbac } from '../authz/rbac/rbac.ts'
import type { SubresourcePorts } from '../subresources/ports.ts'
import type { ApiResponse, User } from '../request.ts'

export const admin: User = { name: 'admin', uid: '', groups: ['system:masters'], extra: {} }

export interface TestServer {
  readonly api: ApiServer
  readonly storage: Storage
  readonly client: ApiClient
  /** A request as a client from outside makes it. */
  ask(line: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly body: JsonObject; readonly warnings: readonly string[] }>
  /** The same, as somebody whose roles decide; everything else here is asked by an administrator. */
  askAs(user: User, line: string, body?: unknown): ReturnType<TestServer['ask']>
  /** The same with a configuration to apply. */
  applyAs(user: User, line: string, config: unknown): ReturnType<TestServer['ask']>
  /** The same with a body of any bytes. */
  sendBytes(line: string, body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly text: string }>
  /** The first events of a watch. */
  events(line: string, count: number, headers?: Readonly<Record<string, string>>): Promise<readonly JsonObject[]>
  /** The raw answer, for streams. */
  raw(line: string, signal?: AbortSignal): Promise<ApiResponse>
  stop(): void
}

/** With the namespace `x` and its default account; several may share a storage. */
export async function startTestServer(storage: Storage = createMemoryStorage(), ports: Partial<SubresourcePorts> & { readonly clock?: Clock } = {}): Promise<TestServer> {
  const stop = new AbortController()
  const rbac = createRbac()
  const authorize = createAuthorizer({ nodes: { isPodOfNode: () => true, isReferencedByNode: () => true }, rbac: rbac.authorizer })
  const nodeStreams = { open: () => Promise.reject(new Error('no nodes here')) }
  const api = createApiServer({ storage, kinds: servedKinds, clock: systemClock, random: seededRandom(1), log: silentLog, authorize, rbac, nodeStreams, ...ports })
  void api.run(stop.signal)
  await api.whenReady()
  await api.whenBootstrapped()
  const client = createInProcessClient({ core: api.core, user: admin })
  await client.create(namespaces, { metadata: { name: 'x' } }).catch(unlessThere)
  await client.create(serviceAccounts, { metadata: { name: 'default', namespace: 'x' } }).catch(unlessThere)
  const raw: TestServer['raw'] = (line, signal = stop.signal) => request(line, { user: admin, body: undefined, headers: {}, signal })
  const request = (line: string, given: { readonly user: User; readonly body: unknown; readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal }): Promise<ApiResponse> => {
    const [method = '', target = ''] = line.split(' ')
    const [path = '', query = ''] = target.split('?')
    const body = given.body instanceof Uint8Array ? given.body : given.body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(given.body))
    return api.handle({ method, path, query: new URLSearchParams(query), headers: { 'user-agent': 'test/1', ...given.headers }, body, user: given.user, remoteAddress: '', signal: given.signal })
  }
  const asked = async (line: string, given: { readonly user: User; readonly body: unknown; readonly headers: Readonly<Record<string, string>> }): ReturnType<TestServer['ask']> => {
    const answer = await request(line, { ...given, signal: stop.signal })
    if (answer.kind !== 'body') throw new Error(`${line} is answered with a ${answer.kind}`)
    const text = typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body)
    return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as JsonObject) : { text }, warnings: answer.warnings ?? [] }
  }
  return {
    api,
    storage,
    client,
    raw,
    ask: (line, body, headers = {}) => asked(line, { user: admin, body, headers }),
    askAs: (user, line, body) => asked(line, { user, body, headers: {} }),
    applyAs: (user, line, config) => asked(line, { user, body: config, headers: { 'content-type': 'application/apply-patch+yaml' } }),
    async sendBytes(line, body, headers) {
      const answer = await request(line, { user: admin, body, headers, signal: stop.signal })
      if (answer.kind !== 'body') throw new Error(`${line} is answered with a ${answer.kind}`)
      return { status: answer.status, text: typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body) }
    },
    async events(line, count, headers = {}) {
      const own = new AbortController()
      const answer = await request(line, { user: admin, body: undefined, headers, signal: AbortSignal.any([stop.signal, own.signal]) })
      if (answer.kind !== 'stream') throw new Error(`${line} is answered with a ${answer.kind}`)
      const found: JsonObject[] = []
      for await (const chunk of answer.chunks) {
        for (const text of String(chunk).trim().split('\n')) found.push(JSON.parse(text) as JsonObject)
        if (found.length >= count) break
      }
      own.abort()
      return found
    },
    stop: () => stop.abort(),
  }
}

function unlessThere(error: unknown): void {
  if (!isApiError(error, 'AlreadyExists')) throw error
}
