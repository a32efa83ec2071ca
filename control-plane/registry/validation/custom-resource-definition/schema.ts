/** What a schema of a custom resource may say, keyword by keyword. */
import { type FieldError, forbidden, invalid, notSupported, required } from '../../../../shared/model/field-error.ts'
import { isEmbedded, itemsOf, META_FIELDS, type PropsSchema, sortedProperties, valuesOf } from '../../../../shared/model/structural/schema.ts'
import { validateDefaults } from './default-values.ts'
import type { PlacedSchema } from './hoisted.ts'
import { validateListKeywords } from './list-keywords.ts'
import { printedSchema } from './printed.ts'
import { validateRules } from './rules.ts'
import { unreadable, validateStructural } from './structural.ts'

const ROOT_FIELDS: ReadonlySet<string> = new Set(['description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'multipleOf', 'required', 'items', 'properties', 'externalDocs', 'example', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations'])
const ROOT_FIELD_NAMES = '[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]'

/** What the rules of one schema get wrong: who reads expressions brings it. */
export interface RuleErrors {
  /** Of defaults that break rules. */
  readonly defaults: readonly FieldError[]
  /** Of the rules themselves. */
  readonly rules: readonly FieldError[]
}

/** By the path of the schema. */
export type RuleErrorsOf = ReadonlyMap<string, RuleErrors>

/** Every mistake in one schema of a definition. */
export function validateSchema({ schema, path, hasStatus }: PlacedSchema, ruled?: RuleErrors): readonly FieldError[] {
  const errors: FieldError[] = []
  if (hasStatus) errors.push(...rootErrors(schema, path))
  if (schema.nullable) errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'))
  const problem = unreadable(schema)
  if (problem === undefined) {
    const structural = validateStructural(schema, path)
    errors.push(...(structural.length > 0 ? structural : [...validateDefaults(schema, path), ...(ruled?.defaults ?? [])]))
  }
  errors.push(...keywordErrors(schema, path, ROOT), ...(ruled?.rules ?? []))
  return errors.length === 0 && problem !== undefined ? [invalid(path, '', problem)] : errors
}

interface Obstacles {
  /** Rules of others are not read at all. */
  readonly isSound: boolean
  readonly defaults: readonly FieldError[]
  /** Rules around these are not read. */
  readonly keywords: readonly FieldError[]
}

/** What keeps rules of the schema from being read. */
export function obstaclesToRules({ schema, path }: PlacedSchema): Obstacles {
  const isSound = unreadable(schema) === undefined && validateStructural(schema, path).length === 0
  return { isSound, defaults: isSound ? validateDefaults(schema, path) : [], keywords: keywordErrors(schema, path, ROOT) }
}

function rootErrors(schema: PropsSchema, path: string): readonly FieldError[] {
  const first = schema.id !== undefined || schema.$schema !== undefined || schema.$ref !== undefined
  if (!first && schema.type !== undefined && schema.type !== 'object') return [invalid(`${path}.type`, schema.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')]
  const other = Object.keys(schema).some((name) => !ROOT_FIELDS.has(name))
  return other ? [invalid(path, printedSchema(schema), `only ${ROOT_FIELD_NAMES} fields are allowed at the root of the schema if the status subresource is enabled`)] : []
}

/** Where in the schema a keyword stands. */
interface Where {
  readonly isRoot: boolean
  /** Why nothing may have a default here. */
  readonly noDefaults: string | undefined
  readonly insideMeta: boolean
}

const ROOT: Where = { isRoot: true, noDefaults: undefined, insideMeta: false }

function keywordErrors(schema: PropsSchema, path: string, where: Where): readonly FieldError[] {
  const below: Where = { ...where, isRoot: false }
  const inner = (one: PropsSchema | undefined, at: string, there = below): readonly FieldError[] => (one ? keywordErrors(one, `${path}.${at}`, there) : [])
  const each = (list: readonly PropsSchema[] | undefined, name: string): readonly FieldError[] => (list ?? []).flatMap((one, index) => inner(one, `${name}[${index}]`))
  const maps = where.insideMeta ? { ...below, noDefaults: 'inside additionalProperties applying to object metadata' } : below
  return [
    ...plainErrors(schema, path, where),
    ...(schema.uniqueItems ? [forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')] : []),
    ...mutuallyExclusive(schema, path),
    ...inner(valuesOf(schema), 'additionalProperties', maps),
    ...sortedProperties(schema).flatMap(([name, property]) => keywordErrors(property, `${path}.properties[${name}]`, propertyPlace(schema, name, where))),
    ...inner(schema.not, 'not'),
    ...each(schema.allOf, 'allOf'),
    ...each(schema.oneOf, 'oneOf'),
    ...each(schema.anyOf, 'anyOf'),
    ...sortedProperties({ ...(schema.definitions && { properties: schema.definitions }) }).flatMap(([name, definition]) => keywordErrors(definition, `${path}.definitions[${name}]`, below)),
    ...inner(itemsOf(schema), 'items'),
    ...(Array.isArray(schema.items) ? each(schema.items as readonly PropsSchema[], 'items') : []),
    ...extensionErrors(schema, path),
    ...validateListKeywords(schema, path),
    ...validateRules(schema, path),
  ]
}

function propertyPlace(schema: PropsSchema, name: string, { isRoot, insideMeta, noDefaults }: Where): Where {
  const meta = (isRoot || isEmbedded(schema)) && META_FIELDS.has(name)
  return { isRoot: false, insideMeta: insideMeta || meta, noDefaults: meta && isRoot ? `in top-level ${name}` : noDefaults }
}

function mutuallyExclusive(schema: PropsSchema, path: string): readonly FieldError[] {
  const { additionalProperties, properties = {} } = schema
  if (additionalProperties === undefined || additionalProperties === true || Object.keys(properties).length === 0) return []
  return [forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive')]
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']

function plainErrors(schema: PropsSchema, path: string, { noDefaults, insideMeta }: Where): readonly FieldError[] {
  const errors: FieldError[] = []
  const no = (name: string, message = `${name} is not supported`): void => void errors.push(forbidden(`${path}.${name}`, message))
  const { type = '' } = schema
  if (type !== '' && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES))
  if (schema.default !== undefined && noDefaults !== undefined) no('default', `must not be set ${noDefaults}`)
  if (schema.id) no('id')
  if (schema.additionalItems !== undefined) no('additionalItems')
  if (schema.patternProperties) no('patternProperties')
  if (schema.definitions) no('definitions')
  if (schema.dependencies !== undefined) no('dependencies')
  if (schema.$ref !== undefined) no('$ref')
  if (type === 'null') no('type', 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(schema.items)) no('items', 'items must be a schema object and not an array')
  if (insideMeta && isEmbedded(schema)) no('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')
  return errors
}

function extensionErrors(schema: PropsSchema, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  const { type = '' } = schema
  const mapType = schema['x-kubernetes-map-type']
  const wanted = 'must be object if x-kubernetes-map-type is specified'
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  if (mapType !== undefined && type !== 'object') errors.push(type === '' ? required(`${path}.type`, wanted) : invalid(`${path}.type`, type, wanted))
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular') errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  return errors
}
