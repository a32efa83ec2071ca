/** Which resource and verb a request is about, or why there is none. */
import { findSubresource, type ResourceStore, type Resources } from '../core/resources.ts'
import { verbOf, type ResourcePath, type Verb } from '../core/request-info.ts'
import { wantsWatch } from '../options/list-options.ts'
import type { Subresource } from '../../registry/kind.ts'
import type { ApiRequest } from '../request.ts'
import { badRequest, methodNotAllowed, notFound, notSupportedOn, unknownResource } from '../status.ts'

export interface Route {
  readonly store: ResourceStore
  readonly path: ResourcePath
  readonly verb: Verb
  readonly subresource: Subresource | undefined
}

/** `unknown-group`: answered as a path that nobody serves. */
export type Found = { readonly kind: 'route'; readonly route: Route } | { readonly kind: 'unknown-group' }

/** Throws a 404 or a 405. */
export function findRoute(resources: Resources, request: ApiRequest, path: ResourcePath): Found {
  if (!resources.hasGroup(path.group)) return { kind: 'unknown-group' }
  const bindings = bindingsOf(resources, request, path)
  if (bindings) return { kind: 'route', route: bindings }
  const store = resources.find(path.group, path.version, path.plural)
  if (!store || !fits(store, path)) {
    if (store?.definition.custom || resources.isCustomGroup?.(path.group)) return { kind: 'unknown-group' }
    throw unknownResource()
  }
  const subresource = path.subresource === '' ? undefined : findSubresource(store.definition, path.subresource)
  if (path.subresource !== '' && !subresource) throw store.definition.custom ? notFound(store.resource, path.name) : unknownResource()
  if (path.rest !== '' && path.subresource !== 'proxy') throw unknownResource()
  const verb = wantedVerb(store, path, request)
  if (verb && !subresource && store.definition.custom) {
    const found = customRoute({ store, path, verb, subresource })
    if (found) return found
  }
  if (!verb || !isOffered({ store, path, verb, subresource })) {
    const { verbs } = store.definition
    if (verb === 'watch' && !path.watchPrefix && verbs.includes('list')) throw notSupportedOn(store.resource, 'watch')
    // Of custom resources one handler knows all methods.
    throw store.definition.custom ? notSupportedOn(store.resource, verb ?? '') : methodNotAllowed()
  }
  return { kind: 'route', route: { store, path, verb, subresource } }
}

function wantedVerb({ definition }: ResourceStore, path: ResourcePath, { method, query }: ApiRequest): Verb | undefined {
  // Custom resources have no routes for methods: one handler goes by the verb that authorization saw.
  if (definition.custom) return verbOf(method === 'HEAD' || path.watchPrefix ? 'GET' : method, path, wantsWatch(query))
  // Whatever is asked there is authorized as a watch, so nothing else may be done there.
  if (path.watchPrefix && method !== 'GET') throw methodNotAllowed()
  // What a proxy passes on may be asked with any method.
  return verbOf(method, path, wantsWatch(query)) ?? (path.subresource === 'proxy' ? 'get' : undefined)
}

/** What is asked of custom resources themselves is answered in ways of its own; `undefined`: in the usual one. */
function customRoute(route: Route): Found | undefined {
  const { store, path, verb } = route
  if (store.definition.namespaced && path.namespace === '' && verb !== 'list' && verb !== 'watch') return { kind: 'unknown-group' }
  if ((verb === 'update' || verb === 'patch') && path.name === '') throw badRequest('name must be provided')
  return verb === 'create' ? { kind: 'route', route } : undefined
}

/** `bindings` can only be created: each is the binding of the pod it names. */
function bindingsOf(resources: Resources, request: ApiRequest, path: ResourcePath): Route | undefined {
  if (path.group !== '' || path.plural !== 'bindings' || path.name !== '' || path.namespace === '' || path.watchPrefix) return undefined
  const store = resources.find('', path.version, 'pods')
  const subresource = store && findSubresource(store.definition, 'binding')
  if (!store || !subresource) return undefined
  if (request.method !== 'POST') throw methodNotAllowed()
  return { store, path, verb: 'create', subresource }
}

/** A namespaced object is named within its namespace only, a cluster-scoped one never; what is not stored has a name where it can be read by one. */
function fits({ definition }: ResourceStore, { namespace, name }: ResourcePath): boolean {
  if (definition.stored === false && !definition.verbs.includes('get')) return name === '' && definition.namespaced === (namespace !== '')
  if (!definition.namespaced) return namespace === ''
  return namespace !== '' || name === ''
}

function isOffered({ store, path, verb, subresource }: Route): boolean {
  const { definition } = store
  if (subresource) return subresource.verbs.includes(verb === 'deletecollection' ? 'delete' : verb)
  if (!definition.verbs.includes(verb)) return false
  // Across all namespaces one can only read.
  if (definition.namespaced && path.namespace === '') return verb === 'list' || verb === 'watch'
  if (verb === 'create') return path.name === ''
  if (verb === 'update' || verb === 'patch') return path.name !== ''
  return true
}
