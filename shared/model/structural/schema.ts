/** The schemas of custom resources: what `openAPIV3Schema` may say, as plain data. */
import type { Json } from '../json.ts'

export interface ValidationRule {
  readonly rule?: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** What has been decoded as JSONSchemaProps. */
export interface PropsSchema {
  readonly id?: string
  readonly $schema?: string
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly default?: Json
  readonly nullable?: boolean
  readonly externalDocs?: Json
  readonly example?: Json
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly multipleOf?: number
  readonly enum?: readonly Json[]
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly items?: PropsSchema | readonly PropsSchema[]
  readonly allOf?: readonly PropsSchema[]
  readonly oneOf?: readonly PropsSchema[]
  readonly anyOf?: readonly PropsSchema[]
  readonly not?: PropsSchema
  readonly properties?: Readonly<Record<string, PropsSchema>>
  readonly additionalProperties?: PropsSchema | boolean
  readonly patternProperties?: Readonly<Record<string, PropsSchema>>
  readonly dependencies?: Json
  readonly additionalItems?: Json
  readonly definitions?: Readonly<Record<string, PropsSchema>>
  readonly ['x-kubernetes-preserve-unknown-fields']?: boolean
  readonly ['x-kubernetes-embedded-resource']?: boolean
  readonly ['x-kubernetes-int-or-string']?: boolean
  readonly ['x-kubernetes-list-type']?: string
  readonly ['x-kubernetes-list-map-keys']?: readonly string[]
  readonly ['x-kubernetes-map-type']?: string
  readonly ['x-kubernetes-validations']?: readonly ValidationRule[]
}

/** The schema of items, where it is one. */
export const itemsOf = ({ items }: PropsSchema): PropsSchema | undefined => (items === undefined || Array.isArray(items) ? undefined : (items as PropsSchema))

/** The schema of values of a map. */
export const valuesOf = ({ additionalProperties }: PropsSchema): PropsSchema | undefined => (typeof additionalProperties === 'object' ? additionalProperties : undefined)

export const preservesUnknown = (schema: PropsSchema): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true
export const isEmbedded = (schema: PropsSchema): boolean => schema['x-kubernetes-embedded-resource'] === true
export const isIntOrString = (schema: PropsSchema): boolean => schema['x-kubernetes-int-or-string'] === true

/** By name, in the order of names: Go's maps have none, so answers get a repeatable one. */
export const sortedProperties = ({ properties }: PropsSchema): ReadonlyArray<readonly [string, PropsSchema]> => Object.entries(properties ?? {}).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** The names that every object of the API has besides its own. */
export const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

/** Every schema in a schema, itself first. */
export function* schemasIn(schema: PropsSchema): Generator<PropsSchema> {
  yield schema
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  const inner = [...Object.values(schema.properties ?? {}), ...(items ? [items] : []), ...(values ? [values] : []), ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.not ? [schema.not] : [])]
  for (const one of inner) yield* schemasIn(one)
}
