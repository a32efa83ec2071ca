/** Which representations a route has to offer, and which of them a request gets. PURE. */
import { MEDIA, negotiate, plainJson, type Representation } from '../representations/negotiate.ts'
import type { ApiRequest } from '../request.ts'
import type { Route } from './route.ts'

/** Whoever connects is answered by what is connected to, in whatever form that has. */
const CONNECTED = new Set(['attach', 'exec', 'portforward', 'proxy'])
const LOG_MEDIA = ['text/plain', ...MEDIA]

/** Throws a 406. */
export function representationFor({ headers, method, query }: ApiRequest, route: Route): Representation {
  const { store, path, subresource } = route
  if (subresource && CONNECTED.has(subresource.name)) return plainJson
  return negotiate({
    accept: headers['accept'],
    userAgent: headers['user-agent'],
    query,
    streams: method === 'GET' && (path.name === '' || path.watchPrefix),
    custom: store.definition.custom !== undefined,
    tables: hasTables(route),
    // Kubernetes' router knows of the text that a log is; what answers then knows of objects only.
    routed: subresource?.name === 'log' ? LOG_MEDIA : MEDIA,
  })
}

/** What is only asked (reviews, bindings, tokens) has no columns, nor has a part of an object that is no view of the whole. */
function hasTables({ store: { definition }, subresource }: Route): boolean {
  if (subresource) return subresource.behaviour.kind === 'status' || subresource.behaviour.kind === 'scale'
  return definition.stored !== false || definition.verbs.includes('get')
}
