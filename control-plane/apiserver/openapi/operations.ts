/** Every operation that the registered kinds offer, in a form that both versions of OpenAPI are written from. PURE. */
import { refName, schemaOfKind, type Schema } from '../../../shared/model/schemas/schema.ts'
import type { DiscoveredKind, DiscoveredVersion } from '../discovery/groups.ts'
import type { SchemaLookup } from './custom-schemas.ts'
import { capital, operationPrefix, rootOf } from './names.ts'
import { isCustom } from './kinds.ts'
import { ACTION_PARAMETERS, CONNECT_PARAMETERS, LOG_PARAMETERS, type Parameter } from './parameters.ts'

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch'

export interface Operation {
  readonly path: string
  readonly method: Method
  readonly id: string
  /** `x-kubernetes-action`; absent for discovery. */
  readonly action?: string
  readonly gvk?: { readonly group: string; readonly version: string; readonly kind: string }
  readonly parameters: readonly Parameter[]
  /** Full schema name of the body. */
  readonly body?: string
  readonly bodyRequired?: boolean
  /** Full schema name by status; `''`: plain text. */
  readonly responses: Readonly<Record<string, string>>
  /** Whether the answer may also be a stream of events. */
  readonly streams?: boolean
  /** Of what is not about objects. */
  readonly description?: string
  /** In which the answer comes, where those are not all that objects come in. */
  readonly types?: readonly string[]
  /** The kind whose subresource it is about. */
  readonly parent?: string
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
export const PATCH_SCHEMA = `${META}.Patch`
const STATUS_SCHEMA = `${META}.Status`
const DELETE_OPTIONS_SCHEMA = `${META}.DeleteOptions`

interface Context {
  readonly kind: DiscoveredKind
  readonly prefix: string
  /** `Namespaced` or nothing. */
  readonly scope: string
  /** `/api/v1/namespaces/{namespace}/pods` */
  readonly collection: string
  readonly gvk: { readonly group: string; readonly version: string; readonly kind: string }
}

export function operationsOf(version: DiscoveredVersion): readonly Operation[] {
  const prefix = operationPrefix(version.group, version.version)
  const discovery: Operation = { path: `${rootOf(version)}/`, method: 'get', id: `get${prefix}APIResources`, parameters: [], responses: { 200: `${META}.APIResourceList` } }
  return [...(isCustom(version) ? [] : [discovery]), ...version.kinds.flatMap((kind) => kindOperations(contextOf(kind, prefix)))]
}

function contextOf(kind: DiscoveredKind, prefix: string): Context {
  const within = kind.namespaced ? '/namespaces/{namespace}' : ''
  return { kind, prefix, scope: kind.namespaced ? 'Namespaced' : '', collection: `${rootOf(kind)}${within}/${kind.plural}`, gvk: { group: kind.group, version: kind.version, kind: kind.kind } }
}

const kindOperations = (context: Context): readonly Operation[] => [
  ...collectionOperations(context),
  ...objectOperations(context),
  ...watchOperations(context),
  ...context.kind.subresources.flatMap((subresource) => subresourceOperations(context, subresource).map((operation) => ({ ...operation, parent: context.kind.kind }))),
]

const deleteAnswer = (kind: DiscoveredKind): string => (kind.deleteAnswers === 'object' ? kind.schema : STATUS_SCHEMA)

function collectionOperations({ kind, prefix, scope, collection, gvk }: Context): readonly Operation[] {
  const verbs = new Set(kind.verbs)
  const list = (path: string, id: string): Operation => ({ path, method: 'get', id, action: 'list', gvk, parameters: ACTION_PARAMETERS.list, responses: { 200: `${kind.schema}List` }, streams: verbs.has('watch') })
  return [
    ...(verbs.has('list') ? [list(collection, `list${prefix}${scope}${kind.kind}`)] : []),
    ...(verbs.has('list') && kind.namespaced ? [list(`${rootOf(kind)}/${kind.plural}`, `list${prefix}${kind.kind}ForAllNamespaces`)] : []),
    ...(verbs.has('create')
      ? [{ path: collection, method: 'post' as const, id: `create${prefix}${scope}${kind.kind}`, action: 'post', gvk, parameters: ACTION_PARAMETERS.post, body: kind.schema, bodyRequired: true, responses: { 200: kind.schema, 201: kind.schema, 202: kind.schema } }]
      : []),
    ...(verbs.has('deletecollection')
      ? [{ path: collection, method: 'delete' as const, id: `delete${prefix}Collection${scope}${kind.kind}`, action: 'deletecollection', gvk, parameters: ACTION_PARAMETERS.deletecollection, body: DELETE_OPTIONS_SCHEMA, responses: { 200: STATUS_SCHEMA } }]
      : []),
  ]
}

interface Readable {
  readonly path: string
  readonly verbs: ReadonlySet<string>
  readonly schema: string
  readonly gvk: Context['gvk']
  /** `CoreV1NamespacedPodStatus` */
  readonly name: string
}

/** get, update, patch: of objects and of subresources that are a part of one. */
function readWriteOperations({ path, verbs, schema, gvk, name }: Readable): readonly Operation[] {
  return [
    ...(verbs.has('get') ? [{ path, method: 'get' as const, id: `read${name}`, action: 'get', gvk, parameters: ACTION_PARAMETERS.get, responses: { 200: schema } }] : []),
    ...(verbs.has('update') ? [{ path, method: 'put' as const, id: `replace${name}`, action: 'put', gvk, parameters: ACTION_PARAMETERS.put, body: schema, bodyRequired: true, responses: { 200: schema, 201: schema } }] : []),
    ...(verbs.has('patch') ? [{ path, method: 'patch' as const, id: `patch${name}`, action: 'patch', gvk, parameters: ACTION_PARAMETERS.patch, body: PATCH_SCHEMA, bodyRequired: true, responses: { 200: schema, 201: schema } }] : []),
  ]
}

function objectOperations({ kind, prefix, scope, collection, gvk }: Context): readonly Operation[] {
  const verbs = new Set(kind.verbs)
  const path = `${collection}/{name}`
  const name = `${prefix}${scope}${kind.kind}`
  const answer = deleteAnswer(kind)
  const remove: Operation = { path, method: 'delete', id: `delete${name}`, action: 'delete', gvk, parameters: ACTION_PARAMETERS.delete, body: DELETE_OPTIONS_SCHEMA, responses: { 200: answer, 202: answer } }
  return [...readWriteOperations({ path, verbs, schema: kind.schema, gvk, name }), ...(verbs.has('delete') ? [remove] : [])]
}

function watchOperations({ kind, prefix, scope, gvk }: Context): readonly Operation[] {
  if (!kind.verbs.includes('watch') || kind.custom) return []
  const root = `${rootOf(kind)}/watch`
  const collection = `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`
  const watch = (path: string, id: string, action: string): Operation => ({ path, method: 'get', id, action, gvk, parameters: ACTION_PARAMETERS.list, responses: { 200: `${META}.WatchEvent` }, streams: true })
  return [
    watch(collection, `watch${prefix}${scope}${kind.kind}List`, 'watchlist'),
    watch(`${collection}/{name}`, `watch${prefix}${scope}${kind.kind}`, 'watch'),
    ...(kind.namespaced ? [watch(`${root}/${kind.plural}`, `watch${prefix}${kind.kind}ListForAllNamespaces`, 'watchlist')] : []),
  ]
}

type Subresource = DiscoveredKind['subresources'][number]

function subresourceOperations(context: Context, subresource: Subresource): readonly Operation[] {
  const { kind, prefix, scope, collection } = context
  const path = `${collection}/{name}/${subresource.name}`
  const gvk = { group: subresource.group ?? kind.group, version: subresource.version ?? kind.version, kind: subresource.kind ?? kind.kind }
  const name = `${prefix}${scope}${kind.kind}${capital(subresource.name)}`
  const connected = CONNECT_PARAMETERS[gvk.kind]
  if (connected) return connectOperations({ context, subresource, path, gvk, parameters: connected })
  if (subresource.name === 'log') return [{ path, method: 'get', id: `read${name}`, action: 'get', gvk, parameters: LOG_PARAMETERS, responses: { 200: '' } }]
  const schema = schemaOfKind(gvk.group === '' ? gvk.version : `${gvk.group}/${gvk.version}`, gvk.kind) ?? kind.schema
  const verbs = new Set(subresource.verbs)
  const create: Operation = { path, method: 'post', id: `create${name}`, action: 'post', gvk, parameters: ACTION_PARAMETERS.post, body: schema, bodyRequired: true, responses: { 200: schema, 201: schema, 202: schema } }
  return [...readWriteOperations({ path, verbs, schema, gvk, name }), ...(verbs.has('create') ? [create] : [])]
}

const CONNECT_METHODS: ReadonlyArray<readonly [string, Method]> = [
  ['get', 'get'],
  ['create', 'post'],
  ['update', 'put'],
  ['patch', 'patch'],
  ['delete', 'delete'],
]

interface Connect {
  readonly context: Context
  readonly subresource: Subresource
  readonly path: string
  readonly gvk: Context['gvk']
  readonly parameters: readonly Parameter[]
}

function connectOperations({ context, subresource, path, gvk, parameters }: Connect): readonly Operation[] {
  const { kind, prefix, scope } = context
  const one = (at: string, method: Method, suffix: string): Operation => ({
    path: at,
    method,
    id: `connect${prefix}${capital(method)}${scope}${kind.kind}${capital(subresource.name)}${suffix}`,
    action: 'connect',
    gvk,
    parameters,
    responses: { 200: '' },
  })
  const methods: readonly Method[] = [...CONNECT_METHODS.filter(([verb]) => subresource.verbs.includes(verb)).map(([, method]) => method), ...(subresource.name === 'proxy' ? (['options', 'head'] as const) : [])]
  return methods.flatMap((method) => [one(path, method, ''), ...(subresource.name === 'proxy' ? [one(`${path}/{path}`, method, 'WithPath')] : [])])
}

/** The schemas that the operations name, and all that those name. */
export function schemaNames(operations: readonly Operation[], find: SchemaLookup): readonly string[] {
  const found = new Set<string>()
  const waiting = operations.flatMap((operation) => [operation.body ?? '', ...Object.values(operation.responses)]).filter((name) => name !== '')
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const schema = found.has(name) ? undefined : find(name)
    if (!schema) continue
    found.add(name)
    waiting.push(...referencesOf(schema))
  }
  return [...found].toSorted()
}

function referencesOf(schema: Schema | undefined): readonly string[] {
  if (!schema) return []
  const name = refName(schema)
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : []), ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [])]
  return [...(name === undefined ? [] : [name]), ...inner.flatMap(referencesOf)]
}
