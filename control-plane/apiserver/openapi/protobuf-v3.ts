/** An OpenAPI 3.0 document as gnostic's `openapi.v3.Document`. The numbers are those of its OpenAPIv3.proto. PURE. */
import { isJsonObject, isNumber, ownMember, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { double, flag, integer, message, presentDouble, presentFlag, presentText, text, whole, type Field } from './proto-writer.ts'

/** What a value becomes as the field of that number. What is of another type than the field is left out, as are texts and numbers that are empty. */
type Write = (number: number, value: Json) => Field

interface Message {
  /** By its name in the document: the number of a field, and how it is written. */
  readonly fields: Readonly<Record<string, readonly [number: number, write: Write]>>
  /** Where `x-…` goes. */
  readonly extensions?: number
}

export const protobufV3 = (document: JsonObject): Buffer => whole(fieldsOf(documentMessage, document))

const fieldsOf = ({ fields, extensions }: Message, object: JsonObject): readonly Field[] =>
  Object.entries(object).map(([key, value]) => {
    const [number, write] = ownMember(fields, key) ?? []
    if (number !== undefined && write) return write(number, value)
    return key.startsWith('x-') && extensions !== undefined ? named(extensions, key, anyFields(value)) : []
  })

const word: Write = (number, value) => (typeof value === 'string' ? text(number, value) : [])
const yes: Write = (number, value) => flag(number, value === true)
const count: Write = (number, value) => (isNumber(value) ? integer(number, value) : [])
const quantity: Write = (number, value) => (isNumber(value) ? double(number, Number(value)) : [])
const any: Write = (number, value) => message(number, anyFields(value))
const each = (write: Write): Write => (number, value) => (Array.isArray(value) ? (value as readonly Json[]).flatMap((one) => write(number, one)) : [])
const object = (of: Message): Write => (number, value) => (isJsonObject(value) ? message(number, fieldsOf(of, value)) : [])

/** As YAML text, which JSON is. */
const anyFields = (value: Json): readonly Field[] => [text(2, `${JSON.stringify(value)}\n`)]

const named = (number: number, name: string, value: readonly Field[]): Field => message(number, [text(1, name), message(2, value)])

/** A map is a message of its own, which lists names with their values. */
const mapOf = (value: (value: JsonObject) => readonly Field[]): Write => (number, map) =>
  isJsonObject(map) ? message(number, Object.entries(map).map(([name, one]) => (isJsonObject(one) ? named(1, name, value(one)) : []))) : []

const orReference = (of: Message) => (value: JsonObject): readonly Field[] =>
  typeof value['$ref'] === 'string' ? [message(2, [text(1, value['$ref'])])] : [message(1, fieldsOf(of, value))]

const objectOrReference = (of: Message): Write => (number, value) => (isJsonObject(value) ? message(number, orReference(of)(value)) : [])

const externalDocs: Message = { fields: { description: [1, word], url: [2, word] }, extensions: 3 }

const schema: Message = {
  fields: {
    nullable: [1, yes],
    externalDocs: [6, object(externalDocs)],
    example: [7, any],
    title: [9, word],
    multipleOf: [10, quantity],
    maximum: [11, quantity],
    exclusiveMaximum: [12, yes],
    minimum: [13, quantity],
    exclusiveMinimum: [14, yes],
    maxLength: [15, count],
    minLength: [16, count],
    pattern: [17, word],
    maxItems: [18, count],
    minItems: [19, count],
    uniqueItems: [20, yes],
    maxProperties: [21, count],
    minProperties: [22, count],
    required: [23, each(word)],
    enum: [24, each(any)],
    type: [25, word],
    allOf: [26, each(schemaOrReference)],
    oneOf: [27, each(schemaOrReference)],
    anyOf: [28, each(schemaOrReference)],
    not: [29, (number, value) => object(schema)(number, value)],
    items: [30, (number, value) => message(number, [schemaOrReference(1, value)])],
    properties: [31, (number, value) => mapOf(orReference(schema))(number, value)],
    additionalProperties: [32, (number, value) => message(number, [typeof value === 'boolean' ? presentFlag(2, value) : schemaOrReference(1, value)])],
    default: [33, (number, value) => message(number, [defaultField(value)])],
    description: [34, word],
    format: [35, word],
  },
  extensions: 36,
}

function schemaOrReference(number: number, value: Json): Field {
  return objectOrReference(schema)(number, value)
}

/** One of three; of objects and lists only that there is a default. */
function defaultField(value: Json): Field {
  if (isNumber(value)) return presentDouble(1, Number(value))
  if (typeof value === 'boolean') return presentFlag(2, value)
  return typeof value === 'string' ? presentText(3, value) : []
}

const parameter: Message = { fields: { name: [1, word], in: [2, word], description: [3, word], required: [4, yes], schema: [10, schemaOrReference] }, extensions: 14 }
const content = mapOf((media) => fieldsOf({ fields: { schema: [1, schemaOrReference] }, extensions: 5 }, media))
const requestBody: Message = { fields: { description: [1, word], content: [2, content], required: [3, yes] }, extensions: 4 }
const response: Message = { fields: { description: [1, word], content: [3, content] }, extensions: 5 }
const responses: Write = (number, value) => (isJsonObject(value) ? message(number, Object.entries(value).map(([status, one]) => (isJsonObject(one) ? named(2, status, orReference(response)(one)) : []))) : [])

const operation: Message = {
  fields: { tags: [1, each(word)], description: [3, word], operationId: [5, word], parameters: [6, each(objectOrReference(parameter))], requestBody: [7, objectOrReference(requestBody)], responses: [8, responses] },
  extensions: 13,
}
const method = object(operation)
const pathItem: Message = {
  fields: { get: [4, method], put: [5, method], post: [6, method], delete: [7, method], options: [8, method], head: [9, method], patch: [10, method], parameters: [13, each(objectOrReference(parameter))] },
  extensions: 14,
}
const securityScheme: Message = { fields: { type: [1, word], description: [2, word], name: [3, word], in: [4, word] }, extensions: 9 }
const components: Message = { fields: { schemas: [1, mapOf(orReference(schema))], securitySchemes: [7, mapOf(orReference(securityScheme))] }, extensions: 10 }
const info: Message = { fields: { title: [1, word], version: [6, word] }, extensions: 7 }
const documentMessage: Message = { fields: { openapi: [1, word], info: [2, object(info)], paths: [4, mapOf((item) => fieldsOf(pathItem, item))], components: [5, object(components)] }, extensions: 9 }
