/** `metadata` of embedded objects: read and judged as that of whole ones. */
import { childPath, type FieldError, invalid, required } from '../field-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { decodeObject } from '../schemas/decode.ts'
import { validateObjectMeta } from '../validation/object-meta.ts'
import { dns1035LabelProblems } from '../validation/names.ts'
import type { ObjectMeta } from '../gen/api.ts'
import { isEmbedded, itemsOf, type PropsSchema, valuesOf } from './schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

export interface ReadMeta {
  readonly metadata: Json
  readonly typeError: string | undefined
  /** Unknown members, without the path of the metadata. */
  readonly unknown: readonly string[]
}

export function readMeta(value: Json): ReadMeta {
  const { object, typeError, strictErrors } = decodeObject(OBJECT_META, value)
  return { metadata: object, typeError, unknown: strictErrors.map((error) => /^unknown field "(.*)"$/s.exec(error)?.[1] ?? error) }
}

type Visit = (object: JsonObject, path: string) => Json

/** The value with each embedded object in it replaced by what the visitor makes of it. */
export const mapEmbedded = (schema: PropsSchema, value: Json, visit: Visit): Json => mapBelow(schema, value, { visit, path: '' })

function mapBelow(schema: PropsSchema, value: Json, { visit, path }: { readonly visit: Visit; readonly path: string }): Json {
  if (Array.isArray(value)) {
    const items = itemsOf(schema)
    return items ? (value as readonly Json[]).map((item, index) => mapBelow(items, item, { visit, path: `${path}[${index}]` })) : value
  }
  if (!isJsonObject(value)) return value
  const own = isEmbedded(schema) && path !== '' ? visit(value, path) : value
  if (!isJsonObject(own)) return own
  const values = valuesOf(schema)
  const properties = schema.properties ?? {}
  const members = Object.entries(own).map(([name, member]): readonly [string, Json] => {
    const known = Object.hasOwn(properties, name) ? properties[name] : values
    return [name, known ? mapBelow(known, member, { visit, path: childPath(path, name) }) : member]
  })
  return members.some(([name, member]) => own[name] !== member) ? Object.fromEntries(members) : own
}

/** Whether anything in the schema is an embedded object. */
export function hasEmbedded(schema: PropsSchema): boolean {
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  return isEmbedded(schema) || [...Object.values(schema.properties ?? {}), ...(items ? [items] : []), ...(values ? [values] : [])].some(hasEmbedded)
}

/** Every mistake in what embedded objects say of themselves. */
export function validateEmbedded(schema: PropsSchema, value: Json): readonly FieldError[] {
  const errors: FieldError[] = []
  mapEmbedded(schema, value, (object, path) => {
    errors.push(...validateWholeMeta(object, path))
    return object
  })
  return errors
}

/** Of one object alone. */
export const validateWholeMeta = (object: JsonObject, path: string): readonly FieldError[] => [
  ...validateApiVersion(object['apiVersion'], childPath(path, 'apiVersion')),
  ...validateKind(object['kind'], childPath(path, 'kind')),
  ...validateEmbeddedMeta(object['metadata'], childPath(path, 'metadata')),
]

function validateApiVersion(value: Json | undefined, path: string): readonly FieldError[] {
  if (value === undefined || value === null) return [required(path)]
  if (typeof value !== 'string') return [invalid(path, value, 'must be a string')]
  if (value === '') return [invalid(path, value, 'must not be empty')]
  return value.split('/').length > 2 ? [invalid(path, value, `unexpected GroupVersion string: ${value}`)] : []
}

function validateKind(value: Json | undefined, path: string): readonly FieldError[] {
  if (value === undefined || value === null) return [required(path)]
  if (typeof value !== 'string') return [invalid(path, value, 'must be a string')]
  if (value === '') return [invalid(path, value, 'must not be empty')]
  const problems = dns1035LabelProblems(value.toLowerCase())
  return problems.length === 0 ? [] : [invalid(path, value, `may have mixed case, but should otherwise match: ${problems.join(',')}`)]
}

/** Names need only fit into a path there, and may be missing. */
function validateEmbeddedMeta(value: Json | undefined, path: string): readonly FieldError[] {
  if (!isJsonObject(value)) return []
  const meta = { ...value, name: value['name'] || 'fakename' } as unknown as ObjectMeta
  return validateObjectMeta(meta, { namespaced: (meta.namespace ?? '') !== '', nameRule: 'path-segment', anyFinalizer: true }, path)
}
