import type { HttpTarget } from './port.ts'

/** Probe requests as bytes and answers as far as they matter. Written by hand, because a path in an object may hold what `node:http` refuses to send. Pure. */

const canonical = (name: string): string => name.toLowerCase().replace(/(^|-)([a-z])/g, (_all, dash: string, letter: string) => dash + letter.toUpperCase())

const address = ({ host, port }: Pick<HttpTarget, 'host' | 'port'>): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

export const urlOf = (target: HttpTarget): string => `${target.scheme.toLowerCase()}://${address(target)}${withSlash(target.path)}`

const withSlash = (path: string): string => (path.startsWith('/') ? path : `/${path}`)

/** What comes after a `#` stays with who asks. */
const requestPath = (path: string): string => withSlash(path.replace(/#.*$/s, ''))

type Header = readonly [name: string, value: string]

/** The request as kubelet's HTTP client writes it: `Host` and `User-Agent`, then by name. A header given twice is sent twice, one given empty takes a default one away. */
export function requestText(target: HttpTarget, agent: string): string {
  const given = target.headers.map(({ name, value }): Header => [canonical(name), value])
  const of = (name: string, otherwise: string): readonly Header[] => (given.some((one) => one[0] === name) ? given.filter((one) => one[0] === name && one[1] !== '') : [[name, otherwise]])
  const others = [...given.filter(([name]) => !LEADING.has(name) && name !== 'Accept'), ...of('Accept', '*/*')].sort(byName)
  const headers: readonly Header[] = [hostHeader(given, target), ...of('User-Agent', agent).slice(0, 1), ...others, ['Connection', 'close']]
  return `GET ${requestPath(target.path)} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

const hostHeader = (given: readonly Header[], target: HttpTarget): Header => {
  const named = given.find(([name]) => name === 'Host')
  return named === undefined || named[1] === '' ? ['Host', address(target)] : named
}

/** Said once each, before all others. `Connection` is not the probe's to choose. */
const LEADING: ReadonlySet<string> = new Set(['Host', 'User-Agent', 'Connection'])

const byName = (a: Header, b: Header): number => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)

export interface ResponseHead {
  readonly status: number
  readonly location?: string | undefined
}

/** The head of an answer; undefined while it is not all there, 'malformed' when it is no HTTP. */
export function parseHead(text: string): ResponseHead | 'malformed' | undefined {
  if (text.length >= 5 && !text.startsWith('HTTP/')) return 'malformed'
  const end = /\r?\n\r?\n/.exec(text)
  if (!end) return undefined
  const [first = '', ...lines] = text.slice(0, end.index).split(/\r?\n/)
  const status = /^HTTP\/\d\.\d (\d{3})/.exec(first)
  if (!status) return 'malformed'
  const location = lines.map((line) => /^location:\s*(.*)$/i.exec(line)?.[1]?.trim()).find((value) => value !== undefined)
  return { status: Number(status[1]), ...(location === undefined ? {} : { location }) }
}

/** Where a redirect leads: another target, `elsewhere` on another host, or undefined where it says nothing. */
export function redirectTarget(from: HttpTarget, location: string): HttpTarget | 'elsewhere' | undefined {
  const url = URL.parse(location, urlOf(from))
  if (!url) return undefined
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host !== from.host) return 'elsewhere'
  const scheme = url.protocol === 'https:' ? 'HTTPS' : 'HTTP'
  return { ...from, scheme, port: url.port === '' ? (scheme === 'HTTPS' ? 443 : 80) : Number(url.port), path: url.pathname + url.search }
}
