/** Whole numbers that a double does not hold, through every door of the API: what is stored is what was sent, to the last digit. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { envelope, messageBytes } from '../apiserver/protobuf/testing.ts'
import { itemOfEntry } from '../apiserver/core/stored.ts'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'

const WIDGETS = '/apis/example.com/v1/namespaces/x/widgets'
const JSON_BODY = { 'content-type': 'application/json' }
const MERGE = { 'content-type': 'application/merge-patch+json' }
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }

const [JUST_BEYOND, LARGEST, SMALLEST] = ['9007199254740993', '9223372036854775807', '-9223372036854775808']

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const integer = { type: 'integer', format: 'int64' }
  const properties = {
    id: { ...integer, 'x-kubernetes-validations': [{ rule: 'self != 9007199254740992', message: 'not that one' }, { rule: 'self == oldSelf || self - oldSelf == 1 || self < 100', message: 'one more each time' }] },
    least: { ...integer, minimum: 0, maximum: 9007199254740992 },
    even: { ...integer, multipleOf: 2 },
    one: { ...integer, enum: [1, 'E'] },
    given: { ...integer, default: 'D' },
    share: { type: 'number', 'x-kubernetes-validations': [{ rule: 'self / 2.0 > 1.0' }] },
    ids: { type: 'array', items: integer, 'x-kubernetes-list-type': 'set' },
    entries: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: { type: 'object', required: ['id'], properties: { id: integer, v: { type: 'string' } } } },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    port: { 'x-kubernetes-int-or-string': true },
    replicas: integer,
  }
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
    additionalPrinterColumns: [{ name: 'Id', type: 'integer', jsonPath: '.spec.id' }, { name: 'Share', type: 'number', jsonPath: '.spec.share' }, { name: 'Text', type: 'string', jsonPath: '.spec.id' }, { name: 'Of', type: 'string', jsonPath: `.spec.entries[?(@.id==${JUST_BEYOND})].v` }],
    selectableFields: [{ jsonPath: '.spec.id' }],
    subresources: { scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
  }
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [version] } }
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const made = await send(`POST ${definitions}`, JSON.stringify(definition).replace('"D"', LARGEST).replace('"E"', JUST_BEYOND))
  expect(made.text).toContain(`"default":${LARGEST}`)
  expect(made.status, made.text).toBe(201)
  const conditions = ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True', reason: 'Tested', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }))
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' }
  expect((await send(`PATCH ${definitions}/widgets.example.com/status`, JSON.stringify({ status: { acceptedNames: names, conditions } }), MERGE)).status).toBe(200)
  for (let attempt = 0; (await server.sendBytes(`GET ${WIDGETS}`, new Uint8Array(), {})).status !== 200; attempt++) {
    expect(attempt).toBeLessThan(4_000)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
})
afterAll(() => server.stop())

const send = (line: string, body: string, headers: Readonly<Record<string, string>> = JSON_BODY): ReturnType<TestServer['sendBytes']> => server.sendBytes(line, new TextEncoder().encode(body), headers)
const read = async (line: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => (await server.sendBytes(`GET ${line}`, new Uint8Array(), headers)).text
const widget = (name: string, spec: string): string => `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":${spec}}`
const specOf = (text: string): string => /"spec":(\{.*\})\}\n?$/.exec(text)?.[1] ?? text

test('a custom resource: created, read, listed, watched, shown', async () => {
  const spec = `{"any":{"deep":[[${SMALLEST}],"${LARGEST}"]},"given":${LARGEST},"id":${JUST_BEYOND},"entries":[{"id":${JUST_BEYOND},"v":"this"},{"id":9007199254740992,"v":"that"}],"ids":[${SMALLEST},${LARGEST}],"share":${JUST_BEYOND}}`
  const watching = server.events(`GET ${WIDGETS}?watch=1`, 1, TABLE)
  const raw = await server.raw(`GET ${WIDGETS}?watch=1&resourceVersion=0`)
  const made = await send(`POST ${WIDGETS}`, widget('w', spec))
  expect(made.status, made.text).toBe(201)
  const wanted: unknown = JSON.parse(spec)
  expect(JSON.parse(specOf(made.text))).toEqual(wanted)
  for (const digits of spec.match(/-?\d{16,}/g) ?? []) expect(made.text).toContain(digits)
  const got = await read(`${WIDGETS}/w`)
  expect(specOf(got)).toBe(specOf(made.text))
  expect(await read(WIDGETS)).toContain(`"id":${JUST_BEYOND}`)
  expect(await read(`${WIDGETS}/w?pretty=1`)).toContain(`"id": ${JUST_BEYOND}`)
  expect(await read(`${WIDGETS}/w`, { accept: 'application/yaml' })).toContain(`  id: ${JUST_BEYOND}\n`)
  if (raw.kind !== 'stream') throw new Error('no stream')
  for await (const chunk of raw.chunks) {
    expect(String(chunk)).toContain(`"id":${JUST_BEYOND}`)
    break
  }
  expect(await read(WIDGETS, TABLE)).toMatch(new RegExp(`"cells":\\["w",${JUST_BEYOND},9007199254740992,"${JUST_BEYOND}","this"\\]`))
  expect((await watching)[0]).toMatchObject({ object: { kind: 'Table' } })
  expect(JSON.parse(await read(`${WIDGETS}?fieldSelector=spec.id%3D${JUST_BEYOND}`))).toMatchObject({ items: [{ metadata: { name: 'w' } }] })
  expect(JSON.parse(await read(`${WIDGETS}?fieldSelector=spec.id%3D9007199254740992`))).toMatchObject({ items: [] })
})

test.each<[string, string, string]>([
  ['as JSON', widget('NAME', `{"id":${JUST_BEYOND},"ids":[${LARGEST},1]}`), 'application/json'],
  ['as YAML', `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: NAME}\nspec:\n  id: ${JUST_BEYOND}\n  ids: [0x7fff_ffff_ffff_ffff, 1]\n`, 'application/yaml'],
  ['as YAML that is JSON', widget('NAME', `{"id":${JUST_BEYOND},"ids":[${LARGEST},1]}`), 'application/yaml'],
  ['with a key that stands twice', widget('NAME', `{"id":9007199254740992,"id":${JUST_BEYOND},"ids":[${LARGEST},1]}`), 'application/json'],
])('a body %s', async (how, body, type) => {
  const name = how.replaceAll(' ', '-').toLowerCase()
  const { text } = await send(`POST ${WIDGETS}`, body.replace('NAME', name), { 'content-type': type })
  expect(specOf(text)).toBe(`{"id":${JUST_BEYOND},"ids":[${LARGEST},1],"given":${LARGEST}}`)
})

test('every kind of patch, and a write that changes nothing', async () => {
  await send(`POST ${WIDGETS}`, widget('p', `{"id":${JUST_BEYOND},"entries":[{"id":${JUST_BEYOND}},{"id":1}]}`))
  const before = await read(`${WIDGETS}/p`)
  expect((await send(`PATCH ${WIDGETS}/p`, `{"spec":{"id":${JUST_BEYOND}}}`, MERGE)).text).toBe(before)
  expect((await send(`PUT ${WIDGETS}/p`, before)).text).toBe(before)
  const patched = await send(`PATCH ${WIDGETS}/p`, `[{"op":"test","path":"/spec/id","value":${JUST_BEYOND}},{"op":"replace","path":"/spec/id","value":9007199254740994},{"op":"copy","from":"/spec/id","path":"/spec/given"}]`, JSON_PATCH)
  expect(specOf(patched.text)).toContain(`"id":9007199254740994`)
  expect(specOf(patched.text)).toContain(`"given":9007199254740994`)
  expect(JSON.parse(patched.text)).toMatchObject({ metadata: { generation: 2 } })
  expect((await send(`PATCH ${WIDGETS}/p`, `[{"op":"test","path":"/spec/id","value":${JUST_BEYOND}}]`, JSON_PATCH)).status).toBe(422)
  expect((await send(`PATCH ${WIDGETS}/p`, `{"spec":{"given":${SMALLEST}}}`, MERGE)).text).toContain(`"given":${SMALLEST}`)
})

test('what is applied, by whom each entry is owned, and conflicts', async () => {
  const config = (digits: string): string => `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec:\n  given: ${digits}\n  ids: [${digits}]\n  entries: [{id: ${digits}, v: x}]\n`
  const path = (who: string): string => `PATCH ${WIDGETS}/a?fieldManager=${who}`
  const first = await send(path('one'), config(JUST_BEYOND), APPLY)
  expect(first.status, first.text).toBe(201)
  expect(first.text).toContain(`"k:{\\"id\\":${JUST_BEYOND}}"`)
  expect(first.text).toContain(`"v:${JUST_BEYOND}"`)
  expect((await send(path('one'), config(JUST_BEYOND), APPLY)).text).toBe(first.text)
  const other = await send(path('two'), config('9007199254740992'), APPLY)
  expect(JSON.parse(other.text)).toMatchObject({ code: 409, message: 'Apply failed with 1 conflict: conflict with "one": .spec.given' })
  const ownEntry = await send(path('two'), config(JUST_BEYOND).replace('v: x', 'v: other').replace(/ {2}(given|ids).*\n/g, ''), APPLY)
  expect(JSON.parse(ownEntry.text)).toMatchObject({ code: 409, message: `Apply failed with 1 conflict: conflict with "one": .spec.entries[id=${JUST_BEYOND}].v` })
  const both = await send(`${path('two')}&force=true`, config('9007199254740992'), APPLY)
  expect(specOf(both.text)).toContain(`"ids":[${JUST_BEYOND},9007199254740992]`)
  expect(specOf(both.text)).toContain(`"entries":[{"id":${JUST_BEYOND},"v":"x"},{"id":9007199254740992,"v":"x"}]`)
  const left = await send(path('one'), `apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n`, APPLY)
  expect(specOf(left.text)).toBe('{"entries":[{"id":9007199254740992,"v":"x"}],"given":9007199254740992,"ids":[9007199254740992]}')
})

test.each<[string, string]>([
  [`{"id":9007199254740992}`, 'spec.id: Invalid value: 9007199254740992: not that one'],
  [`{"least":${JUST_BEYOND}}`, `spec.least: Invalid value: ${JUST_BEYOND}: spec.least in body should be less than or equal to 9007199254740992`],
  [`{"even":${JUST_BEYOND}}`, `spec.even: Invalid value: ${JUST_BEYOND}: spec.even in body should be a multiple of 2`],
  [`{"one":9007199254740994}`, `spec.one: Unsupported value: 9007199254740994: supported values: "1", "${JUST_BEYOND}"`],
  [`{"ids":[${JUST_BEYOND},9007199254740992,${JUST_BEYOND}]}`, `spec.ids[2]: Duplicate value: ${JUST_BEYOND}`],
  [`{"replicas":${JUST_BEYOND}}`, `spec.replicas: Invalid value: ${JUST_BEYOND}: should be less than or equal to 2147483647`],
  // What 64 bits do not hold is a fraction.
  ['{"id":9223372036854775808}', 'spec.id: Invalid value: "number": spec.id in body must be of type integer: "number"'],
])('%s is refused', async (spec, message) => {
  const { status, text } = await send(`POST ${WIDGETS}`, widget('r', spec))
  expect([status, text]).toEqual([422, expect.stringContaining(JSON.stringify(message).slice(1, -1))])
})

test('a rule counts with all digits', async () => {
  await send(`POST ${WIDGETS}`, widget('c', `{"id":${JUST_BEYOND}}`))
  expect((await send(`PATCH ${WIDGETS}/c`, `{"spec":{"id":9007199254740994}}`, MERGE)).status).toBe(200)
  expect((await send(`PATCH ${WIDGETS}/c`, `{"spec":{"id":9007199254740996}}`, MERGE)).text).toContain('one more each time')
})

test('what has no schema keeps a fraction a fraction', async () => {
  const { text } = await send(`POST ${WIDGETS}`, widget('f', '{"any":{"a":1.0,"b":1e20,"c":9223372036854775808,"d":1e21,"e":-0.5,"f":1e18}}'))
  expect(specOf(text)).toBe(`{"any":{"a":1,"b":100000000000000000000,"c":9223372036854776000,"d":1e+21,"e":-0.5,"f":1000000000000000000},"given":${LARGEST}}`)
})

const pod = (name: string, spec: string): string => `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}","namespace":"x"},"spec":{"containers":[{"name":"c","image":"i"}],${spec}}}`

test('fields of 64 bits of built-in kinds', async () => {
  const pods = '/api/v1/namespaces/x/pods'
  const tolerations = `"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":${LARGEST}}]`
  const made = await send(`POST ${pods}`, pod('long', `"terminationGracePeriodSeconds":${JUST_BEYOND},"nodeName":"n",${tolerations}`))
  expect(made.status, made.text).toBe(201)
  for (const text of [made.text, await read(`${pods}/long`), (await send(`PATCH ${pods}/long`, '{"metadata":{"labels":{"a":"b"}}}', STRATEGIC)).text]) {
    expect(text).toContain(`"terminationGracePeriodSeconds":${JUST_BEYOND}`)
    expect(text).toContain(`"tolerationSeconds":${LARGEST}`)
  }
  // It waits, as long as it asked for, until somebody asks for less.
  for (let times = 0; times < 2; times++) {
    expect((await send(`DELETE ${pods}/long`, '')).status).toBe(200)
    expect(await read(`${pods}/long`)).toContain(`"deletionGracePeriodSeconds":${JUST_BEYOND}`)
  }
  expect((await send(`DELETE ${pods}/long`, '{"gracePeriodSeconds":0}')).status).toBe(200)
  expect(JSON.parse(await read(`${pods}/long`))).toMatchObject({ code: 404 })

  const revisions = '/apis/apps/v1/namespaces/x/controllerrevisions'
  const revision = await send(`POST ${revisions}`, `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"r"},"revision":${LARGEST},"data":{"a":[${SMALLEST}]}}`)
  expect(revision.text).toContain(`"data":{"a":[${SMALLEST}]}`)
  expect(await read(`${revisions}/r`)).toContain(`"revision":${LARGEST}`)
  expect(await read(revisions, TABLE)).toContain(LARGEST)
  const twice = await send(`POST ${revisions}`, `{"metadata":{"name":"twice"},"data":{},"revision":1,"revision":${LARGEST}}`)
  expect(twice.text).toContain(`"revision":${LARGEST}`)
  expect(JSON.parse((await send(`POST ${revisions}`, '{"metadata":{"name":"s"},"revision":9223372036854775808}')).text)).toMatchObject({ code: 400 })
})

test('what is read past the cache', () => {
  const value = `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"w"},"spec":{"id":${JUST_BEYOND}}}`
  expect(itemOfEntry({ key: 'k', revision: 1024, value }).json()).toBe(value.replace('"name"', '"resourceVersion":"1024","name"'))
})

test('a body in protobuf', async () => {
  const create = async (revision: bigint): Promise<string> => {
    const bytes = envelope({ apiVersion: 'apps/v1', kind: 'ControllerRevision' }, messageBytes('io.k8s.api.apps.v1.ControllerRevision', { metadata: { name: 'proto' }, data: { a: 9007199254740993n }, revision }))
    return (await server.sendBytes('POST /apis/apps/v1/namespaces/x/controllerrevisions', bytes, { 'content-type': 'application/vnd.kubernetes.protobuf' })).text
  }
  expect(await create(-9007199254740993n)).toContain(`revision: Invalid value: -${JUST_BEYOND}: must be greater than or equal to 0`)
  const made = await create(9007199254740993n)
  expect(made).toContain(`"revision":${JUST_BEYOND}`)
  expect(made).toContain(`"data":{"a":${JUST_BEYOND}}`)
})
