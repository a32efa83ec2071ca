/** Links of a proxied server, bent so that a browser stays behind the proxy (`k8s.io/apimachinery/pkg/util/proxy`). PURE. */

export interface LinkRewriting {
  /** `/api/v1/namespaces/x/pods/p/proxy` */
  readonly prefix: string
  /** Of the target, as `host:port`. */
  readonly targetHost: string
  /** As the client called us: the Host header. */
  readonly requestHost: string
}

/** scheme, authority, path, query and fragment (RFC 3986, appendix B). */
const PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s

/** A link to another host, and one relative to its page, stays; one to the server itself gets the prefix and loses its host. */
export function rewriteUrl(url: string, { prefix, targetHost, requestHost }: LinkRewriting): string {
  const [, scheme, host = '', path = '', rest = ''] = PARTS.exec(url) ?? []
  const isElsewhere = host !== '' && host !== targetHost && host !== requestHost
  if (isElsewhere || !path.startsWith('/') || (scheme !== undefined && host === '')) return url
  return path.startsWith(prefix) ? `${path}${rest}` : `${prefix}${joined(path)}${rest}`
}

/** As `path.Join` leaves it, with its last slash. */
function joined(path: string): string {
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') kept.pop()
    else if (part !== '' && part !== '.') kept.push(part)
  }
  return `${kept.map((part) => `/${part}`).join('')}${path.endsWith('/') ? '/' : ''}`
}
