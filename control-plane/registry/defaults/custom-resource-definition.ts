import type { CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'

export function defaultDefinition(definition: CustomResourceDefinition): CustomResourceDefinition {
  const { names, versions, conversion, ...rest } = (definition.spec ?? {}) as Partial<CustomResourceDefinitionSpec>
  const spec = { ...rest, ...(names && { names: defaultNames(names) }), ...(versions && { versions: versions.map(normalVersion) }), conversion: defaultConversion(conversion) } as CustomResourceDefinitionSpec
  return { ...definition, spec, status: withStoredVersion(spec, definition.status) }
}

function defaultNames(names: CustomResourceDefinitionNames): CustomResourceDefinitionNames {
  const { kind } = names
  const singular = names.singular || kind.toLowerCase()
  const listKind = names.listKind || (kind === '' ? '' : `${kind}List`)
  return { ...names, ...(singular !== '' && { singular }), ...(listKind !== '' && { listKind }) }
}

function defaultConversion(conversion: CustomResourceDefinitionSpec['conversion']): NonNullable<CustomResourceDefinitionSpec['conversion']> {
  if (!conversion) return { strategy: 'None' }
  const service = conversion.webhook?.clientConfig?.service
  if (!conversion.webhook || !service || service.port !== undefined) return conversion
  return { ...conversion, webhook: { ...conversion.webhook, clientConfig: { ...conversion.webhook.clientConfig, service: { ...service, port: 443 } } } }
}

/** The version that objects are stored in is one they may be stored in. */
function withStoredVersion(spec: Partial<CustomResourceDefinitionSpec>, status: CustomResourceDefinition['status']): NonNullable<CustomResourceDefinition['status']> {
  const stored = status?.storedVersions ?? []
  const storage = (spec.versions ?? []).find((version) => version.storage)?.name
  return stored.length > 0 || storage === undefined ? (status ?? {}) : { ...status, storedVersions: [storage] }
}

type Version = CustomResourceDefinitionSpec['versions'][number]

function normalVersion(version: Version): Version {
  const schema = version.schema?.openAPIV3Schema as JsonObject | undefined
  return schema ? ({ ...version, schema: { ...version.schema, openAPIV3Schema: normalSchema(schema) } } as unknown as Version) : version
}

const PROPS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const EITHER = ['items', 'additionalProperties', 'additionalItems'] as const
const LISTS = ['allOf', 'anyOf', 'oneOf'] as const
const MAPS = ['properties', 'patternProperties', 'definitions'] as const

const props = (value: Json): Json => (isJsonObject(value) ? normalSchema(decodeObject(PROPS, value).object) : value)

/** Parts that are either a schema or something else are opaque to the schema of schemas: what is empty in them is dropped here. */
function normalSchema(schema: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...schema }
  for (const name of EITHER) {
    const value = schema[name]
    if (value !== undefined) result[name] = Array.isArray(value) ? (value as readonly Json[]).map(props) : props(value)
  }
  for (const name of LISTS) {
    const value = schema[name]
    if (Array.isArray(value)) result[name] = (value as readonly Json[]).map((one) => (isJsonObject(one) ? normalSchema(one) : one))
  }
  for (const name of MAPS) {
    const value = schema[name]
    if (isJsonObject(value)) result[name] = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, isJsonObject(one) ? normalSchema(one) : one]))
  }
  if (isJsonObject(schema['not'])) result['not'] = normalSchema(schema['not'])
  return result
}
