/** One OpenAPI 3.0 document for each group version. */
import type { Schema } from '../../../shared/model/schemas/schema.ts'
import type { DiscoveredVersion } from '../discovery/groups.ts'
import type { SchemaLookup } from './custom-schemas.ts'
import { withDescriptions, type Descriptions } from './descriptions.ts'
import { isCustom } from './kinds.ts'
import { tagOf } from './names.ts'
import { describe } from './operation-descriptions.ts'
import { PATCH_SCHEMA, operationsOf, schemaNames, type Operation } from './operations.ts'
import { meaningOf, type Parameter } from './parameters.ts'
import { pathsOf } from './paths.ts'
import type { Root } from './roots.ts'

export type Document = Readonly<Record<string, unknown>>

const JSON_TYPE = 'application/json'
const YAML_TYPE = 'application/yaml'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
export const OBJECT_TYPES = [JSON_TYPE, PROTOBUF_TYPE, YAML_TYPE]
export const STREAM_TYPES = [JSON_TYPE, `${JSON_TYPE};stream=watch`, PROTOBUF_TYPE, `${PROTOBUF_TYPE};stream=watch`, YAML_TYPE]
export const PATCH_TYPES = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json']
/** Custom resources know no strategic merge. */
export const patchTypes = (version: DiscoveredVersion): readonly string[] => (isCustom(version) ? PATCH_TYPES.slice(0, -1) : PATCH_TYPES)
export const DESCRIPTIONS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted', 401: 'Unauthorized' }

export interface DocumentOptions {
  /** Of the API: `v1.36.2`. */
  readonly version: string
  /** All that are served, for kinds that every group has (`DeleteOptions`, `WatchEvent`). */
  readonly groupVersions: ReadonlyArray<{ readonly group: string; readonly version: string }>
  readonly descriptions: Descriptions
  readonly find: SchemaLookup
}

const securitySchemes = { BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' } }

/** Custom resources are told apart from what the server has by itself. */
const CUSTOM_INFO = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }

export function documentV3(version: DiscoveredVersion, given: DocumentOptions): Document {
  const operations = operationsOf(version)
  const options = { ...given, groupVersions: given.groupVersions.filter((one) => one.group === '' || (one.group === version.group && one.version === version.version)) }
  return {
    openapi: '3.0.0',
    info: isCustom(version) ? CUSTOM_INFO : { title: 'Kubernetes', version: options.version },
    paths: Object.fromEntries(
      pathsOf(operations).map(({ path, kind, shared, operations: byMethod }) => [
        path,
        {
          ...Object.fromEntries([...byMethod].map(([method, operation]) => [method, operationBody(operation, { tag: tagOf(version.group, version.version), patches: patchTypes(version), descriptions: options.descriptions })])),
          ...(shared.length > 0 ? { parameters: shared.map((one) => parameterBody(one, meaningOf(one, kind, options.descriptions))) } : {}),
        },
      ]),
    ),
    components: {
      schemas: Object.fromEntries(schemaNames(operations, options.find).map((name) => [name, publishedSchema(name, options)])),
      securitySchemes,
    },
  }
}

/** The document of what is no group version. */
export function rootDocumentV3({ tag, operation }: Root, options: DocumentOptions): Document {
  const schemas = Object.fromEntries(schemaNames([operation], options.find).map((name) => [name, publishedSchema(name, options)]))
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: { [operation.path]: { [operation.method]: operationBody(operation, { tag, patches: PATCH_TYPES, descriptions: options.descriptions }) } },
    components: { ...(Object.keys(schemas).length > 0 ? { schemas } : {}), securitySchemes },
  }
}

/** Kinds of the machinery belong to every group version that is told of beside them, and to the core. */
const IN_EVERY_GROUP = new Set(['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent'])

export function publishedSchema(name: string, options: Pick<DocumentOptions, 'groupVersions' | 'descriptions' | 'find'>): Schema {
  const schema = withDescriptions(name, options.find(name) ?? {}, options.descriptions)
  if (!IN_EVERY_GROUP.has(name)) return schema
  const kind = name.slice(name.lastIndexOf('.') + 1)
  return { ...schema, 'x-kubernetes-group-version-kind': options.groupVersions.map(({ group, version }) => ({ group, kind, version })).toSorted((a, b) => (a.group < b.group ? -1 : 1)) }
}

/** What an operation is told of with. */
export interface Around {
  readonly tag: string
  readonly patches: readonly string[]
  readonly descriptions: Descriptions
}

function operationBody(operation: Operation, { tag, patches, descriptions }: Around): Document {
  const { id, action, gvk, parameters, body, responses } = operation
  return {
    tags: [tag],
    description: describe(operation),
    operationId: id,
    ...(parameters.length > 0 ? { parameters: parameters.map((one) => parameterBody(one, meaningOf(one, gvk?.kind ?? '', descriptions))) } : {}),
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body === PATCH_SCHEMA ? patches : ['*/*'], body), ...(operation.bodyRequired ? { required: true } : {}) } }),
    responses: { ...Object.fromEntries(Object.entries(responses).map(([status, schema]) => [status, responseBody(operation, status, schema)])), 401: { description: DESCRIPTIONS['401'] } },
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': gvk }),
  }
}

const contentOf = (types: readonly string[], schema: string): Document => Object.fromEntries(types.map((type) => [type, { schema: { $ref: `#/components/schemas/${schema}` } }]))

function responseBody(operation: Operation, status: string, schema: string): Document {
  const description = DESCRIPTIONS[status] ?? ''
  if (schema === '') {
    const types = operation.types ?? (operation.action === 'connect' ? ['*/*'] : [JSON_TYPE, PROTOBUF_TYPE, YAML_TYPE, 'text/plain'])
    return { description, content: Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }])) }
  }
  return { description, content: contentOf(operation.types ?? (operation.streams ? STREAM_TYPES : OBJECT_TYPES), schema) }
}

const parameterBody = ({ name, in: place, type }: Parameter, description: string | undefined): Document => ({ name, in: place, ...(description === undefined ? {} : { description }), ...(place === 'path' ? { required: true } : {}), schema: { type, uniqueItems: true } })
