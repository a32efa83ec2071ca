/** Whether a schema is structural: every value's type is told outside of what only judges it. */
import { type FieldError, fieldErrorText, forbidden, invalid, required } from '../../../../shared/model/field-error.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import { patternProblemOf } from '../../../../shared/model/structural/patterns.ts'
import { isEmbedded, isIntOrString, itemsOf, preservesUnknown, type PropsSchema, sortedProperties, valuesOf } from '../../../../shared/model/structural/schema.ts'

type Level = 'root' | 'item' | 'field'

const MISSING_TYPE: Readonly<Record<Level, string>> = { root: 'must not be empty at the root', item: 'must not be empty for specified array items', field: 'must not be empty for specified object fields' }

/** Why the schema cannot be read as a structural one at all; `undefined` if it can. Other objections say the same in better places. */
export function unreadable(schema: PropsSchema): string | undefined {
  const unsupported = Object.entries({ id: schema.id, schema: schema.$schema, definitions: schema.definitions, dependencies: schema.dependencies, $ref: schema.$ref, additionalItems: schema.additionalItems, patternProperties: schema.patternProperties }).find(([, value]) => value !== undefined && value !== '')
  if (unsupported) return `OpenAPIV3Schema '${unsupported[0]}' is not supported`
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  const inner = [...(items ? [items] : []), ...sortedProperties(schema).map(([, property]) => property), ...(values ? [values] : []), ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.not ? [schema.not] : [])]
  for (const one of inner) {
    const problem = unreadable(one)
    if (problem !== undefined) return problem
  }
  return undefined
}

export function validateStructural(schema: PropsSchema, path: string): readonly FieldError[] {
  return [...invariants(schema, 'root', path), ...validateCompleteness(schema, path)].toSorted((a, b) => (fieldErrorText(a) < fieldErrorText(b) ? -1 : 1))
}

function invariants(schema: PropsSchema, level: Level, path: string): readonly FieldError[] {
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  return [
    ...(schema.type === 'array' && !items ? [required(`${path}.items`, 'must be specified')] : []),
    ...(items ? invariants(items, 'item', `${path}.items`) : []),
    ...sortedProperties(schema).flatMap(([name, property]) => invariants(property, 'field', `${path}.properties[${name}]`)),
    ...(schema.additionalProperties !== undefined && level === 'root' ? [forbidden(`${path}.additionalProperties`, 'must not be used at the root')] : []),
    ...(values ? invariants(values, 'field', `${path}.additionalProperties`) : []),
    ...extensionErrors(schema, path),
    ...judgingErrors(schema, path, intOrStringForm(schema)),
    ...typeErrors(schema, level, path),
    ...metaFieldErrors(schema, level, path),
  ]
}

function extensionErrors(schema: PropsSchema, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (isIntOrString(schema) && preservesUnknown(schema)) errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'))
  if (isIntOrString(schema) && isEmbedded(schema)) errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'))
  if (isEmbedded(schema) && schema.additionalProperties !== undefined) errors.push(forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'))
  if (isEmbedded(schema) && !preservesUnknown(schema) && sortedProperties(schema).length === 0) errors.push(required(`${path}.properties`, 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'))
  return errors
}

function typeErrors(schema: PropsSchema, level: Level, path: string): readonly FieldError[] {
  const { type = '' } = schema
  const errors: FieldError[] = []
  const embedded = 'must be object if x-kubernetes-embedded-resource is true'
  if (isEmbedded(schema) && type !== 'object') errors.push(type === '' ? required(`${path}.type`, embedded) : invalid(`${path}.type`, type, embedded))
  else if (type === '' && !isIntOrString(schema) && !preservesUnknown(schema)) errors.push(required(`${path}.type`, MISSING_TYPE[level]))
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(`${path}.type`, type, 'must be object at the root'))
  return errors
}

function metaFieldErrors(schema: PropsSchema, level: Level, path: string): readonly FieldError[] {
  const properties = schema.properties ?? {}
  if (level !== 'root' && !isEmbedded(schema)) return []
  const errors = ['apiVersion', 'kind'].flatMap((name) => {
    const property = properties[name]
    return property && property.type !== 'string' ? [invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string')] : []
  })
  const { metadata } = properties
  if (!metadata) return errors
  const at = `${path}.properties[metadata]`
  if (metadata.type !== 'object') errors.push(invalid(`${at}.type`, metadata.type ?? '', 'must be object'))
  if (level === 'root' && !saysOnlyNames(metadata)) errors.push(forbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'))
  return errors
}

function saysOnlyNames(metadata: PropsSchema): boolean {
  const { type: _type, default: _default, properties = {}, ...others } = metadata
  return Object.keys(others).length === 0 && Object.keys(properties).every((name) => name === 'name' || name === 'generateName')
}

/** The two ways in which an int-or-string may repeat its types. */
interface IntOrStringForm {
  readonly anyOf: boolean
  readonly firstAllOf: boolean
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]

const intOrStringForm = ({ anyOf, allOf }: PropsSchema): IntOrStringForm => ({ anyOf: deepEqual(anyOf, INT_OR_STRING), firstAllOf: deepEqual(allOf?.[0]?.anyOf, INT_OR_STRING) })

/** Errors within allOf, anyOf, oneOf and not, and the pattern beside them. */
function judgingErrors(schema: PropsSchema, path: string, form: IntOrStringForm): readonly FieldError[] {
  const each = (list: readonly PropsSchema[] | undefined, name: string): readonly FieldError[] => (list ?? []).flatMap((one, index) => nestedErrors(one, `${path}.${name}[${index}]`, name === 'allOf' && index === 0 && form.firstAllOf))
  return [...(form.anyOf ? [] : each(schema.anyOf, 'anyOf')), ...each(schema.allOf, 'allOf'), ...each(schema.oneOf, 'oneOf'), ...(schema.not ? nestedErrors(schema.not, `${path}.not`, false) : []), ...patternErrors(schema, path)]
}

function patternErrors({ pattern = '' }: PropsSchema, path: string): readonly FieldError[] {
  const problem = pattern === '' ? undefined : patternProblemOf(pattern)
  return problem === undefined ? [] : [invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`)]
}

const EMPTY = 'must be empty to be structural'
const UNDEFINED = 'must be undefined to be structural'
const FALSE = 'must be false to be structural'

const FORBIDDEN: ReadonlyArray<readonly [name: keyof PropsSchema, rule: string]> = [
  ['type', EMPTY],
  ['additionalProperties', UNDEFINED],
  ['default', UNDEFINED],
  ['title', EMPTY],
  ['description', EMPTY],
  ['nullable', FALSE],
  ['externalDocs', UNDEFINED],
  ['x-kubernetes-preserve-unknown-fields', FALSE],
  ['x-kubernetes-embedded-resource', FALSE],
  ['x-kubernetes-int-or-string', FALSE],
  ['x-kubernetes-list-map-keys', EMPTY],
  ['x-kubernetes-list-type', UNDEFINED],
  ['x-kubernetes-map-type', UNDEFINED],
  ['x-kubernetes-validations', EMPTY],
]

function nestedErrors(schema: PropsSchema, path: string, skipAnyOf: boolean): readonly FieldError[] {
  const items = itemsOf(schema)
  const metadata = schema.properties?.['metadata']
  return [
    ...judgingErrors(schema, path, { anyOf: skipAnyOf, firstAllOf: false }),
    ...(items ? nestedErrors(items, `${path}.items`, false) : []),
    ...sortedProperties(schema).flatMap(([name, property]) => nestedErrors(property, `${path}.properties[${name}]`, false)),
    ...FORBIDDEN.flatMap(([name, rule]) => (schema[name] === undefined || schema[name] === false || schema[name] === '' ? [] : [forbidden(`${path}.${name}`, rule)])),
    ...(metadata ? [forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context')] : []),
  ]
}

/** What the root's allOf, anyOf, oneOf and not speak of must be declared beside them; those further in may speak of anything. */
const validateCompleteness = (schema: PropsSchema, path: string): readonly FieldError[] => branchesOf(schema).flatMap(([name, branch]) => undeclared(branch, schema, { declared: path, spoken: `${path}.${name}` }))

const branchesOf = ({ not, allOf = [], anyOf = [], oneOf = [] }: PropsSchema): ReadonlyArray<readonly [string, PropsSchema]> => [
  ...(not ? [['not', not] as const] : []),
  ...Object.entries({ allOf, anyOf, oneOf }).flatMap(([name, list]) => list.map((one, index) => [`${name}[${index}]`, one] as const)),
]

interface Places {
  /** Where it should stand, and where it is spoken of. */
  readonly declared: string
  readonly spoken: string
}

function undeclared(branch: PropsSchema, schema: PropsSchema | undefined, { declared, spoken }: Places): readonly FieldError[] {
  if (!schema) return [required(declared, `because it is defined in ${spoken}`)]
  const items = itemsOf(branch)
  return [
    ...branchesOf(branch).flatMap(([name, one]) => undeclared(one, schema, { declared, spoken: `${spoken}.${name}` })),
    ...(items ? undeclared(items, itemsOf(schema), { declared: `${declared}.items`, spoken: `${spoken}.items` }) : []),
    ...sortedProperties(branch).flatMap(([name, property]) => undeclared(property, Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined, { declared: `${declared}.properties[${name}]`, spoken: `${spoken}.properties[${name}]` })),
  ]
}
