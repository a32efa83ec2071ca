import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import * as plain from 'node:http'
import * as secure from 'node:https'
import type { Readable } from 'node:stream'
import { isIP, type LookupFunction } from 'node:net'
import { getCACertificates } from 'node:tls'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../../shared/kit/faults.ts'
import { lookupInTurn } from './lookup.ts'
import { Pace, Stalled } from './stall.ts'

/** One request and its answer, without opinions: no redirects, no retries, no credentials. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
  readonly tls: TlsTrust
  readonly signal: AbortSignal
}

/** Whom to believe, and what to show, as PEM texts. */
export interface TlsTrust {
  readonly ca: readonly string[]
  readonly cert?: string
  readonly key?: string
  readonly skipVerify: boolean
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Read it to its end, or `discard` it. Throws Fault('unavailable') where it is cut. */
  readonly body: AsyncIterable<Buffer>
  readonly discard: () => void
}

/** Connecting, or any gap in what is being received: longer is as good as cut. */
const SILENCE_MS = 30_000

export interface Http extends Disposable {
  send(request: HttpRequest): Promise<HttpAnswer>
}

/** Where connections may go. */
export interface Reach {
  /** Names are asked for addresses of this family alone; 0 is every one. */
  readonly family: 0 | 4
  /** Why not there, as the rest of a sentence that begins with the address. */
  readonly refusal: (address: string) => string | undefined
}

const EVERYWHERE: Reach = { family: 0, refusal: () => undefined }

/**
 * Connections are kept for a few seconds: the requests of one pull share them. A body that comes more slowly than told is given up.
 * @param reach holds for an address, whoever it belongs to. Throws Fault('permission') for one that is refused.
 */
export function createHttp(clock: Clock, leastBytesPerMinute: number, reach: Reach = EVERYWHERE): Http {
  const agents = new Map<string, plain.Agent>()
  const agentOf = (protocol: string, { ca, cert, key, skipVerify }: TlsTrust): plain.Agent => {
    const name = protocol === 'http:' ? protocol : JSON.stringify([ca, cert, key, skipVerify])
    const known = agents.get(name)
    if (known !== undefined) return known
    const keep = { keepAlive: true, timeout: 5_000, maxFreeSockets: 4, lookup: lookupOf(reach) }
    const agent = protocol === 'http:' ? new plain.Agent(keep) : new secure.Agent({ ...keep, rejectUnauthorized: !skipVerify, ca: [...systemAuthorities(), ...ca], ...(cert === undefined ? {} : { cert, key }) })
    agents.set(name, agent)
    return agent
  }
  return {
    async send(request) {
      const { protocol, hostname } = new URL(request.url)
      const literal = hostname.replace(/^\[|\]$/g, '')
      // Nobody is asked for the address of one.
      const refusal = isIP(literal) === 0 ? undefined : reach.refusal(literal)
      if (refusal !== undefined) throw new Fault('permission', `${literal} ${refusal}`)
      return exchange(request, { agent: agentOf(protocol, request.tls), clock, leastBytesPerMinute })
    },
    [Symbol.dispose]: () => {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

/** A name is asked for once, by whoever connects: the answer to a question before could be another one. */
const lookupOf =
  ({ family, refusal }: Reach): LookupFunction =>
  (name, options, callback) =>
    lookupInTurn(name, family === 0 ? options : { ...options, family }, (error, found, foundFamily) => {
      const addresses = error !== null ? [] : Array.isArray(found) ? found.map(({ address }) => address) : [found]
      const wrong = addresses.find((address) => refusal(address) !== undefined)
      callback(wrong === undefined ? error : new Fault('permission', `${name}: ${wrong} ${refusal(wrong) ?? ''}`), found, foundFamily)
    })

/** Those of the machine, as everything else on it believes; where it has none, those Node brings. */
function systemAuthorities(): readonly string[] {
  const system = getCACertificates('system')
  return system.length > 0 ? system : getCACertificates('bundled')
}

interface Means {
  readonly agent: plain.Agent
  readonly clock: Clock
  readonly leastBytesPerMinute: number
}

function exchange(request: HttpRequest, { agent, clock, leastBytesPerMinute }: Means): Promise<HttpAnswer> {
  const { method, url, headers, body, signal } = request
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { method, headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) }, agent, signal }
    const sent = url.startsWith('https:') ? secure.request(url, options) : plain.request(url, options)
    const silence = watchSilence(clock, (error) => sent.destroy(error))
    sent.once('response', (answer) => {
      silence.pause()
      resolve(answerOf(answer, request, { silence, pace: new Pace(clock, leastBytesPerMinute) }))
    })
    // Also after the answer has begun: what breaks then is told where its body is read.
    sent.on('error', (error) => {
      silence.stop()
      reject(signal.aborted ? (signal.reason as Error) : new Fault('unavailable', `failed to do request: ${goMethod(method)} "${url}": ${errorWords(error)}`, { cause: error }))
    })
    sent.on('drain', silence.heard)
    sent.end(body)
  })
}

/** What is thought of how an answer comes. */
interface Watch {
  readonly silence: Silence
  readonly pace: Pace
}

function answerOf(answer: IncomingMessage, { url, method, signal }: HttpRequest, watch: Watch): HttpAnswer {
  const { silence } = watch
  answer.once('close', silence.stop)
  // Somebody may never read it: its failing is then nobody's concern.
  answer.on('error', () => {})
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: readBody(answer, { url, method, signal }, watch),
    discard: () => discard(answer, silence),
  }
}

/** A short rest is let go by, so that the connection can be used again. */
function discard(answer: IncomingMessage, silence: Silence): void {
  silence.heard()
  if (Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= SHORT_BYTES) answer.resume()
  else answer.destroy()
}

const SHORT_BYTES = 64 << 10

async function* readBody(answer: IncomingMessage, { url, method, signal }: Pick<HttpRequest, 'url' | 'method' | 'signal'>, { silence, pace }: Watch): AsyncGenerator<Buffer> {
  silence.heard()
  pace.wait()
  try {
    for await (const chunk of answer as Readable as AsyncIterable<Buffer>) {
      // Who reads slowly must not take the other side for silent.
      silence.pause()
      pace.got(chunk.length)
      yield chunk
      silence.heard()
      pace.wait()
    }
  } catch (failure) {
    if (signal.aborted) throw signal.reason
    const error = silence.broken() ?? failure
    throw new Fault('unavailable', `${goMethod(method)} "${url}": the answer was cut: ${messageOf(error)}`, { cause: error })
  }
}

/** Whether the other side is waited for, and since when. */
interface Silence {
  readonly heard: () => void
  /** This side is busy: nobody is waited for. */
  readonly pause: () => void
  readonly stop: () => void
  /** What was ended for silence breaks for other reasons, as it seems: this is why. */
  readonly broken: () => Stalled | undefined
}

function watchSilence(clock: Clock, onSilent: (error: Stalled) => void): Silence {
  let sinceMs: number | undefined = clock.monotonicMs()
  let broken: Stalled | undefined
  let cancel = (): void => {}
  const look = (): void => {
    const left = sinceMs === undefined ? SILENCE_MS : sinceMs + SILENCE_MS - clock.monotonicMs()
    if (left <= 0) onSilent((broken = new Stalled('silent', `no answer within ${SILENCE_MS / 1000} s`)))
    else cancel = clock.after(left, look)
  }
  cancel = clock.after(SILENCE_MS, look)
  return { heard: () => void (sinceMs = clock.monotonicMs()), pause: () => void (sinceMs = undefined), stop: () => cancel(), broken: () => broken }
}

const goMethod = (method: string): string => method.charAt(0) + method.slice(1).toLowerCase()

/** The words people search for, as Go's client has them. */
export function errorWords(error: unknown): string {
  const { code, address, port, hostname } = error as { readonly code?: string; readonly address?: string; readonly port?: number; readonly hostname?: string }
  const dial = `dial tcp ${address ?? ''}${port === undefined ? '' : `:${port}`}:`
  switch (code) {
    case 'ECONNREFUSED':
      return `${dial} connect: connection refused`
    case 'EHOSTUNREACH':
      return `${dial} connect: no route to host`
    case 'ENETUNREACH':
      return `${dial} connect: network is unreachable`
    case 'ETIMEDOUT':
      return `${dial} i/o timeout`
    case 'ENOTFOUND':
      return `dial tcp: lookup ${hostname ?? ''}: no such host`
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${hostname ?? ''}: Temporary failure in name resolution`
    case 'ECONNRESET':
      return `read: connection reset by peer`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${messageOf(error)}`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client'
    default:
      return messageOf(error)
  }
}

/** Nothing was sent that anybody understood: safe to try another way. */
export const spokeNoTls = (error: unknown): boolean => messageOf(error).endsWith('http: server gave HTTP response to HTTPS client')
