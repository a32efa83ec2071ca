import type { Clock } from '../../../shared/kit/clock.ts'
import { parseChallenges, tokenRequestOf, type Challenge, type TokenRequest } from './challenge.ts'
import type { Http, TlsTrust } from './http.ts'
import type { Credential } from './port.ts'
import { basicOf, fetchToken, type AccessToken } from './tokens.ts'

/** What is known of how one server lets one caller in. */
export interface Admission {
  /** The `Authorization` for the next request; undefined: none is needed, as far as is known. */
  header(): string | undefined
  /**
   * The server answered 401 with these challenges: gets what it wants. Answers whether another try is worth it.
   * @param used the header that was refused.
   */
  answer(challenges: string | readonly string[] | undefined, used: string | undefined, signal: AbortSignal): Promise<boolean>
}

export interface AdmissionOptions {
  readonly http: Http
  readonly clock: Clock
  /** For this server, as far as it is its own token service. */
  readonly tls: TlsTrust
  /** Of the server: `https://host:port`. */
  readonly origin: string
  readonly credential: Credential | undefined
  /** `repository:library/busybox:pull` */
  readonly scope: string
  /** The server speaks TLS: then the token service must, too, before it is told a password. */
  readonly isSecure: boolean
}

/** One caller at one server for one repository: its token is fetched once for all requests side by side, and anew when it has run out. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { credential, clock } = options
  let fixed: string | undefined
  let token: (AccessToken & { readonly wanted: TokenRequest }) | undefined
  let fetching: { readonly of: string; readonly done: Promise<AccessToken> } | undefined
  const header = (): string | undefined => fixed ?? (token !== undefined && clock.monotonicMs() < token.untilMs ? `Bearer ${token.token}` : undefined)

  const bearer = async (wanted: TokenRequest, signal: AbortSignal): Promise<void> => {
    const of = JSON.stringify(wanted)
    if (fetching?.of !== of) {
      const done = fetchToken(wanted, isSafe(wanted, options) ? credential : undefined, { ...options, tls: trustFor(wanted, options), signal })
      fetching = { of, done }
      const over = (): void => void (fetching?.done === done && (fetching = undefined))
      done.then(over, over)
    }
    token = { ...(await fetching.done), wanted }
  }

  return {
    header,
    async answer(challenges, used, signal) {
      // Somebody beside us has fetched another one meanwhile.
      const now = header()
      if (now !== undefined && now !== used) return true
      const all = parseChallenges(challenges)
      if (used !== undefined && fixed === used) return false
      if (credential?.kind === 'access-token') return (fixed = `Bearer ${credential.token}`) !== used
      const wanted = wantedOf(all, options.scope)
      if (wanted !== undefined) {
        await bearer(wanted, signal)
        return true
      }
      if (credential?.kind !== 'password' || !all.some(({ scheme }) => scheme === 'basic')) return false
      fixed = basicOf(credential)
      return true
    },
  }
}

function wantedOf(challenges: readonly Challenge[], scope: string): TokenRequest | undefined {
  for (const challenge of challenges) {
    const wanted = tokenRequestOf(challenge, scope)
    if (wanted !== undefined) return wanted
  }
  return undefined
}

/** The server's word names the token service, which may be anybody: it gets no certificate that is meant for the server, and has to show whose it is. */
const trustFor = ({ realm }: TokenRequest, { tls, origin }: AdmissionOptions): TlsTrust => (URL.parse(realm)?.origin === origin ? tls : { ca: tls.ca, skipVerify: false })

/** A password that came over TLS does not go on in the clear. */
const isSafe = ({ realm }: TokenRequest, { isSecure }: AdmissionOptions): boolean => !isSecure || realm.startsWith('https:')
