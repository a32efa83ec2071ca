/** The part of OpenAPI v3 that Kubernetes' schemas use; JSONSchemaProps of custom resources fit in it too. */
import type { Json } from '../json.ts'
import recorded from './schemas.json' with { type: 'json' }

export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly default?: Json
  readonly enum?: readonly Json[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly allOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly nullable?: boolean
  readonly ['x-kubernetes-list-type']?: string
  readonly ['x-kubernetes-list-map-keys']?: readonly string[]
  readonly ['x-kubernetes-map-type']?: string
  readonly ['x-kubernetes-patch-strategy']?: string
  readonly ['x-kubernetes-patch-merge-key']?: string
  readonly ['x-kubernetes-int-or-string']?: boolean
  readonly ['x-kubernetes-preserve-unknown-fields']?: boolean
  readonly ['x-kubernetes-embedded-resource']?: boolean
  readonly ['x-kubernetes-group-version-kind']?: ReadonlyArray<{ readonly group: string; readonly version: string; readonly kind: string }>
}

const schemas = recorded as unknown as Readonly<Record<string, Schema>>

/** Every schema by its full name (`io.k8s.api.core.v1.Pod`). */
export const allSchemas = (): Readonly<Record<string, Schema>> => schemas

/** The schema of that name, or `undefined`. */
export const findSchema = (name: string): Schema | undefined => schemas[name]

/** The name a `$ref` points to, also through a lone `allOf`. */
export function refName(schema: Schema): string | undefined {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref
  return ref?.slice(ref.lastIndexOf('/') + 1)
}

let names: Map<string, string> | undefined

/** The schema of a kind: `schemaOfKind('apps/v1', 'Deployment')` → `io.k8s.api.apps.v1.Deployment`. */
export function schemaOfKind(apiVersion: string, kind: string): string | undefined {
  if (!names) {
    names = new Map()
    for (const [name, schema] of Object.entries(schemas)) {
      for (const id of schema['x-kubernetes-group-version-kind'] ?? []) names.set(`${id.group === '' ? '' : `${id.group}/`}${id.version} ${id.kind}`, name)
    }
  }
  return names.get(`${apiVersion} ${kind}`)
}
