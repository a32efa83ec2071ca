/** The schemas of custom resources as documents tell them. PURE. */
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { findSchema, refName, type Schema } from '../../../shared/model/schemas/schema.ts'
import type { DiscoveredKind } from '../discovery/groups.ts'
import { rootSchema } from './roots.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const CONVENTIONS = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'

/** Finds a schema by its name, wherever it comes from. */
export type SchemaLookup = (name: string) => Schema | undefined

const builtIn: SchemaLookup = (name) => findSchema(name) ?? rootSchema(name)

/** Those of the custom kinds among these, and all that are built in. */
export function schemaLookup(kinds: readonly DiscoveredKind[]): SchemaLookup {
  const custom = new Map<string, Schema>()
  for (const kind of kinds) {
    if (!kind.custom) continue
    custom.set(kind.schema, objectSchema(kind, kind.custom.schema))
    custom.set(`${kind.schema}List`, listSchema(kind, kind.custom.listKind))
  }
  return custom.size === 0 ? builtIn : (name) => custom.get(name) ?? builtIn(name)
}

const typeFields: Readonly<Record<string, Json>> = {
  apiVersion: {
    description: `APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: ${CONVENTIONS}#resources`,
    type: 'string',
  },
  kind: {
    description: `Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: ${CONVENTIONS}#types-kinds`,
    type: 'string',
  },
}

const metadataField = (type: string, description: string): Json => ({ description, allOf: [{ $ref: `#/components/schemas/${META}.${type}` }] })

const gvk = ({ group, version }: DiscoveredKind, kind: string): Json => [{ group, version, kind }]

function objectSchema(kind: DiscoveredKind, declared: JsonObject | undefined): Schema {
  const names = gvk(kind, kind.kind)
  if (!declared) return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-group-version-kind': names } as unknown as Schema
  const own = published(declared)
  const properties = isJsonObject(own['properties']) ? own['properties'] : {}
  const metadata = metadataField('ObjectMeta', `Standard object's metadata. More info: ${CONVENTIONS}#metadata`)
  return { ...own, properties: { ...properties, ...typeFields, metadata }, 'x-kubernetes-group-version-kind': names } as unknown as Schema
}

function listSchema(kind: DiscoveredKind, listKind: string): Schema {
  return {
    description: `${listKind} is a list of ${kind.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeFields,
      items: { description: `List of ${kind.plural}. More info: ${CONVENTIONS}`, type: 'array', items: { $ref: `#/components/schemas/${kind.schema}` } },
      metadata: metadataField('ListMeta', `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`),
    },
    'x-kubernetes-group-version-kind': gvk(kind, listKind),
  } as unknown as Schema
}

/** What may be a number or a text says so. */
function published(schema: JsonObject): JsonObject {
  const told: Record<string, Json> = {}
  for (const [key, value] of Object.entries(schema)) told[key] = publishedMember(key, value)
  if (schema['x-kubernetes-int-or-string'] === true && told['anyOf'] === undefined) told['anyOf'] = [{ type: 'integer' }, { type: 'string' }]
  return told
}

const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions'])
const LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf'])
const SINGLE: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'not'])

function publishedMember(key: string, value: Json): Json {
  if (MAPS.has(key) && isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, isJsonObject(one) ? published(one) : one]))
  if (LISTS.has(key) && Array.isArray(value)) return (value as readonly Json[]).map((one) => (isJsonObject(one) ? published(one) : one))
  return SINGLE.has(key) && isJsonObject(value) ? published(value) : value
}

const WORDLESS = ['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default', 'patternProperties', 'definitions', 'x-kubernetes-validations']

/** As Swagger 2.0 can say it: what needs more than one type, or keeps what it does not name, says nothing of what is in it. */
export function customToV2(schema: JsonObject): JsonObject {
  const ref = referenceOf(schema)
  if (ref !== undefined) return { ...(schema['description'] !== undefined && { description: schema['description'] }), $ref: `#/definitions/${ref}` }
  const { properties, items, additionalProperties, ...rest } = schema
  const told = Object.fromEntries(Object.entries(rest).filter(([key]) => !WORDLESS.includes(key)))
  const { type: _type, ...untyped } = told
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true || schema['nullable'] === true
  if (isOpen) return untyped
  return {
    ...told,
    ...(isJsonObject(properties) && { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, isJsonObject(one) ? customToV2(one) : one])) }),
    ...(isJsonObject(items) && { items: customToV2(items) }),
    ...(isJsonObject(additionalProperties) && { additionalProperties: customToV2(additionalProperties) }),
  }
}

/** Only what is built in is referred to. */
function referenceOf(schema: JsonObject): string | undefined {
  const name = refName(schema as unknown as Schema)
  return name?.startsWith('io.k8s.apimachinery.') || (name !== undefined && schema['$ref'] !== undefined) ? name : undefined
}
