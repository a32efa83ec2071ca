/** What a registry says it wants: `WWW-Authenticate` (RFC 9110, section 11.6.1; several in one header, several headers). Pure. */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const SCHEME = new RegExp(`^[\\s,]*(${TOKEN})(?=\\s|,|$)`)
const PARAMETER = new RegExp(`^[\\s,]*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`)
/** Nobody means longer ones. */
const LONGEST = 16_384

/** What cannot be read ends the list: what came before counts. */
export function parseChallenges(header: string | readonly string[] | undefined): readonly Challenge[] {
  const headers = header === undefined ? [] : typeof header === 'string' ? [header] : header
  return headers.flatMap((one) => parseOne(one.slice(0, LONGEST)))
}

function parseOne(header: string): readonly Challenge[] {
  const found: Challenge[] = []
  let rest = header
  for (let scheme = SCHEME.exec(rest); scheme !== null; scheme = SCHEME.exec(rest)) {
    rest = rest.slice(scheme[0].length)
    const parameters: Record<string, string> = {}
    for (let one = PARAMETER.exec(rest); one !== null; one = PARAMETER.exec(rest)) {
      rest = rest.slice(one[0].length)
      const name = one[1]?.toLowerCase() ?? ''
      if (!Object.hasOwn(parameters, name) && name !== '__proto__') parameters[name] = one[2]?.replace(/\\(.)/g, '$1') ?? one[3] ?? ''
    }
    found.push({ scheme: scheme[1]?.toLowerCase() ?? '', parameters })
  }
  return found
}

export interface TokenRequest {
  /** The token service. */
  readonly realm: string
  readonly service: string
  /** What is asked for: `repository:library/busybox:pull`, several with spaces between. */
  readonly scope: string
}

/** The token a bearer challenge asks for; `scope` is what this request needs, where the registry names none. */
export function tokenRequestOf(challenge: Challenge, scope: string): TokenRequest | undefined {
  const { realm } = challenge.parameters
  if (challenge.scheme !== 'bearer' || realm === undefined || realm === '') return undefined
  return { realm, service: challenge.parameters['service'] ?? '', scope: challenge.parameters['scope'] || scope }
}
