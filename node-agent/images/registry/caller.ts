import { STATUS_CODES } from 'node:http'
import { sleep, type Clock } from '../../../shared/kit/clock.ts'
import { Fault, isFault } from '../../../shared/kit/faults.ts'
import type { Random } from '../../../shared/kit/random.ts'
import { createAdmission, type Admission } from './authorizer.ts'
import { errorMessage } from './documents.ts'
import type { Endpoint } from './endpoints.ts'
import { spokeNoTls, type Http, type HttpAnswer, type HttpRequest, type TlsTrust } from './http.ts'
import type { RegistryLogin } from './port.ts'
import { isPassing, MOST_STALLED_TRIES, parseRetryAfter, retryDelay } from './retry.ts'
import { stallOf } from './stall.ts'

export interface CallerOptions {
  readonly endpoint: Endpoint
  readonly login: RegistryLogin | undefined
  readonly actions: 'pull' | 'pull,push'
  readonly tls: TlsTrust
  readonly http: Http
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

export interface Call {
  readonly method: HttpRequest['method']
  /** Below the repository (`manifests/1.35`), or a whole URL the server has named. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: HttpRequest['body']
  /** A broken one may have been heard: the caller asks before it goes on. */
  readonly isOnce?: boolean
  /** Answers that are no errors. */
  readonly ok: readonly number[]
}

const MOST_REDIRECTS = 5
/** One for the challenge, one for a token that had run out. */
const MOST_REFUSALS = 2

/** One caller (a login, or nobody) at one server: authorizes, follows redirects, tries again. */
export class Caller {
  readonly login: RegistryLogin | undefined
  readonly #options: CallerOptions
  readonly #admission: Admission
  #base: string

  constructor(options: CallerOptions) {
    const { endpoint, login, actions } = options
    this.#options = options
    this.login = login
    this.#base = endpoint.base
    this.#admission = createAdmission({ ...options, credential: login?.credential, scope: `repository:${endpoint.repository}:${actions}`, origin: new URL(endpoint.base).origin, isSecure: endpoint.base.startsWith('https:') && !endpoint.plainToo })
  }

  /** Where the repository is at this server. */
  get base(): string {
    return `${this.#base}/${this.#options.endpoint.repository}`
  }

  /** Makes the request until it is answered by one of `ok`; the caller reads or discards the body. */
  async call(call: Call): Promise<HttpAnswer> {
    const { clock, random, signal } = this.#options
    for (let failures = 1; ; failures++) {
      let retryAfterMs: number | undefined
      let failure: unknown
      try {
        const answer = await this.#authorized(call)
        if (call.ok.includes(answer.status)) return answer
        if (isPassing(answer.status)) retryAfterMs = parseRetryAfter(answer.headers['retry-after'], clock.nowMs())
        failure = await this.#refusal(call, answer)
        if (!isPassing(answer.status)) throw failure
      } catch (error) {
        if (failure === error || !isCut(error)) throw error
        failure = error
      }
      const isEnough = call.isOnce === true || (stallOf(failure) !== undefined && failures >= MOST_STALLED_TRIES)
      const delayMs = isEnough ? undefined : retryDelay(failures, retryAfterMs, random.next())
      if (delayMs === undefined) throw failure
      await sleep(clock, delayMs, signal)
    }
  }

  async #authorized(call: Call): Promise<HttpAnswer> {
    for (let refusals = 0; ; refusals++) {
      const used = this.#admission.header()
      const answer = await this.#redirected(call, used)
      if (answer.status !== 401 || refusals >= MOST_REFUSALS) return answer
      if (!(await this.#admission.answer(answer.headers['www-authenticate'], used, this.#options.signal))) return answer
      answer.discard()
    }
  }

  /** What is this server's own (authorization, headers, certificate) goes to nobody else. */
  async #redirected({ method, path, headers, body }: Call, authorization: string | undefined): Promise<HttpAnswer> {
    const { endpoint, tls, http, signal } = this.#options
    const first = this.#url(path)
    for (let url = first, redirects = 0; ; redirects++) {
      const isOwn = url.origin === new URL(this.#base).origin
      const own = isOwn ? { ...endpoint.settings.header, ...(authorization === undefined ? {} : { authorization }) } : {}
      const trust: TlsTrust = isOwn ? tls : { ca: tls.ca, skipVerify: tls.skipVerify }
      const { answer, asked } = await this.#send({ method, url: url.href, headers: { 'user-agent': 'gantry', ...headers, ...own }, ...(body === undefined ? {} : { body }), tls: trust, signal }, http)
      const next = (method === 'GET' || method === 'HEAD') && [301, 302, 303, 307, 308].includes(answer.status) ? URL.parse(answer.headers.location ?? '', asked) : null
      if (next === null) return answer
      answer.discard()
      if (redirects >= MOST_REDIRECTS) throw new Fault('unavailable', `${first.href} redirects without end`)
      if (!/^https?:$/.test(next.protocol) || leavesTls(new URL(asked), next)) throw new Fault('permission', `${asked} redirects to ${next.origin}, out of the encrypted connection: refused`)
      url = next
    }
  }

  async #send(request: HttpRequest, http: Http): Promise<{ readonly answer: HttpAnswer; readonly asked: string }> {
    try {
      return { answer: await http.send(request), asked: request.url }
    } catch (error) {
      const { plainToo, base } = this.#options.endpoint
      if (!plainToo || !request.url.startsWith(`${base}/`) || !spokeNoTls(error)) throw error
      this.#base = base.replace(/^https:/, 'http:')
      const asked = request.url.replace(base, this.#base)
      return { answer: await http.send({ ...request, url: asked }), asked }
    }
  }

  /** Only the server's own word leads elsewhere, and never elsewhere than to itself with what is its own. */
  #url(path: string): URL {
    if (/^https?:\/\//.test(path)) return new URL(path)
    const url = new URL(`${this.base}/${path}`)
    const { namespace } = this.#options.endpoint
    if (namespace !== undefined) url.searchParams.set('ns', namespace)
    return url
  }

  async #refusal({ method, path }: Call, answer: HttpAnswer): Promise<Fault> {
    const { status } = answer
    const asked = answer.headers['www-authenticate']
    const message = method === 'HEAD' ? (answer.discard(), '') : await errorMessage(answer)
    if (status === 401 || status === 403) {
      const why = message !== '' ? `server message: ${message}` : status === 401 && this.login === undefined && /basic/i.test(asked ?? '') ? 'authorization failed: no basic auth credentials' : 'authorization failed'
      const verb = this.#options.actions === 'pull' ? 'pull' : 'push'
      return new Fault('permission', `${verb} access denied, repository does not exist or may require authorization: ${why}`)
    }
    const words = `unexpected status from ${method} request to ${this.#url(path).href}: ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
    return new Fault(status === 404 ? 'not-found' : isPassing(status) ? 'unavailable' : 'invalid', message === '' ? words : `${words}: ${message}`)
  }
}

/** What was asked for under encryption is not to go on without it. */
export const leavesTls = (from: URL, to: URL): boolean => from.protocol === 'https:' && to.protocol === 'http:'

/** The connection broke, or nothing came: not what another try would only repeat (no such host, nobody listening, a wrong certificate). */
function isCut(error: unknown): boolean {
  if (!isFault(error, 'unavailable')) return false
  const code = (error.cause as { readonly code?: string } | undefined)?.code
  return code === undefined ? error.cause !== undefined : ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'].includes(code)
}
