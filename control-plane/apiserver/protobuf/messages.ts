/**
 * Messages of the Kubernetes API: which field a number stands for, and how its value is written. Only the numbers are a table of their own
 * (`fields.json`: `name=number` per message, `name=number?` for a pointer in Go, `*Message=number` for a struct that JSON writes inline); everything else is in the schemas.
 */
import { ownMember } from '../../../shared/model/json.ts'
import { findSchema, refName, type Schema, schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import { compileSchema, typeOf } from '../../../shared/model/schemas/types.ts'
import fields from './fields.json' with { type: 'json' }
import { type FieldNumber, type Message, messageOf, type Shape } from './message.ts'
import { unpublishedKind, unpublishedMessages } from './unpublished-messages.ts'
import newerFields from './newer-fields.json' with { type: 'json' }

const PREFIX = 'io.k8s.'
const numbersOf = (name: string): string | undefined => {
  const known = ownMember<string>(fields, name)
  const newer = ownMember<string>(newerFields, name)
  return known !== undefined && newer !== undefined ? `${known} ${newer}` : (known ?? newer)
}

const compiled = new Map<string, Message | undefined>(unpublishedMessages)

/** The message of a schema (`io.k8s.api.core.v1.Pod`), compiled when first asked for; `undefined` for what has none. */
export function findMessage(schema: string): Message | undefined {
  if (!compiled.has(schema)) compiled.set(schema, compile(schema.slice(PREFIX.length), findSchema(schema)))
  return compiled.get(schema)
}

/** The message of a kind that is served; `undefined` for custom resources. */
export function messageOfKind(apiVersion: string, kind: string): Message | undefined {
  const schema = schemaOfKind(apiVersion, kind) ?? unpublishedKind(apiVersion, kind)
  return schema === undefined ? undefined : findMessage(schema)
}

/** @param schema where the fields' types are: of an inline struct, the one it stands in. */
function compile(name: string, schema: Schema | undefined): Message | undefined {
  const numbers = numbersOf(name)
  if (numbers === undefined || !schema?.properties) return undefined
  const { properties } = schema
  const found = numbers.split(' ').flatMap((entry): ReadonlyArray<readonly [number, FieldNumber]> => {
    const [, said = '', number = '', pointer] = ENTRY.exec(entry) ?? []
    const property = ownMember(properties, said)
    if (property) return [[Number(number), { kind: 'field', name: said, shape: shapeOf(property), isPointer: pointer !== undefined }]]
    const inline = said.startsWith('*') ? compile(said.slice(1), schema) : undefined
    return inline ? [[Number(number), { kind: 'inline', message: inline }]] : []
  })
  return messageOf(name.slice(name.lastIndexOf('.') + 1), found)
}

const ENTRY = /^(.+)=(\d+)(\?)?$/

/** Lists cannot be values of a map. */
const inMessage = (shape: Shape): Shape => (shape.kind === 'list' ? { kind: 'items', items: shape } : shape)

const PROPS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const props: Shape = { kind: 'message', schema: PROPS }

/** What schemas cannot say of schemas. */
const either = new Map<string | undefined, ReadonlyMap<number, Shape>>([
  [`${PROPS}OrArray`, new Map<number, Shape>([[1, props], [2, { kind: 'list', items: props }]])],
  [`${PROPS}OrBool`, new Map<number, Shape>([[1, { kind: 'scalar', scalar: 'boolean' }], [2, props]])],
  [`${PROPS}OrStringArray`, new Map<number, Shape>([[1, props], [2, { kind: 'list', items: { kind: 'scalar', scalar: 'string' } }]])],
])

function shapeOf(schema: Schema): Shape {
  const ref = refName(schema)
  const shapes = either.get(ref)
  if (shapes) return { kind: 'either', shapes }
  const type = ref === undefined ? compileSchema(schema) : typeOf(ref)
  switch (type.kind) {
    case 'any':
    case 'deduced':
      return { kind: 'raw' }
    case 'object':
      return { kind: 'message', schema: ref ?? '' }
    case 'list':
      return { kind: 'list', items: shapeOf(schema.items ?? {}) }
    case 'map':
      return { kind: 'map', values: inMessage(shapeOf(typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {})) }
    default:
      return { kind: 'scalar', scalar: type.kind }
  }
}
