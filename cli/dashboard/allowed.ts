/** What the console's server answers, and what it refuses: decided before the cluster hears of it. */

export interface Asked {
  readonly method: string
  /** Path with query, as it came. */
  readonly url: string
  readonly host: string | undefined
  /** `Sec-Fetch-Site`: which site a browser asks for; other programs do not say. */
  readonly site: string | undefined
}

export type Decision = { readonly kind: 'page' } | { readonly kind: 'proxy'; readonly path: string } | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 405; readonly message: string }

const refused = (status: 400 | 403 | 404 | 405, message: string): Decision => ({ kind: 'refused', status, message })

/** A name that somebody else's DNS leads to this host would make their page one of ours: only this host's own names are answered. */
export const isOwnHost = (host: string | undefined): boolean => /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/i.test(host ?? '')

const OPEN = /^\/(?:api|apis|gantry|version)(?:\/|$)/
/** A GET that does something, or that brings a pod's own pages under this origin. */
const CONNECTS = /^\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/(?:proxy|exec|attach|portforward)(?:\/|$)/

export function decide({ method, url, host, site }: Asked): Decision {
  if (!isOwnHost(host)) return refused(403, 'ask for 127.0.0.1 or localhost')
  if (method !== 'GET') return refused(405, 'only GET is answered: nothing is changed from here')
  const base = 'http://127.0.0.1'
  if (!url.startsWith('/') || !URL.canParse(base + url)) return refused(400, 'this is no path')
  const { pathname, search } = new URL(base + url)
  if (pathname === '/') return { kind: 'page' }
  // Between encoded slashes the cluster may read other segments than are looked at here.
  if (/%(?:2f|5c|25|00)/i.test(pathname)) return refused(400, 'this path has encoded slashes in it')
  const path = decoded(pathname)
  if (path === undefined) return refused(400, 'this path is not encoded as it should be')
  if (!OPEN.test(path)) return refused(404, 'there is nothing here')
  if (CONNECTS.test(path)) return refused(403, 'connections into pods are not made from here')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return refused(403, 'another site asks')
  return { kind: 'proxy', path: pathname + search }
}

function decoded(path: string): string | undefined {
  try {
    // Several slashes may be read as one.
    return decodeURIComponent(path).replace(/\/{2,}/g, '/')
  } catch {
    return undefined
  }
}
