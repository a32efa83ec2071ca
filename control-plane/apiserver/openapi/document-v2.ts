/** Everything in one Swagger 2.0 document, for clients of before OpenAPI v3. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Schema } from '../../../shared/model/schemas/schema.ts'
import type { DiscoveredVersion } from '../discovery/groups.ts'
import { DESCRIPTIONS, OBJECT_TYPES, STREAM_TYPES, patchTypes, publishedSchema, type Around, type DocumentOptions } from './document-v3.ts'
import { customToV2 } from './custom-schemas.ts'
import { tagOf } from './names.ts'
import { describe } from './operation-descriptions.ts'
import { PATCH_SCHEMA, operationsOf, schemaNames, type Operation } from './operations.ts'
import { meaningOf, type Parameter } from './parameters.ts'
import { pathsOf } from './paths.ts'
import { rootsOf } from './roots.ts'

export type V2Schema = Readonly<Record<string, unknown>>

export interface V2Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'body'
  readonly description?: string
  readonly required?: boolean
  readonly type?: string
  readonly uniqueItems?: boolean
  readonly schema?: V2Schema
}

export interface V2Operation {
  readonly tags: readonly string[]
  readonly description: string
  readonly operationId: string
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  readonly schemes: readonly string[]
  readonly parameters?: readonly V2Parameter[]
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: V2Schema }>>
  readonly 'x-kubernetes-action'?: string
  readonly 'x-kubernetes-group-version-kind'?: unknown
}

export interface V2Document {
  readonly swagger: '2.0'
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, V2Operation | readonly V2Parameter[]>>>>
  readonly definitions: Readonly<Record<string, V2Schema>>
  readonly securityDefinitions: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly security: ReadonlyArray<Readonly<Record<string, readonly string[]>>>
}

export function documentV2(versions: readonly DiscoveredVersion[], options: DocumentOptions): V2Document {
  const described = versions.map((version) => ({ version, operations: operationsOf(version) }))
  const paths = described.flatMap(({ version, operations }) =>
    pathsOf(operations).map(({ path, kind, shared, operations: byMethod }) => {
      const methods = [...byMethod].map(([method, operation]) => [method, operationBody(operation, { tag: tagOf(version.group, version.version), patches: patchTypes(version), descriptions: options.descriptions })] as const)
      return [path, { ...Object.fromEntries(methods), ...(shared.length > 0 ? { parameters: shared.map((one) => parameterBody(one, meaningOf(one, kind, options.descriptions))) } : {}) }] as const
    }),
  )
  const roots = rootsOf(versions)
  const rootPaths = roots.map(({ tag, operation }) => [operation.path, { [operation.method]: operationBody(operation, { tag, patches: [], descriptions: options.descriptions }) }] as const)
  const names = schemaNames([...described.flatMap(({ operations }) => operations), ...roots.map(({ operation }) => operation)], options.find)
  const custom = new Set(versions.flatMap(({ kinds }) => kinds.filter((kind) => kind.custom).flatMap(({ schema }) => [schema, `${schema}List`])))
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: options.version },
    paths: Object.fromEntries([...paths, ...rootPaths]),
    definitions: Object.fromEntries(names.map((name) => [name, custom.has(name) ? customToV2(publishedSchema(name, options) as unknown as JsonObject) : toV2(publishedSchema(name, options))])),
    securityDefinitions: { BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' } },
    security: [{ BearerToken: [] }],
  }
}

const definition = (name: string): V2Schema => ({ $ref: `#/definitions/${name}` })

function operationBody(operation: Operation, { tag, patches, descriptions }: Around): V2Operation {
  const body: readonly V2Parameter[] = operation.body === undefined ? [] : [{ name: 'body', in: 'body', ...(operation.bodyRequired ? { required: true } : {}), schema: definition(operation.body) }]
  const parameters = [...body, ...operation.parameters.map((one) => parameterBody(one, meaningOf(one, operation.gvk?.kind ?? '', descriptions)))]
  const isConnect = operation.action === 'connect'
  return {
    tags: [tag],
    description: describe(operation),
    operationId: operation.id,
    consumes: operation.body === PATCH_SCHEMA ? patches : (operation.types ?? (operation.description === undefined ? ['*/*'] : OBJECT_TYPES)),
    produces: operation.types ?? (isConnect ? ['*/*'] : operation.streams ? STREAM_TYPES : OBJECT_TYPES),
    schemes: ['https'],
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { ...Object.fromEntries(Object.entries(operation.responses).map(([status, schema]) => [status, { description: DESCRIPTIONS[status] ?? '', schema: schema === '' ? { type: 'string' } : definition(schema) }])), 401: { description: 'Unauthorized' } },
    ...(operation.action === undefined ? {} : { 'x-kubernetes-action': operation.action }),
    ...(operation.gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': operation.gvk }),
  }
}

const parameterBody = ({ name, in: place, type }: Parameter, description: string | undefined): V2Parameter => ({ ...(description === undefined ? {} : { description }), name, in: place, ...(place === 'path' ? { required: true } : {}), type, uniqueItems: true })

/** Defaults are left out, as old clients stumble over them; what Swagger 2.0 cannot say is said as Kubernetes does. */
export function toV2(schema: Schema): V2Schema {
  const { $ref, allOf, oneOf, default: _default, properties, items, additionalProperties, nullable: _nullable, ...rest } = schema
  const ref = $ref ?? (allOf?.length === 1 ? allOf[0]?.$ref : undefined)
  if (ref !== undefined) return { ...definition(ref.slice(ref.lastIndexOf('/') + 1)), ...rest }
  return {
    ...rest,
    ...(oneOf ? { type: 'string' } : {}),
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, toV2(property)])) } : {}),
    ...(items ? { items: toV2(items) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: toV2(additionalProperties) } : {}),
  }
}
