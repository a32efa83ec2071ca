import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readJson, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { servedKinds } from '../../registry/registry.ts'
import { discoveredGroups } from '../discovery/groups.ts'
import { makeHere, plainVersion } from './making.ts'
import { unpack } from './packed.ts'
import { protobufV3 } from './protobuf-v3.ts'

/** As much of gnostic's messages as documents of Kubernetes use. Some field in a document that is none here is an error. */
const PROTO = `syntax = "proto3";
package openapi.v3;
message Any { string yaml = 2; }
message NamedAny { string name = 1; Any value = 2; }
message Document { string openapi = 1; Info info = 2; Paths paths = 4; Components components = 5; repeated NamedAny specification_extension = 9; }
message Info { string title = 1; string version = 6; }
message Paths { repeated NamedPathItem path = 1; }
message NamedPathItem { string name = 1; PathItem value = 2; }
message PathItem { Operation get = 4; Operation put = 5; Operation post = 6; Operation delete = 7; Operation options = 8; Operation head = 9; Operation patch = 10; repeated ParameterOrReference parameters = 13; }
message Operation { repeated string tags = 1; string description = 3; string operation_id = 5; repeated ParameterOrReference parameters = 6; RequestBodyOrReference request_body = 7; Responses responses = 8; repeated NamedAny specification_extension = 13; }
message ParameterOrReference { oneof oneof { Parameter parameter = 1; Reference reference = 2; } }
message Parameter { string name = 1; string in = 2; string description = 3; bool required = 4; SchemaOrReference schema = 10; }
message RequestBodyOrReference { oneof oneof { RequestBody request_body = 1; Reference reference = 2; } }
message RequestBody { MediaTypes content = 2; bool required = 3; }
message Responses { repeated NamedResponseOrReference response_or_reference = 2; }
message NamedResponseOrReference { string name = 1; ResponseOrReference value = 2; }
message ResponseOrReference { oneof oneof { Response response = 1; Reference reference = 2; } }
message Response { string description = 1; MediaTypes content = 3; }
message MediaTypes { repeated NamedMediaType additional_properties = 1; }
message NamedMediaType { string name = 1; MediaType value = 2; }
message MediaType { SchemaOrReference schema = 1; }
message Components { SchemasOrReferences schemas = 1; SecuritySchemesOrReferences security_schemes = 7; }
message SchemasOrReferences { repeated NamedSchemaOrReference additional_properties = 1; }
message NamedSchemaOrReference { string name = 1; SchemaOrReference value = 2; }
message SecuritySchemesOrReferences { repeated NamedSecuritySchemeOrReference additional_properties = 1; }
message NamedSecuritySchemeOrReference { string name = 1; SecuritySchemeOrReference value = 2; }
message SecuritySchemeOrReference { oneof oneof { SecurityScheme security_scheme = 1; Reference reference = 2; } }
message SecurityScheme { string type = 1; string description = 2; string name = 3; string in = 4; }
message Reference { string _ref = 1; }
message SchemaOrReference { oneof oneof { Schema schema = 1; Reference reference = 2; } }
message ExternalDocs { string description = 1; string url = 2; }
message Schema {
  bool nullable = 1; ExternalDocs external_docs = 6; Any example = 7; string title = 9; double multiple_of = 10; double maximum = 11; bool exclusive_maximum = 12; double minimum = 13; bool exclusive_minimum = 14;
  int64 max_length = 15; int64 min_length = 16; string pattern = 17; int64 max_items = 18; int64 min_items = 19; bool unique_items = 20; int64 max_properties = 21; int64 min_properties = 22;
  repeated string required = 23; repeated Any enum = 24; string type = 25; repeated SchemaOrReference all_of = 26; repeated SchemaOrReference one_of = 27; repeated SchemaOrReference any_of = 28; Schema not = 29;
  ItemsItem items = 30; Properties properties = 31; AdditionalPropertiesItem additional_properties = 32; DefaultType default = 33; string description = 34; string format = 35; repeated NamedAny specification_extension = 36;
}
message ItemsItem { repeated SchemaOrReference schema_or_reference = 1; }
message Properties { repeated NamedSchemaOrReference additional_properties = 1; }
message AdditionalPropertiesItem { oneof oneof { SchemaOrReference schema_or_reference = 1; bool boolean = 2; } }
message DefaultType { oneof oneof { double number = 1; bool boolean = 2; string string = 3; } }
`

const folder = mkdtempSync(join(tmpdir(), 'gantry-openapi-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Read by another implementation of protocol buffers, and put back into the form of the document. */
function readBack(bytes: Buffer): Json {
  const proto = join(folder, 'v3.proto')
  writeFileSync(proto, PROTO)
  const program = join(import.meta.dirname, '../../../node_modules/.bin/buf')
  const ran = spawnSync(program, ['convert', proto, '--type', 'openapi.v3.Document', '--from', '-#format=binpb', '--to', '-#format=json'], { input: bytes, maxBuffer: 512 * 1024 * 1024 })
  expect(ran.status, ran.stderr.toString()).toBe(0)
  return documentForm(JSON.parse(ran.stdout.toString()) as Read)
}

/** A message as it was read: what is empty is left out. */
interface Read {
  readonly [field: string]: unknown
}
type Form = (read: Read) => Json

const list = (value: unknown): readonly Read[] => (value ?? []) as readonly Read[]
const named = (value: unknown, form: Form): JsonObject => Object.fromEntries(list(value).map((one) => [one['name'] as string, form((one['value'] ?? {}) as Read)]))
/** Each member that is there, in its form; those without one are as they are. */
function members(read: Read, forms: Readonly<Record<string, (value: unknown) => Json>> = {}): JsonObject {
  const { specificationExtension, ...rest } = read
  return { ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, forms[key] ? forms[key](value) : (value as Json)])), ...named(specificationExtension, yaml) }
}
const yaml: Form = (read) => readJson(read['yaml'] as string)
const choice = (member: string, form: Form): Form => (read) => ('reference' in read ? { $ref: (read['reference'] as Read)['Ref'] as string } : form(read[member] as Read))
const each = (form: Form) => (value: unknown): Json => list(value).map(form)
const one = (form: Form) => (value: unknown): Json => form(value as Read)
const mapOf = (form: Form) => (value: unknown): Json => named((value as Read)['additionalProperties'], form)

const schemaForm: Form = (read) =>
  members(read, {
    ...Object.fromEntries(['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'].map((key) => [key, Number])),
    ...Object.fromEntries(['allOf', 'anyOf', 'oneOf'].map((key) => [key, each(schemaChoice)])),
    enum: each(yaml),
    example: one(yaml),
    not: one(schemaForm),
    items: (value) => schemaChoice(list((value as Read)['schemaOrReference'])[0] ?? {}),
    properties: mapOf(schemaChoice),
    additionalProperties: (value) => ('boolean' in (value as Read) ? ((value as Read)['boolean'] as Json) : schemaChoice((value as Read)['schemaOrReference'] as Read)),
    default: (value) => (Object.values(value as Read)[0] ?? {}) as Json,
  })
const schemaChoice: Form = (read) => choice('schema', schemaForm)(read)
const content = mapOf((read) => members(read, { schema: one(schemaChoice) }))
const parameters = each(choice('parameter', (read) => members(read, { schema: one(schemaChoice) })))
const operation = one((read) =>
  members(read, {
    parameters,
    requestBody: one(choice('requestBody', (body) => members(body, { content }))),
    responses: (value) => named((value as Read)['responseOrReference'], choice('response', (response) => members(response, { content }))),
  }),
)
const pathForm: Form = (read) => members(read, { parameters, ...Object.fromEntries(['get', 'put', 'post', 'delete', 'options', 'head', 'patch'].map((method) => [method, operation])) })
const documentForm: Form = (read) =>
  members(read, {
    paths: (value) => named((value as Read)['path'], pathForm),
    components: one((components) => members(components, { schemas: mapOf(schemaChoice), securitySchemes: mapOf(choice('securityScheme', (scheme) => members(scheme))) })),
  })

const versions = discoveredGroups(servedKinds).flatMap((group) => group.versions).map(plainVersion)

test('a document says in protobuf what it says in JSON, and is known by the hash of that', { timeout: 60_000 }, async () => {
  const groups = ['v1', 'apiextensions.k8s.io/v1'].map((name) => ({ kind: 'v3', index: versions.findIndex(({ groupVersion }) => groupVersion === name) }) as const)
  const names = [...groups, { kind: 'root', name: 'apis/apps' } as const, { kind: 'root', name: '.well-known/openid-configuration' } as const]
  const made = await makeHere({ versions, documents: names.flatMap((name) => [name, { ...name, form: 'protobuf' as const }]) })
  expect(made.length).toBe(8)
  for (let at = 0; at < made.length; at += 2) {
    const [asJson, asProtobuf] = [made[at], made[at + 1]]
    if (!asJson || !asProtobuf) throw new Error('too few')
    expect(asProtobuf.hash).toBe(asJson.hash)
    expect(readBack(await unpack(asProtobuf))).toEqual(JSON.parse((await unpack(asJson)).toString()))
  }
})

/** All that the schema of a definition may say. */
const everything: JsonObject = {
  type: 'object',
  title: 'T',
  description: 'D',
  required: ['a', 'b'],
  externalDocs: { description: 'more', url: 'https://example.com' },
  example: { any: ['thing', 1, null] },
  minProperties: 1,
  maxProperties: 2 ** 40,
  additionalProperties: { type: 'string', pattern: '^a$', minLength: 1, maxLength: 9, format: 'hostname' },
  properties: {
    falseByDefault: { type: 'boolean', default: false },
    emptyByDefault: { type: 'string', default: '' },
    zeroByDefault: { type: 'integer', format: 'int64', default: 0 },
    halfByDefault: { type: 'number', default: 0.5, minimum: -1.5, maximum: 2.5, exclusiveMinimum: true, exclusiveMaximum: true, multipleOf: 0.5 },
    objectByDefault: { type: 'object', default: {} },
    list: { type: 'array', items: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }, minItems: 1, maxItems: 3, uniqueItems: true, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
    long: { type: 'integer', default: 2n ** 60n, maximum: 2n ** 60n, maxLength: 2n ** 53n, enum: [2n ** 63n - 1n, 1] as readonly Json[] },
    closed: { type: 'object', additionalProperties: false },
    open: { type: 'object', additionalProperties: true, nullable: true },
    some: { type: 'string', enum: ['a', '', null, 1] as readonly Json[], not: { enum: ['b'] } },
    toString: { type: 'string' },
    $ref: { type: 'string' },
    rules: { type: 'string', 'x-kubernetes-validations': [{ rule: "self != 'x'", message: 'ü\n"\u2028' }], allOf: [{ $ref: '#/components/schemas/other' }] },
  },
}

test('what the schema of a definition may say is all there; a number of 64 bits as the double or the text that there is for it', () => {
  const document: JsonObject = { openapi: '3.0.0', info: { title: 't', version: 'v' }, paths: {}, components: { schemas: { everything } }, 'x-more': { a: 1 } }
  const long = { type: 'integer', default: 2 ** 60, maximum: 2 ** 60, maxLength: 2 ** 53, enum: [2n ** 63n - 1n, 1] }
  expect(readBack(protobufV3(document))).toEqual({ ...document, components: { schemas: { everything: { ...everything, properties: { ...(everything['properties'] as JsonObject), long } } } } })
})

test('of a default that is an object or a list stays that there is one', () => {
  const of = (schema: JsonObject): JsonObject => ({ openapi: '3.0.0', info: { title: 't', version: 'v' }, paths: {}, components: { schemas: { schema } } })
  const without = of({ type: 'array', default: {} })
  for (const value of [['a'], { a: 1 }, []] as readonly Json[]) expect(readBack(protobufV3(of({ type: 'array', default: value })))).toEqual(without)
})
