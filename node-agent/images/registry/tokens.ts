import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject } from '../../../shared/model/json.ts'
import type { TokenRequest } from './challenge.ts'
import { bodyText } from './documents.ts'
import type { Http, HttpAnswer, TlsTrust } from './http.ts'
import type { Credential } from './port.ts'

/** The token service of a registry (Docker's token authentication, and its OAuth2 form for refresh tokens). */
export interface TokenOptions {
  readonly http: Http
  readonly clock: Clock
  readonly tls: TlsTrust
  readonly signal: AbortSignal
}

export interface AccessToken {
  readonly token: string
  /** On the monotonic clock. */
  readonly untilMs: number
}

/** What a service that says nothing means. */
const DEFAULT_LIFE_S = 60
const MAX_TOKEN_BYTES = 1 << 20
const CLIENT = 'gantry'

/** @throws Fault('permission') when it is refused, 'unavailable' when the service cannot be asked. */
export async function fetchToken(wanted: TokenRequest, credential: Credential | undefined, { http, clock, tls, signal }: TokenOptions): Promise<AccessToken> {
  const realm = URL.parse(wanted.realm)
  if (realm === null || !/^https?:$/.test(realm.protocol)) throw new Fault('invalid', `failed to authorize: the registry names no token service: ${JSON.stringify(wanted.realm)}`)
  const request = credential?.kind === 'identity-token' ? refreshRequest(wanted, credential.token) : askRequest(wanted, realm, credential)
  const answer = await http.send({ ...request, tls, signal })
  const what = `${request.method} request to ${request.url}`
  if (answer.status !== 200) throw refused(answer, what)
  const document = parse(await bodyText(answer, MAX_TOKEN_BYTES))
  const token = isJsonObject(document) ? (document['token'] ?? document['access_token']) : undefined
  if (!isJsonObject(document) || typeof token !== 'string' || token === '' || /[\r\n]/.test(token)) throw new Fault('permission', `failed to authorize: the answer to the ${what} holds no token`)
  const lifeS = typeof document['expires_in'] === 'number' && document['expires_in'] > 0 ? document['expires_in'] : DEFAULT_LIFE_S
  // A little earlier: it is to arrive while it is still good.
  return { token, untilMs: clock.monotonicMs() + lifeS * 1000 * 0.9 }
}

function askRequest({ service, scope }: TokenRequest, realm: URL, credential: Credential | undefined): { readonly method: 'GET'; readonly url: string; readonly headers: Record<string, string> } {
  const url = new URL(realm)
  if (service !== '') url.searchParams.set('service', service)
  for (const one of scope.split(' ')) if (one !== '') url.searchParams.append('scope', one)
  if (credential?.kind === 'password') url.searchParams.set('account', credential.username)
  return { method: 'GET', url: url.href, headers: credential?.kind === 'password' ? { authorization: basicOf(credential) } : {} }
}

function refreshRequest({ realm, service, scope }: TokenRequest, token: string): { readonly method: 'POST'; readonly url: string; readonly headers: Record<string, string>; readonly body: Buffer } {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, service, client_id: CLIENT, scope })
  return { method: 'POST', url: realm, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: Buffer.from(form.toString()) }
}

export const basicOf = ({ username, password }: Extract<Credential, { kind: 'password' }>): string => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

function refused({ status, discard }: HttpAnswer, what: string): Fault {
  discard()
  const message = `failed to authorize: failed to fetch oauth token: unexpected status from ${what}: ${status}`
  return new Fault(status >= 500 || status === 429 ? 'unavailable' : 'permission', message)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
