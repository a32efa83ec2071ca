/** Which headers pass a proxy, and what is added (Go's `ReverseProxy` and what stands before it in Kubernetes). PURE. */
import { BEARER_PROTOCOL } from '../http/bearer-protocol.ts'

/** Name and value by turns, as they came: repeats and letters stay. */
export type RawHeaders = readonly string[]

/** Of one connection alone. */
const HOP_BY_HOP = new Set(['connection', 'proxy-connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

const PROTOCOLS = 'sec-websocket-protocol'

/** Protocols of a WebSocket without the one that is a token; nothing where no other is offered. */
const withoutToken = (protocols: string): string =>
  protocols
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !one.startsWith(BEARER_PROTOCOL))
    .join(', ')

/** Who the client is has been settled here: its credentials are not for the target. */
const isCredential = (name: string): boolean => name === 'authorization' || name.startsWith('impersonate-')

const CORS = new Set(['access-control-allow-credentials', 'access-control-allow-headers', 'access-control-allow-methods', 'access-control-allow-origin'])

const pairsOf = (raw: RawHeaders): ReadonlyArray<readonly [name: string, value: string]> => Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] ?? '', raw[index * 2 + 1] ?? ''] as const)

/** Names that the message itself calls its connection's. */
const namedByConnection = (raw: RawHeaders): ReadonlySet<string> =>
  new Set(pairsOf(raw).flatMap(([name, value]) => (name.toLowerCase() === 'connection' ? value.split(',').map((one) => one.trim().toLowerCase()) : [])))

function endToEnd(raw: RawHeaders, isKept: (name: string) => boolean): ReadonlyArray<readonly [string, string]> {
  const named = namedByConnection(raw)
  return pairsOf(raw).filter(([name]) => {
    const lower = name.toLowerCase()
    return !HOP_BY_HOP.has(lower) && !named.has(lower) && isKept(lower)
  })
}

export interface Forwarding {
  readonly remoteAddress: string
  /** The client's view of the address, escaped. */
  readonly uri: string
  /** The wanted protocol, when the client wants to leave HTTP. */
  readonly upgrade?: string | undefined
}

export function requestHeaders(raw: RawHeaders, { remoteAddress, uri, upgrade }: Forwarding): string[] {
  const before = pairsOf(raw).flatMap(([name, value]) => (name.toLowerCase() === 'x-forwarded-for' ? [value] : []))
  const kept = endToEnd(raw, (name) => !isCredential(name) && name !== 'x-forwarded-for' && name !== 'x-forwarded-uri' && name !== 'expect' && !name.startsWith('http2-')).flatMap(([name, value]): ReadonlyArray<readonly [string, string]> => {
    if (name.toLowerCase() !== PROTOCOLS) return [[name, value]]
    const others = withoutToken(value)
    return others === '' ? [] : [[name, others]]
  })
  const added: ReadonlyArray<readonly [string, string]> = [
    ['X-Forwarded-For', [...before, plainAddress(remoteAddress)].join(', ')],
    ['X-Forwarded-Uri', uri],
    ...(upgrade === undefined ? [] : ([['Connection', 'Upgrade'], ['Upgrade', upgrade]] as const)),
  ]
  return [...kept, ...added].flat()
}

/** Without what a dual-stack socket puts before an IPv4 address. */
const plainAddress = (address: string): string => address.replace(/^::ffff:/, '')

export const responseHeaders = (raw: RawHeaders): ReadonlyArray<readonly [string, string]> => endToEnd(raw, (name) => !CORS.has(name))
