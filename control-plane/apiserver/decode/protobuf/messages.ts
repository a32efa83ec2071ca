/**
 * Messages of the Kubernetes API: which field a number stands for, and how its value is written. Only the numbers are a table of their own
 * (`fields.json`: `name=number` per message, `*Message=number` for a struct that JSON writes inline); everything else is in the schemas.
 */
import { ownMember } from '../../../../shared/model/json.ts'
import { findSchema, refName, type Schema } from '../../../../shared/model/schemas/schema.ts'
import { compileSchema, type ScalarKind, typeOf } from '../../../../shared/model/schemas/types.ts'
import fields from './fields.json' with { type: 'json' }
import newerFields from './newer-fields.json' with { type: 'json' }

export type Shape =
  | { readonly kind: 'scalar'; readonly scalar: ScalarKind }
  /** A message whose first field holds JSON as bytes: raw extensions, managed fields. */
  | { readonly kind: 'raw' }
  | { readonly kind: 'list'; readonly items: Shape }
  /** Repeated messages of a key (1) and a value (2). */
  | { readonly kind: 'map'; readonly values: Shape }
  | { readonly kind: 'message'; readonly schema: string }
  /** A message that stands for one of its fields: a schema or a list of them, a schema or a yes. */
  | { readonly kind: 'either'; readonly shapes: ReadonlyMap<number, Shape> }
  /** A list in a message of its own, as the values of some maps are. */
  | { readonly kind: 'items'; readonly items: Shape }

export type FieldNumber =
  | { readonly kind: 'field'; readonly name: string; readonly shape: Shape }
  /** Its fields stand among those of the message it is in. */
  | { readonly kind: 'inline'; readonly message: Message }

export interface Message {
  readonly name: string
  readonly byNumber: ReadonlyMap<number, FieldNumber>
}

const PREFIX = 'io.k8s.'
const numbersOf = (name: string): string | undefined => {
  const known = ownMember<string>(fields, name)
  const newer = ownMember<string>(newerFields, name)
  return known !== undefined && newer !== undefined ? `${known} ${newer}` : (known ?? newer)
}

const compiled = new Map<string, Message | undefined>()

/** The message of a schema (`io.k8s.api.core.v1.Pod`), compiled when first asked for; `undefined` for what has none. */
export function findMessage(schema: string): Message | undefined {
  if (!compiled.has(schema)) compiled.set(schema, compile(schema.slice(PREFIX.length), findSchema(schema)))
  return compiled.get(schema)
}

/** @param schema where the fields' types are: of an inline struct, the one it stands in. */
function compile(name: string, schema: Schema | undefined): Message | undefined {
  const numbers = numbersOf(name)
  if (numbers === undefined || !schema?.properties) return undefined
  const byNumber = new Map<number, FieldNumber>()
  for (const entry of numbers.split(' ')) {
    const [field = '', number = ''] = entry.split('=')
    const property = ownMember(schema.properties, field)
    if (property) byNumber.set(Number(number), { kind: 'field', name: field, shape: shapeOf(property) })
    const inline = field.startsWith('*') ? compile(field.slice(1), schema) : undefined
    if (inline) byNumber.set(Number(number), { kind: 'inline', message: inline })
  }
  return { name: name.slice(name.lastIndexOf('.') + 1), byNumber }
}

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
