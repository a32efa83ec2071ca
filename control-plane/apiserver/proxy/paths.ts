/** How a proxy request names its target, and what becomes of its path (`k8s.io/apimachinery/pkg/util/net`). PURE. */

export interface NamedTarget {
  readonly scheme: 'http' | 'https'
  readonly name: string
  /** A number or a name; empty if none is given. */
  readonly port: string
}

/** `name`, `name:port` or `scheme:name:port`; `undefined` for anything else. */
export function parseTargetName(id: string): NamedTarget | undefined {
  const parts = id.split(':')
  if (parts.length > 3) return undefined
  const [scheme, name, port] = parts.length === 3 ? parts : ['', ...parts]
  if (!name || (scheme !== '' && scheme !== 'http' && scheme !== 'https')) return undefined
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port: port ?? '' }
}

/** The path as the target gets it: cleaned as Go's `path.Join` does, a slash at the end kept. Empty when the request ends with `proxy`. */
export function targetPath(requestPath: string, rest: string): string {
  const ends = requestPath.endsWith('/')
  const clean = cleanPath(rest)
  if (clean === '') return ends ? '/' : ''
  return ends && !clean.endsWith('/') ? `${clean}/` : clean
}

function cleanPath(rest: string): string {
  const kept: string[] = []
  for (const part of rest.split('/')) {
    if (part === '..') kept.pop()
    else if (part !== '' && part !== '.') kept.push(part)
  }
  return kept.length === 0 ? '' : `/${kept.join('/')}`
}

/** What comes before the target's own path in the address of the request: the prefix of every link into the target. */
export const prefixOf = (requestPath: string, path: string): string => (requestPath.endsWith(path) ? requestPath.slice(0, requestPath.length - path.length) : requestPath)

/** Stands in a path as it is, by Go's rules. */
const PLAIN = /[A-Za-z0-9\-_.~$&+,/:;=@]/

/** A decoded path, escaped as Go escapes it. */
export const escapePath = (path: string): string =>
  [...new TextEncoder().encode(path)].map((byte) => (byte < 0x80 && PLAIN.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('')
