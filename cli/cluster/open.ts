import type { RestRequest } from '../../shared/kit/rest-client.ts'
import { findTarget, type Target } from '../config/target.ts'
import type { Call } from '../program/command.ts'
import { createWireClient } from '../wire/client.ts'
import { parseDurationMs } from '../program/duration.ts'
import type { ApiCall, Cluster } from './cluster.ts'
import { cacheFile } from './discovery-cache.ts'
import { createDiscovery } from './discovery.ts'
import { StatusProblem, statusOf } from './status-problem.ts'

type From = Pick<Call, 'flags' | 'env' | 'terminal'>

/** Opens the cluster that flags and kubeconfig name. Nothing is sent yet. */
export const openCluster = async (from: From): Promise<Cluster> => connect(await findTarget(from.flags, from.env), from)

export function connect(target: Target, { flags, env, terminal }: From): Cluster {
  const rest = createWireClient(target.rest)
  const timeoutMs = parseDurationMs(flags.text('request-timeout') ?? '0')
  const warned = new Set<string>()

  const requestOf = (call: ApiCall, limited: boolean): RestRequest => {
    const query = new URLSearchParams(Object.entries(call.query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))).toString()
    const body = call.body === undefined ? undefined : typeof call.body === 'string' ? call.body : JSON.stringify(call.body)
    const ends = [...(call.signal ? [call.signal] : []), ...(limited && timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])]
    return {
      method: call.method ?? 'GET',
      path: query === '' ? call.path : `${call.path}?${query}`,
      headers: { ...target.headers, ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }), ...call.headers },
      body,
      signal: ends.length < 2 ? ends[0] : AbortSignal.any(ends),
    }
  }
  /** Each warning is told once. */
  const warn = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): void => {
    for (const header of [headers['warning'] ?? []].flat()) {
      for (const [, quoted = ''] of header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
        const message = Buffer.from(quoted.replace(/\\(.)/g, '$1'), 'latin1').toString('utf8')
        if (!warned.has(message)) terminal.err(`Warning: ${message}\n`)
        warned.add(message)
      }
    }
  }
  const text = async (call: ApiCall): Promise<string> => {
    const answer = await rest.request(requestOf(call, true))
    warn(answer.headers)
    if (answer.status >= 400) throw new StatusProblem(statusOf(answer.status, answer.text))
    return answer.text
  }
  const discovery = createDiscovery({ file: cacheFile(target.rest.server, { env, given: flags.text('cache-dir') }), request: (path, headers) => rest.request({ path, headers: { ...target.headers, ...headers } }) })
  return {
    target,
    namespace: target.namespace,
    discovery,
    text,
    json: async <T>(call: ApiCall) => JSON.parse(await text(call)) as T,
    async stream(call) {
      const answer = await rest.stream(requestOf(call, false))
      warn(answer.headers)
      if (answer.status < 400) return answer
      const parts: Buffer[] = []
      for await (const part of answer.chunks) parts.push(part)
      throw new StatusProblem(statusOf(answer.status, Buffer.concat(parts).toString()))
    },
    [Symbol.dispose]: () => rest[Symbol.dispose](),
  }
}
