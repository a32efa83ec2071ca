/** What a path and a method ask for, before anything is looked up (`k8s.io/apiserver/pkg/endpoints/request`). PURE. */

export interface ResourcePath {
  readonly kind: 'resource'
  readonly group: string
  readonly version: string
  readonly plural: string
  /** Empty: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  /** What follows the subresource (`proxy/some/path`). */
  readonly rest: string
  /** The deprecated `/api/v1/watch/…` form. */
  readonly watchPrefix: boolean
}

export type RequestPath =
  | ResourcePath
  /** Discovery, health, version, OpenAPI: paths that name no resource. */
  | { readonly kind: 'other'; readonly path: string }
  /** Looks like a resource's path but has an empty part in it. */
  | { readonly kind: 'malformed' }

/** Subresources of a namespace itself: `/api/v1/namespaces/NAME/<one of these>` is not a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

export function parsePath(path: string): RequestPath {
  const other = { kind: 'other', path } as const
  const [lead, ...segments] = path.split('/')
  if (lead !== '' || segments[0] === '') return other
  if (segments.length > 1 && segments.at(-1) === '') segments.pop()
  const legacy = segments[0] === 'api'
  if (!legacy && segments[0] !== 'apis') return other
  const depth = legacy ? 2 : 3
  if (segments.length <= depth) return other
  const group = legacy ? '' : (segments[1] ?? '')
  const version = segments[depth - 1] ?? ''
  const parts = segments.slice(depth)
  if (parts.includes('')) return { kind: 'malformed' }
  const watchPrefix = parts[0] === 'watch' && parts.length > 1
  return { kind: 'resource', group, version, watchPrefix, ...targetOf(watchPrefix ? parts.slice(1) : parts) }
}

type Target = Pick<ResourcePath, 'plural' | 'namespace' | 'name' | 'subresource' | 'rest'>

function targetOf(parts: readonly string[]): Target {
  const [first = '', second = '', third = ''] = parts
  const inNamespace = first === 'namespaces' && parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(third)
  const [plural = '', name = '', subresource = '', ...rest] = inNamespace ? parts.slice(2) : parts
  return { plural, namespace: inNamespace ? second : '', name, subresource, rest: rest.join('/') }
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** The verb of a request on a resource, as authorization and audit name it; `undefined` for methods that have none. */
export function verbOf(method: string, path: Pick<ResourcePath, 'name' | 'watchPrefix'>, wantsWatch: boolean): Verb | undefined {
  switch (method) {
    case 'GET':
      if (path.watchPrefix) return 'watch'
      if (path.name !== '') return 'get'
      return wantsWatch ? 'watch' : 'list'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return path.name === '' ? 'deletecollection' : 'delete'
    default:
      return undefined
  }
}
