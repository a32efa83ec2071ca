import { systemClock } from '../../shared/kit/clock.ts'
import { isFault } from '../../shared/kit/faults.ts'
import { readJson } from '../../shared/model/json.ts'
import { findTarget, type Target } from '../config/target.ts'
import type { Call } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { Problem } from '../program/problem.ts'
import { createWireClient, type WireRequest } from '../wire/client.ts'
import { CancelledMidway, Unanswered } from '../wire/unanswered.ts'
import type { ApiCall, Cluster } from './cluster.ts'
import { cacheFile } from './discovery-cache.ts'
import { createDiscovery } from './discovery.ts'
import { lookHint, unknownOutcome } from './outcome.ts'
import { PATIENCE_MS, patiently } from './patience.ts'
import { isStatusProblem, StatusProblem, statusOf } from './status-problem.ts'
import { createWarnings } from './warnings.ts'

type From = Pick<Call, 'flags' | 'env' | 'terminal'>

/** A first connection that gets no answer at all is given up soon, as its server may have moved; later ones have longer, as it may be far away. */
const CONNECT_MS: readonly number[] = [1_500, 3_000, 10_000]

/** Opens the cluster that flags and kubeconfig name. Nothing is sent yet. */
export const openCluster = async (from: From): Promise<Cluster> => connect(await findTarget(from.flags, from.env), from)

export function connect(target: Target, { flags, env, terminal }: From): Cluster {
  let connections = 0
  const rest = createWireClient({ ...target.rest, connectTimeoutMs: () => CONNECT_MS[Math.min(connections++, CONNECT_MS.length - 1)] })
  const timeout = flags.text('request-timeout') ?? '0'
  const timeoutMs = parseDurationMs(timeout)
  const patienceMs = timeoutMs > 0 ? timeoutMs : target.serverNamed ? PATIENCE_MS : 0
  const warn = createWarnings(terminal)
  const host = new URL(target.rest.server).host

  const limit = (): AbortSignal | undefined => (timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined)
  const patient = <T>(call: ApiCall, limited: AbortSignal | undefined, attempt: (request: WireRequest) => Promise<T>): Promise<T> => {
    const request = requestOf(target, call, limited)
    return patiently(() => attempt(request), { onlyReads: onlyReads(call) || call.repeatable === true, patienceMs: call.once ? 0 : patienceMs, clock: systemClock, signal: request.signal }).catch((error: unknown) => Promise.reject(inWords(error, call, { host, timeout, timedOut: limited?.aborted ?? false })))
  }
  const text = (call: ApiCall): Promise<string> =>
    patient(call, limit(), async (request) => {
      const answer = await rest.request(request)
      warn(answer.headers)
      if (answer.status >= 400) throw new StatusProblem(statusOf(answer.status, answer.text))
      return answer.text
    })
  const discovery = createDiscovery({ file: cacheFile(target.rest.server, { env, given: flags.text('cache-dir') }), request: (path, headers) => patient({ path, headers }, limit(), (request) => rest.request(request)) })
  return {
    target,
    namespace: target.namespace,
    discovery,
    text,
    json: async <T>(call: ApiCall) => readJson(await text(call)) as T,
    stream: (call) =>
      patient(call, undefined, async (request) => {
        const answer = await rest.stream(request)
        warn(answer.headers)
        if (answer.status < 400) return answer
        const parts: Buffer[] = []
        for await (const part of answer.chunks) parts.push(part)
        throw new StatusProblem(statusOf(answer.status, Buffer.concat(parts).toString()))
      }),
    note: (line) => terminal.err(`${line}\n`),
    [Symbol.dispose]: () => rest[Symbol.dispose](),
  }
}

const onlyReads = ({ method = 'GET', query }: ApiCall): boolean => method === 'GET' || query?.['dryRun'] === 'All'

function requestOf(target: Target, call: ApiCall, limited: AbortSignal | undefined): WireRequest {
  const query = new URLSearchParams(Object.entries(call.query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))).toString()
  const ends = [...(call.signal ? [call.signal] : []), ...(limited ? [limited] : [])]
  return {
    method: call.method ?? 'GET',
    path: query === '' ? call.path : `${call.path}?${query}`,
    headers: { ...target.headers, ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }), ...call.headers },
    body: call.body === undefined ? undefined : typeof call.body === 'string' ? call.body : JSON.stringify(call.body),
    upload: call.upload,
    signal: ends.length < 2 ? ends[0] : AbortSignal.any(ends),
  }
}

interface Asked {
  readonly host: string
  readonly timeout: string
  /** The time of `--request-timeout` is over. */
  readonly timedOut: boolean
}

/** What went wrong, with what follows for a write. */
function inWords(error: unknown, call: ApiCall, { host, timeout, timedOut }: Asked): unknown {
  const writes = !onlyReads(call)
  if (isStatusProblem(error)) {
    const mayBeDone = (error.code === 503 || error.code === 504) && error.status.details?.retryAfterSeconds === undefined
    if (writes && mayBeDone && error.hint === '') error.hint = `It may have been done all the same. ${lookHint(call)}`
    return error
  }
  if (writes && error instanceof Unanswered) return unknownOutcome(call, `The connection to the server ${host} broke off`, error)
  if (!timedOut || !isFault(error)) return error
  if (writes && error instanceof CancelledMidway) return unknownOutcome(call, `The server ${host} did not answer within --request-timeout=${timeout}`, error)
  return new Problem(`the server ${host} did not answer within --request-timeout=${timeout}${isFault(error, 'unavailable') ? ` (${error.message})` : ''}`, { cause: error })
}
