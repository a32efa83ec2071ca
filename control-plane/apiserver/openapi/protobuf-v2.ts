/** The Swagger document as gnostic's `openapi.v2.Document`, which kubectl asks for. The numbers are those of its OpenAPIv2.proto. PURE. */
import type { V2Document, V2Operation, V2Parameter, V2Schema } from './document-v2.ts'
import { flag, message, text, texts, whole, type Field } from './proto-writer.ts'

export function protobufV2(document: V2Document): Buffer {
  return whole([
    text(1, document.swagger),
    message(2, [text(1, document.info.title), text(2, document.info.version)]),
    message(8, Object.entries(document.paths).map(([path, item]) => message(2, [text(1, path), message(2, pathItem(item))]))),
    message(9, namedSchemas(document.definitions)),
    ...document.security.map((requirement) => message(12, Object.keys(requirement).map((name) => message(1, [text(1, name), message(2, [])])))),
    message(13, Object.entries(document.securityDefinitions).map(([name, scheme]) => message(1, [text(1, name), message(2, [message(2, [text(1, scheme['type']), text(2, scheme['name']), text(3, scheme['in']), text(4, scheme['description'])])])]))),
  ])
}

const METHOD_NUMBERS: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 }

const pathItem = (item: V2Document['paths'][string]): readonly Field[] =>
  Object.entries(item).map(([key, value]) => {
    const number = METHOD_NUMBERS[key]
    return number === undefined ? (value as readonly V2Parameter[]).flatMap((parameter) => message(9, parameterItem(parameter))) : message(number, operation(value as V2Operation))
  })

const operation = (one: V2Operation): readonly Field[] => [
  texts(1, one.tags),
  text(3, one.description),
  text(5, one.operationId),
  texts(6, one.produces),
  texts(7, one.consumes),
  ...(one.parameters ?? []).map((parameter) => message(8, parameterItem(parameter))),
  message(9, Object.entries(one.responses).map(([status, response]) => message(1, [text(1, status), message(2, [message(1, [text(1, response.description), response.schema ? message(2, [message(1, schemaFields(response.schema))]) : []])])]))),
  texts(10, one.schemes),
  ...extensions(13, one as unknown as V2Schema),
]

function parameterItem(parameter: V2Parameter): readonly Field[] {
  if (parameter.in === 'body') return [message(1, [message(1, [text(2, parameter.name), text(3, 'body'), flag(4, parameter.required), message(5, schemaFields(parameter.schema ?? {}))])])]
  // Query parameters carry one field more in front of their type than path parameters.
  const typeNumber = parameter.in === 'query' ? 6 : 5
  const fields = [flag(1, parameter.required), text(2, parameter.in), text(3, parameter.description), text(4, parameter.name), text(typeNumber, parameter.type)]
  return [message(1, [message(2, [message(parameter.in === 'query' ? 3 : 4, fields)])])]
}

const namedSchemas = (schemas: Readonly<Record<string, V2Schema>>): readonly Field[] => Object.entries(schemas).map(([name, schema]) => message(1, [text(1, name), message(2, schemaFields(schema))]))

function schemaFields(schema: V2Schema): readonly Field[] {
  const of = <T>(key: string): T | undefined => schema[key] as T | undefined
  const type = of<string>('type')
  const items = of<V2Schema>('items')
  const additional = of<V2Schema>('additionalProperties')
  const properties = of<Readonly<Record<string, V2Schema>>>('properties')
  return [
    text(1, of('$ref')),
    text(2, of('format')),
    text(4, of('description')),
    texts(19, of('required')),
    ...(of<readonly unknown[]>('enum') ?? []).map((value) => message(20, [text(2, `${JSON.stringify(value)}\n`)])),
    message(21, additional && [message(1, schemaFields(additional))]),
    message(22, type === undefined ? undefined : [text(1, type)]),
    message(23, items && [message(1, schemaFields(items))]),
    message(25, properties && namedSchemas(properties)),
    ...extensions(31, schema),
  ]
}

/** Extensions are told as YAML text, which JSON is. */
const extensions = (number: number, of: V2Schema): readonly Field[] =>
  Object.entries(of)
    .filter(([key]) => key.startsWith('x-'))
    .map(([key, value]) => message(number, [text(1, key), message(2, [text(2, `${JSON.stringify(value)}\n`)])]))
