import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { servedKinds } from '../../registry/registry.ts'
import type { ApiRequest } from '../request.ts'
import { makeHere, plainVersion } from './making.ts'
import { createOpenApi, makeInThread, type OpenApi } from './openapi.ts'
import { discoveredGroups } from '../discovery/groups.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

async function ask(openapi: OpenApi, target: string, headers: ApiRequest['headers'] = { accept: '*/*' }): Promise<Answer> {
  const [path = '', query = ''] = target.split('?')
  const answer = await openapi({ method: 'GET', path, query: new URLSearchParams(query), headers, body: new Uint8Array(), user: { name: '', uid: '', groups: [], extra: {} }, remoteAddress: '', signal: new AbortController().signal })
  if (answer.kind !== 'body') throw new Error(answer.kind)
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(answer.body) }
}

const json = ({ bytes }: Answer): JsonObject => JSON.parse(bytes.toString()) as JsonObject
const at = (object: unknown, ...path: readonly string[]): unknown => path.reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], object)

const example = servedKinds.find(({ plural }) => plural === 'configmaps')
const widget = { ...example, group: 'example.com', kind: 'Widget', plural: 'widgets', singular: 'widget', schema: 'com.example.v1.Widget', custom: { listKind: 'WidgetList', terminating: false, schema: { type: 'object', description: 'A widget.', properties: { spec: { type: 'object', properties: { port: { 'x-kubernetes-int-or-string': true }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } } } } } } } } as unknown as KindDefinition

test('types and fields are described, also those that only refer to another type', async () => {
  const openapi = createOpenApi({ kinds: () => servedKinds })
  const schemas = at(json(await ask(openapi, '/openapi/v3/api/v1')), 'components', 'schemas')
  expect(at(schemas, 'io.k8s.api.core.v1.Pod', 'description')).toMatch(/^Pod is a collection of containers/)
  expect(at(schemas, 'io.k8s.api.core.v1.PodSpec', 'properties', 'containers', 'description')).toMatch(/^List of containers belonging to the pod/)
  expect(at(schemas, 'io.k8s.api.core.v1.Container', 'properties', 'lifecycle', 'description')).toMatch(/^Actions that the management system should take/)
  expect(at(schemas, 'io.k8s.api.core.v1.ConfigMap', 'properties', 'kind', 'description')).toMatch(/^Kind is a string value/)
  const definitions = at(json(await ask(openapi, '/openapi/v2')), 'definitions')
  expect(at(definitions, 'io.k8s.api.core.v1.Container', 'properties', 'lifecycle')).toMatchObject({ $ref: '#/definitions/io.k8s.api.core.v1.Lifecycle', description: expect.any(String) as string })
})

test('parameters are described, each with what it means to its request; the types of discovery too', async () => {
  const openapi = createOpenApi({ kinds: () => [...servedKinds, widget] })
  type Told = { readonly name: string; readonly description?: string; readonly parameters?: readonly Told[] }
  const meanings = (place: unknown): Readonly<Record<string, string | undefined>> => Object.fromEntries(((place as Told).parameters ?? []).map(({ name, description }) => [name, description]))
  const core = at(json(await ask(openapi, '/openapi/v3/api/v1')), 'paths')
  const pod = '/api/v1/namespaces/{namespace}/pods/{name}'
  expect(meanings(at(core, pod))).toEqual({ name: 'name of the Pod', namespace: 'object name and auth scope, such as for teams and projects', pretty: expect.stringMatching(/^If 'true', then the output is pretty printed\./) as string })
  expect(meanings(at(core, `${pod}/exec`))).toMatchObject({ name: 'name of the PodExecOptions', stdin: 'Redirect the standard input stream of the pod for this call. Defaults to false.' })
  expect(meanings(at(core, `${pod}/attach`))['stdin']).toBe('Stdin if true, redirects the standard input stream of the pod for this call. Defaults to false.')
  const paths = (at(core, '/api/v1/nodes/{name}/proxy/{path}', 'parameters') as readonly Told[]).filter(({ name }) => name === 'path')
  expect(paths.map(({ description }) => description)).toEqual(['path to the resource', 'Path is the URL path to use for the current proxy request to node.'])
  const fieldManager = (method: string): string | undefined => meanings(at(core, pod, method))['fieldManager']
  expect([fieldManager('put'), fieldManager('patch')].map((text) => text?.includes('This field is required for apply requests'))).toEqual([false, true])
  expect(meanings(at(core, '/api/v1/namespaces/{namespace}/pods', 'get'))['limit']).toMatch(/This field is not supported if watch is true\.\n\nThe server guarantees/)
  for (const path of ['/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1', '/openapi/v3/apis/example.com/v1', '/openapi/v2']) {
    const items = Object.values(at(json(await ask(openapi, path)), 'paths') as JsonObject).flatMap((item) => [item, ...Object.values(item as JsonObject)]) as unknown as readonly Told[]
    const silent = items.flatMap(({ parameters }) => parameters ?? []).filter(({ name, description }) => name !== 'body' && !description)
    expect([path, silent]).toEqual([path, []])
  }
  const schemas = at(json(await ask(openapi, '/openapi/v3/apis')), 'components', 'schemas')
  expect(at(schemas, 'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList', 'description')).toBe('APIGroupList is a list of APIGroup, to allow clients to discover the API at /apis.')
  expect(at(schemas, 'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup', 'properties', 'name', 'description')).toBe('name is the name of the group.')
})

test('kinds of the machinery belong to the core and to the group version that is told of; in the one document of all, to all', async () => {
  const openapi = createOpenApi({ kinds: () => [...servedKinds, widget] })
  const name = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent'
  const owners = async (path: string, ...place: readonly string[]): Promise<readonly string[]> => (at(json(await ask(openapi, path)), ...place, name, 'x-kubernetes-group-version-kind') as ReadonlyArray<{ readonly group: string; readonly version: string }>).map(({ group, version }) => `${group}/${version}`)
  expect(await owners('/openapi/v3/api/v1', 'components', 'schemas')).toEqual(['/v1'])
  expect(await owners('/openapi/v3/apis/autoscaling/v2', 'components', 'schemas')).toEqual(['/v1', 'autoscaling/v2'])
  expect((await owners('/openapi/v2', 'definitions')).length).toBeGreaterThan(15)
})

test('a document is named by its hash, kept, and sent as it is kept', async () => {
  const openapi = createOpenApi({ kinds: () => servedKinds })
  const url = at(json(await ask(openapi, '/openapi/v3')), 'paths', 'apis/apps/v1', 'serverRelativeURL') as string
  const plain = await ask(openapi, url)
  const packed = await ask(openapi, url, { accept: '*/*', 'accept-encoding': 'gzip' })
  expect([plain.status, plain.headers['cache-control'], packed.headers['content-encoding']]).toEqual([200, 'public, max-age=31536000, immutable', 'gzip'])
  expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true)
  expect((await ask(openapi, url, { accept: '*/*', 'if-none-match': plain.headers['etag'] })).status).toBe(304)
  const moved = await ask(openapi, '/openapi/v3/apis/apps/v1?hash=OLD')
  expect([moved.status, moved.headers['location']]).toEqual([301, url])
})

test('a definition makes its own document and no other; it goes with it', async () => {
  let kinds: readonly KindDefinition[] = servedKinds
  const made: string[] = []
  const openapi = createOpenApi({
    kinds: () => kinds,
    make(wanted) {
      made.push(...wanted.documents.map((one) => (one.kind === 'v3' ? (wanted.versions[one.index]?.groupVersion ?? '') : one.kind === 'root' ? one.name : one.kind)))
      return makeHere(wanted)
    },
  })
  await ask(openapi, '/openapi/v3')
  const before = made.length
  kinds = [...servedKinds, widget]
  await ask(openapi, '/openapi/v3')
  expect(made.slice(before)).toEqual(['example.com/v1'])
  const document = json(await ask(openapi, '/openapi/v3/apis/example.com/v1'))
  expect(document['info']).toEqual({ title: 'Kubernetes CRD Swagger', version: 'v0.1.0' })
  const schema = at(document, 'components', 'schemas', 'com.example.v1.Widget')
  expect(at(schema, 'description')).toBe('A widget.')
  expect(at(schema, 'properties', 'spec', 'properties', 'port', 'anyOf')).toEqual([{ type: 'integer' }, { type: 'string' }])
  const older = at(json(await ask(openapi, '/openapi/v2')), 'definitions', 'com.example.v1.Widget')
  expect(at(older, 'properties', 'spec', 'properties')).toEqual({ port: { 'x-kubernetes-int-or-string': true }, free: { 'x-kubernetes-preserve-unknown-fields': true } })
  kinds = servedKinds
  expect((await ask(openapi, '/openapi/v3/apis/example.com/v1')).status).toBe(404)
})

test('beside the group versions stand the lists of them, their groups, and the pages that are no API', async () => {
  const openapi = createOpenApi({ kinds: () => [...servedKinds, widget] })
  const listed = Object.keys(at(json(await ask(openapi, '/openapi/v3')), 'paths') as JsonObject)
  expect(listed).toEqual(listed.toSorted())
  expect(listed.filter((name) => !/\/v\d$/.test(name) && !name.startsWith('apis/'))).toEqual(['.well-known/openid-configuration', 'api', 'apis', 'openid/v1/jwks', 'version'])
  expect(listed.filter((name) => name.includes('apps') || name.includes('example.com'))).toEqual(['apis/apps', 'apis/apps/v1', 'apis/example.com/v1'])
  const group = json(await ask(openapi, '/openapi/v3/apis/rbac.authorization.k8s.io'))
  expect(group['info']).toEqual({ title: 'Kubernetes', version: 'unversioned' })
  expect(at(group, 'paths', '/apis/rbac.authorization.k8s.io/', 'get')).toMatchObject({ operationId: 'getRbacAuthorizationAPIGroup', tags: ['rbacAuthorization'], description: 'get information of a group', responses: { 401: {} } })
  expect(Object.keys(at(group, 'components', 'schemas') as JsonObject)).toEqual(['APIGroup', 'GroupVersionForDiscovery', 'ServerAddressByClientCIDR'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`))
  expect(Object.keys(at(json(await ask(openapi, '/openapi/v3/version')), 'paths', '/version/', 'get', 'responses', '200', 'content') as JsonObject)).toEqual(['application/json'])
  expect(at(json(await ask(openapi, '/openapi/v3/openid/v1/jwks')), 'components', 'schemas')).toBeUndefined()
  const whole = json(await ask(openapi, '/openapi/v2'))
  expect(at(whole, 'paths', '/apis/apps/', 'get')).toMatchObject({ operationId: 'getAppsAPIGroup', responses: { 200: { schema: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup' } } } })
  expect(at(whole, 'definitions', 'io.k8s.apimachinery.pkg.version.Info', 'type')).toBe('object')
})

test('who takes neither JSON nor protobuf gets nothing', async () => {
  const openapi = createOpenApi({ kinds: () => servedKinds })
  for (const path of ['/openapi/v2', '/openapi/v3/version']) {
    const answer = await ask(openapi, path, { accept: 'text/html' })
    expect([path, answer.status, answer.bytes.length]).toEqual([path, 406, 0])
  }
  expect((await ask(openapi, '/openapi/v3', { accept: 'text/html' })).status).toBe(200)
})

test('protobuf is sent to who asks for it, by its name or the one before, and is known by the hash of the JSON', async () => {
  let kinds: readonly KindDefinition[] = [...servedKinds, widget]
  const openapi = createOpenApi({ kinds: () => kinds })
  const type = (version: string): string => `application/com.github.proto-openapi.spec.${version}.v1.0+protobuf`
  const accepts = (version: string): readonly string[] => [type(version), `application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`, `${type(version)}, application/json;q=0.5`]
  for (const [path, version] of [['/openapi/v3/apis/apps/v1', 'v3'], ['/openapi/v3/apis/example.com/v1', 'v3'], ['/openapi/v3/version', 'v3'], ['/openapi/v2', 'v2']] as const) {
    const asJson = await ask(openapi, path)
    for (const accept of accepts(version)) {
      const answer = await ask(openapi, path, { accept })
      expect([path, accept, answer.status, answer.headers['content-type'], answer.headers['etag'], answer.headers['vary']]).toEqual([path, accept, 200, type(version), asJson.headers['etag'], 'Accept, Accept-Encoding'])
      expect(answer.bytes[0], 'the first field is a text').toBe(0x0a)
    }
    expect((await ask(openapi, path, { accept: `application/json, ${type(version)};q=0.9` })).bytes.equals(asJson.bytes)).toBe(true)
    expect((await ask(openapi, path, { accept: type(version === 'v2' ? 'v3' : 'v2') })).status).toBe(406)
  }
  const headers = { accept: type('v3') }
  const before = await ask(openapi, '/openapi/v3/apis/example.com/v1', headers)
  const url = at(json(await ask(openapi, '/openapi/v3')), 'paths', 'apis/example.com/v1', 'serverRelativeURL') as string
  expect(`"${new URL(url, 'http://a').searchParams.get('hash')}"`).toBe(before.headers['etag'])
  expect((await ask(openapi, url, headers)).headers['cache-control']).toBe('public, max-age=31536000, immutable')
  kinds = [...servedKinds, { ...widget, custom: { ...widget.custom, schema: { type: 'object', description: 'Another.' } } } as unknown as KindDefinition]
  const after = await ask(openapi, '/openapi/v3/apis/example.com/v1', headers)
  expect([after.bytes.includes('Another.'), after.headers['etag'] === before.headers['etag']]).toEqual([true, false])
  expect((await ask(openapi, url, headers)).status).toBe(301)
  kinds = servedKinds
  expect((await ask(openapi, '/openapi/v3/apis/example.com/v1', headers)).status).toBe(404)
})

test('a thread of its own makes the same', async () => {
  const versions = discoveredGroups(servedKinds).flatMap((group) => group.versions).map(plainVersion)
  const wanted = { versions, documents: [{ kind: 'v3', index: 0 }, { kind: 'v2', form: 'protobuf' }] } as const
  const [here, there] = await Promise.all([makeHere(wanted), makeInThread(wanted)])
  expect(there.map(({ hash }) => hash)).toEqual(here.map(({ hash }) => hash))
})

test('what failed is made anew', async () => {
  let tries = 0
  const openapi = createOpenApi({ kinds: () => servedKinds, make: (wanted) => (++tries === 1 ? Promise.reject(new Error('no')) : makeHere(wanted)) })
  await expect(ask(openapi, '/openapi/v3/api/v1')).rejects.toThrow('no')
  expect((await ask(openapi, '/openapi/v3/api/v1')).status).toBe(200)
})
