/** URLs as Go reads them: nothing is added, taken away or put into another form. PURE. */
import { goQuote } from '../../shared/model/go-text.ts'

export interface GoUrl {
  readonly scheme: string
  readonly host: string
  readonly hostname: string
  readonly port: string
  /** As it is written in a URL. */
  readonly path: string
  /** What comes after the question mark. */
  readonly query: string
  /** All of it, as it is printed. */
  readonly text: string
}

export type UrlRead = { readonly kind: 'read'; readonly url: GoUrl } | { readonly kind: 'refused'; readonly problem: string }

class Refusal extends Error {}

const refuse = (problem: string): never => {
  throw new Refusal(problem)
}

/** As `url.ParseRequestURI` says whether it is one, and `url.Parse` reads it. */
export function readUrl(text: string): UrlRead {
  try {
    split(text, true)
    const hash = text.indexOf('#')
    const { scheme, authority, rest, query } = split(hash < 0 ? text : text.slice(0, hash), false)
    const host = authority === undefined ? '' : hostOf(authority)
    const { hostname, port } = hostPort(host)
    return { kind: 'read', url: { scheme, host, hostname, port, path: rest === undefined ? '' : escapedPath(rest), query, text: `${scheme}${text.slice(scheme.length)}` } }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { kind: 'refused', problem: `parse ${goQuote(text)}: ${error.message}` }
  }
}

/** Values of each key, in order. */
export function queryOf({ query }: GoUrl): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue
    const [key = '', ...more] = part.split('=')
    const [name, value] = [unescaped(key), unescaped(more.join('='))]
    if (name === undefined || value === undefined) continue
    const known = values.get(name)
    if (known) known.push(value)
    else values.set(name, [value])
  }
  return values
}

function unescaped(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  return decoded(text.replaceAll('+', ' '))
}

/** Bytes need not be characters. */
const decoded = (text: string): string => text.replace(/(?:%[0-9a-fA-F]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())

interface Split {
  readonly scheme: string
  readonly authority: string | undefined
  /** The path; not of those that have none, as `mailto:a@b`. */
  readonly rest: string | undefined
  readonly query: string
}

function split(text: string, isRequest: boolean): Split {
  // eslint-disable-next-line no-control-regex -- those are what is refused
  if (/[\u0000-\u0020\u007f]/.test(text.replaceAll(' ', ''))) refuse('net/url: invalid control character in URL')
  if (text === '' && isRequest) refuse('empty url')
  const { scheme, after } = schemeOf(text)
  const mark = after.indexOf('?')
  const [whole, query] = mark < 0 ? [after, ''] : [after.slice(0, mark), after.slice(mark + 1)]
  if (text === '*') return { scheme, authority: undefined, rest: '*', query }
  if (!whole.startsWith('/')) {
    if (scheme !== '') return { scheme, authority: undefined, rest: undefined, query }
    if (isRequest) refuse('invalid URI for request')
  }
  const hasAuthority = whole.startsWith('//') && (scheme !== '' || (!isRequest && !whole.startsWith('///')))
  const slash = hasAuthority ? whole.indexOf('/', 2) : 0
  const end = slash < 0 ? whole.length : slash
  const parts = { scheme, authority: hasAuthority ? whole.slice(2, end) : undefined, rest: whole.slice(end), query }
  if (parts.authority !== undefined) hostOf(parts.authority)
  checkEscapes(parts.rest)
  return parts
}

function schemeOf(text: string): { readonly scheme: string; readonly after: string } {
  if (text.startsWith(':')) refuse('missing protocol scheme')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]
  return scheme === undefined ? { scheme: '', after: text } : { scheme: scheme.toLowerCase(), after: text.slice(scheme.length + 1) }
}

function checkEscapes(text: string): void {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text)
  if (wrong) refuse(`invalid URL escape ${goQuote(wrong[0])}`)
}

function hostOf(authority: string): string {
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const colon = host.startsWith('[') ? host.lastIndexOf(']') + 1 : host.lastIndexOf(':')
  if (host.startsWith('[') && colon === 0) refuse("missing ']' in host")
  const port = colon < 0 ? '' : host.slice(colon)
  if (!isPort(port)) refuse(`invalid port ${goQuote(port)} after host`)
  checkEscapes(host)
  const strange = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host)
  if (strange) refuse(`invalid character ${goQuote(strange[0])} in host name`)
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) refuse('net/url: invalid userinfo')
  return decoded(host)
}

const isPort = (text: string): boolean => /^(?::\d*)?$/.test(text)

function hostPort(host: string): { readonly hostname: string; readonly port: string } {
  const colon = host.lastIndexOf(':')
  const hasPort = colon >= 0 && isPort(host.slice(colon))
  const name = hasPort ? host.slice(0, colon) : host
  return { hostname: name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name, port: hasPort ? host.slice(colon + 1) : '' }
}

/** As it was written, if it may be written so. */
function escapedPath(path: string): string {
  if (/^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]%/]*$/.test(path)) return path
  return decoded(path).replace(/[^A-Za-z0-9\-_.~$&+,/:;=@]+/g, (part) => Buffer.from(part).toString('hex').toUpperCase().replace(/../g, '%$&'))
}
