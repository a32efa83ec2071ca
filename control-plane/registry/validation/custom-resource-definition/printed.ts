/** How errors show parts of a definition: as JSON of the structs in which Kubernetes holds them, every field of them by its name there. */
import type { CustomResourceDefinitionVersion, CustomResourceSubresources } from '../../../../shared/model/gen/api.ts'
import { isJsonObject } from '../../../../shared/model/json.ts'
import { quotedList, wasSentEmpty } from '../../../../shared/model/schemas/sent-empty.ts'
import { itemsOf, type PropsSchema, sortedProperties, type ValidationRule, valuesOf } from '../../../../shared/model/structural/schema.ts'
import { schemaOf } from './hoisted.ts'

export const printedRule = (rule: ValidationRule): unknown => ({
  Rule: rule.rule ?? '',
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
})

export function printedVersion(version: CustomResourceDefinitionVersion): unknown {
  const schema = schemaOf(version)
  return {
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: version.schema ? { OpenAPIV3Schema: schema ? printedSchema(schema) : null } : null,
    Subresources: version.subresources ? printedSubresources(version.subresources) : null,
    AdditionalPrinterColumns:
      quotedList(version, 'additionalPrinterColumns', version.additionalPrinterColumns?.map(({ name, type, format = '', description = '', priority = 0, jsonPath }) => ({ Name: name, Type: type, Format: format, Description: description, Priority: priority, JSONPath: jsonPath }))),
    SelectableFields: quotedList(version, 'selectableFields', version.selectableFields?.map(({ jsonPath }) => ({ JSONPath: jsonPath }))),
  }
}

const printedSubresources = ({ status, scale }: CustomResourceSubresources): unknown => ({
  Status: status ? {} : null,
  Scale: scale ? { SpecReplicasPath: scale.specReplicasPath, StatusReplicasPath: scale.statusReplicasPath, LabelSelectorPath: scale.labelSelectorPath ?? null } : null,
})

type Members = Readonly<Record<string, unknown>>

export const printedSchema = (schema: PropsSchema): Members => ({ ...words(schema), ...limits(schema), ...branches(schema), ...extensions(schema) })

const words = (schema: PropsSchema): Members => ({
  ID: schema.id ?? '',
  Schema: schema.$schema ?? '',
  Ref: schema.$ref ?? null,
  Description: schema.description ?? '',
  Type: schema.type ?? '',
  Nullable: schema.nullable ?? false,
  Format: schema.format ?? '',
  Title: schema.title ?? '',
  Default: schema.default ?? null,
})

const limits = (schema: PropsSchema): Members => ({
  Maximum: schema.maximum ?? null,
  ExclusiveMaximum: schema.exclusiveMaximum ?? false,
  Minimum: schema.minimum ?? null,
  ExclusiveMinimum: schema.exclusiveMinimum ?? false,
  MaxLength: schema.maxLength ?? null,
  MinLength: schema.minLength ?? null,
  Pattern: schema.pattern ?? '',
  MaxItems: schema.maxItems ?? null,
  MinItems: schema.minItems ?? null,
  UniqueItems: schema.uniqueItems ?? false,
  MultipleOf: schema.multipleOf ?? null,
  Enum: quotedList(schema, 'enum', schema.enum),
  MaxProperties: schema.maxProperties ?? null,
  MinProperties: schema.minProperties ?? null,
  Required: quotedList(schema, 'required', schema.required),
})

const list = (schema: PropsSchema, name: 'allOf' | 'oneOf' | 'anyOf'): readonly Members[] | null => quotedList(schema, name, schema[name]?.map(printedSchema))
const one = (schema: PropsSchema | undefined): Members | null => (schema ? printedSchema(schema) : null)
const each = (schema: PropsSchema, name: 'properties' | 'patternProperties' | 'definitions'): Members | null => printedSchemas(schema[name] ?? (wasSentEmpty(schema, name) ? {} : undefined))
const printedSchemas = (schemas: Readonly<Record<string, PropsSchema>> | undefined): Members | null => (schemas ? Object.fromEntries(sortedProperties({ properties: schemas }).map(([name, schema]) => [name, printedSchema(schema)])) : null)

const branches = (schema: PropsSchema): Members => ({
  Items: schema.items === undefined ? null : { Schema: one(itemsOf(schema)), JSONSchemas: Array.isArray(schema.items) ? (schema.items as readonly PropsSchema[]).map(printedSchema) : null },
  AllOf: list(schema, 'allOf'),
  OneOf: list(schema, 'oneOf'),
  AnyOf: list(schema, 'anyOf'),
  Not: one(schema.not),
  Properties: each(schema, 'properties'),
  AdditionalProperties: schema.additionalProperties === undefined ? null : { Allows: schema.additionalProperties !== false, Schema: one(valuesOf(schema)) },
  PatternProperties: each(schema, 'patternProperties'),
  Dependencies: schema.dependencies ?? null,
  AdditionalItems: schema.additionalItems ?? null,
  Definitions: each(schema, 'definitions'),
})

function extensions(schema: PropsSchema): Members {
  const { externalDocs } = schema
  return {
    ExternalDocs: externalDocs !== undefined && isJsonObject(externalDocs) ? { Description: externalDocs['description'] ?? '', URL: externalDocs['url'] ?? '' } : null,
    Example: schema.example ?? null,
    XPreserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] ?? null,
    XEmbeddedResource: schema['x-kubernetes-embedded-resource'] ?? false,
    XIntOrString: schema['x-kubernetes-int-or-string'] ?? false,
    XListMapKeys: quotedList(schema, 'x-kubernetes-list-map-keys', schema['x-kubernetes-list-map-keys']),
    XListType: schema['x-kubernetes-list-type'] ?? null,
    XMapType: schema['x-kubernetes-map-type'] ?? null,
    XValidations: quotedList(schema, 'x-kubernetes-validations', schema['x-kubernetes-validations']?.map(printedRule)),
  }
}
