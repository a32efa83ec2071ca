import { describe, expect, test } from 'vitest'
import type { CustomResourceDefinition } from '../../../../shared/model/gen/api.ts'
import { fieldErrorText } from '../../../../shared/model/field-error.ts'
import { encodeBase64 } from '../../../../shared/model/base64.ts'
import type { JsonObject } from '../../../../shared/model/json.ts'
import { definitionWarnings } from '../../warnings/custom-resource-definition.ts'
import { validateDefinitionChange, validateNewDefinition } from './definition.ts'

const LABEL = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const PRINTED = (name: string, storage: boolean): string => JSON.stringify({ Name: name, Served: true, Storage: storage, Deprecated: false, DeprecationWarning: null, Schema: null, Subresources: null, AdditionalPrinterColumns: null, SelectableFields: null })

const version = (name: string, more: JsonObject = {}): JsonObject => ({ name, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...more })

const definition = (versions: readonly JsonObject[], storedVersions = ['v1']): CustomResourceDefinition =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' }, versions },
    status: { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions },
  }) as unknown as CustomResourceDefinition

const withSchema = (x: JsonObject): CustomResourceDefinition => definition([version('v1', { schema: { openAPIV3Schema: { type: 'object', properties: { x } } } })])
const errors = (subject: CustomResourceDefinition): readonly string[] => validateNewDefinition(subject).map(fieldErrorText)

test('several schemas of a list of type map are printed as the internal type has them', () => {
  const said = errors(withSchema({ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'], items: [{ type: 'object' }] })).find((text) => text.includes('must only have a single schema'))
  expect(said).toMatch(/^spec\.validation\.openAPIV3Schema\.properties\[x\]\.items: Invalid value: \{"Schema":null,"JSONSchemas":\[\{"ID":"","Schema":"",.*"Type":"object"/)
})

describe('versions', () => {
  test('the name of the first is judged twice, that of others once', () => {
    expect(errors(definition([version('V1')], ['V1']))).toEqual([`spec.versions[0].name: Invalid value: "V1": ${LABEL}`, `spec.version: Invalid value: "V1": ${LABEL}`])
    expect(errors(definition([version('v1'), version('v1.2', { storage: false })]))).toEqual([`spec.versions[1].name: Invalid value: "v1.2": ${LABEL}`])
    expect(errors(definition([version('')], ['']))).toEqual([`spec.versions[0].name: Invalid value: "": ${LABEL}`])
  })

  test('two of storage are printed without what they have in common', () => {
    expect(errors(definition([version('v1'), version('v2')]))).toEqual([
      `spec.versions: Invalid value: [${PRINTED('v1', true)},${PRINTED('v2', true)}]: must have exactly one version marked as storage version`,
      `status.storedVersions: Invalid value: ${PRINTED('v2', true)}: must have the storage version v2`,
    ])
  })

  test('a warning of one that is not deprecated is not read', () => {
    expect(errors(definition([version('v1', { deprecationWarning: '' })]))).toEqual(['spec.versions[0].deprecationWarning: Invalid value: "": can only be set for deprecated versions'])
  })
})

test('certificates for conversions are judged once the definition is established, unless none could be read before', () => {
  const plain = definition([version('v1')])
  const calling = (caBundle: string, established = true): CustomResourceDefinition => {
    const conditions = established ? [{ type: 'Established', status: 'True' }] : []
    const conversion = { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x.example', caBundle }, conversionReviewVersions: ['v1'] } }
    return { ...plain, spec: { ...plain.spec, conversion }, status: { ...plain.status, conditions } } as unknown as CustomResourceDefinition
  }
  const [garbage, key] = ['aGk=', encodeBase64('-----BEGIN KEY-----\naGk=\n-----END KEY-----\n')]
  const certificate = encodeBase64('-----BEGIN CERTIFICATE-----\naGk=\n-----END CERTIFICATE-----\n')
  const told = (now: string, before: CustomResourceDefinition): readonly string[] => validateDefinitionChange(calling(now), before).map(fieldErrorText)
  const refusal = (bundle: string, why: string): string => `spec.conversion.webhookClientConfig.caBundle: Invalid value: "${bundle}": unable to load root certificates: ${why}`
  expect(errors(calling(garbage))).toEqual([])
  expect(told(garbage, calling(certificate))).toEqual([refusal(garbage, 'unable to parse bytes as PEM block')])
  expect(told(key, calling(certificate))).toEqual([refusal(key, 'no valid certificate authority data seen')])
  expect(told(certificate, calling(certificate))).toEqual([])
  expect(told(garbage, calling(garbage))).toEqual([])
  expect(told(garbage, calling(certificate, false))).toEqual([])
})

const EMPTY_SCHEMA =
  '"Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,'
const EMPTY_REST =
  '"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null'

test('a schema is printed with every field it could have', () => {
  const root = { type: 'object', anyOf: [{ required: ['a'] }] }
  const any = `{"ID":"","Schema":"","Ref":null,"Description":"","Type":"",${EMPTY_SCHEMA.replace('"Required":null', '"Required":["a"]')}"AnyOf":null,${EMPTY_REST}}`
  const all = `{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object",${EMPTY_SCHEMA}"AnyOf":[${any}],${EMPTY_REST}}`
  const [error = ''] = errors(definition([version('v1', { schema: { openAPIV3Schema: root }, subresources: { status: {} } })]))
  expect(error).toMatch(/^spec.validation.openAPIV3Schema: Invalid value: \{.*\}: only \[Description .*\] fields are allowed at the root of the schema if the status subresource is enabled$/)
  expect(error).toContain(all)
})

const ROOT = 'spec.validation.openAPIV3Schema'

describe('a schema', () => {
  test.each<[JsonObject, readonly string[]]>([
    // What the root's alternatives speak of is declared beside them; below, nothing is asked.
    [
      { properties: { a: { type: 'object', properties: { b: { type: 'array', items: { type: 'object' } } }, oneOf: [{ properties: { z: {} } }] } }, anyOf: [{ properties: { a: { properties: { b: { items: { properties: { c: {} } } }, d: {} } } } }], not: { properties: { e: {} } } },
      [
        `${ROOT}.properties[a].properties[b].items.properties[c]: Required value: because it is defined in ${ROOT}.anyOf[0].properties[a].properties[b].items.properties[c]`,
        `${ROOT}.properties[a].properties[d]: Required value: because it is defined in ${ROOT}.anyOf[0].properties[a].properties[d]`,
        `${ROOT}.properties[e]: Required value: because it is defined in ${ROOT}.not.properties[e]`,
      ],
    ],
    [{ properties: { metadata: { type: 'string', maxLength: 3 } } }, [`${ROOT}.properties[metadata].type: Invalid value: "string": must be object`, `${ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`]],
    [{ properties: { a: { type: 'string', allOf: [{ externalDocs: { url: 'x' } }] } } }, [`${ROOT}.properties[a].allOf[0].externalDocs: Forbidden: must be undefined to be structural`]],
    [{ properties: { a: { 'x-kubernetes-preserve-unknown-fields': false } } }, [`${ROOT}.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`]],
    // The two types of an int-or-string may be repeated by anybody.
    [{ properties: { a: { type: 'string', anyOf: [{ type: 'integer' }, { type: 'string' }] }, b: { type: 'string', allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }], minLength: 1 }] } } }, []],
    [{ properties: { a: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object', 'x-kubernetes-map-type': 'granular' } } } }, [`${ROOT}.properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`]],
    [{ properties: { a: { type: 'string', 'x-kubernetes-list-type': 'bag' } } }, [`${ROOT}.properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified`, `${ROOT}.properties[a].x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"`]],
    [{ properties: { a: { type: 'object', definitions: { b: { id: 'x' } } } } }, [`${ROOT}.properties[a].definitions: Forbidden: definitions is not supported`, `${ROOT}.properties[a].definitions[b].id: Forbidden: id is not supported`]],
    [{ properties: { a: { type: 'array', items: [{ type: 'null' }] } } }, [`${ROOT}.properties[a].items: Forbidden: items must be a schema object and not an array`, `${ROOT}.properties[a].items[0].type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"`, `${ROOT}.properties[a].items[0].type: Forbidden: type cannot be set to null, use nullable as an alternative`]],
  ])('%j', (schema, wanted) => expect(errors(definition([version('v1', { schema: { openAPIV3Schema: { type: 'object', ...schema } } })])).toSorted()).toEqual(wanted.toSorted()))
})

describe('paths', () => {
  const schema = { type: 'object', properties: { a: { type: 'object', properties: { s: { type: 'string' }, m: { type: 'object', additionalProperties: { type: 'object', properties: { n: { type: 'integer' } } } }, free: { type: 'object', additionalProperties: true } } }, metadata: { type: 'object', properties: { name: { type: 'string' } } } } }
  const selecting = (paths: readonly string[]): readonly string[] => errors(definition([version('v1', { schema: { openAPIV3Schema: schema }, selectableFields: paths.map((jsonPath) => ({ jsonPath })) })]))
  const at = (index: number): string => `spec.selectableFields[${index}].jsonPath`
  const SCALAR = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'

  test('to selectable fields, each with everything that is wrong with it', () => {
    expect(selecting(['.a.m.k.n', '.a.none[0]', '.a.free.x', '.a.', '.a.m', '.a.m', '.metadata.name', '.metadata'])).toEqual([
      `${at(1)}: Invalid value: ".a.none[0]": is an invalid path: does not refer to a valid field`,
      `${at(2)}: Invalid value: ".a.free.x": ${SCALAR}`,
      `${at(3)}: Invalid value: ".a.": is an invalid path: unexpected end of JSON path`,
      `${at(4)}: Invalid value: ".a.m": ${SCALAR}`,
      `${at(5)}: Invalid value: ".a.m": ${SCALAR}`,
      `${at(5)}: Duplicate value: ".a.m"`,
      `${at(6)}: Invalid value: ".metadata.name": must not point to fields in metadata`,
      `${at(7)}: Invalid value: ".metadata": must not point to fields in metadata`,
      `${at(7)}: Invalid value: ".metadata": ${SCALAR}`,
    ])
  })

  test('only different ones are counted', () => {
    expect(selecting([...Array.from({ length: 8 }, (_, key) => `.a.m.k${key}.n`), '.a.m.k0.n'])).toEqual([`${at(8)}: Duplicate value: ".a.m.k0.n"`])
  })

  test('a schema that versions share is none of theirs', () => {
    const [first, second] = [version('v1', { selectableFields: [{ jsonPath: '.spec' }] }), version('v2', { storage: false })]
    expect(errors(definition([first, second]))).toEqual(['spec.versions[0].selectableFields: Invalid value: "": selectableFields may only be set when version.schema.openAPIV3Schema is not included'])
  })

  test.each<[string, boolean]>([
    ['.a.s', true],
    ["['a']['s']", true],
    [".a.m['k.x'].n", true],
    ['.a[0]', false],
    ["['a'", false],
    ["['\\q']", false],
    ['..a', false],
    ['.a.s.t', false],
  ])('of a rule: %s', (fieldPath, isGood) => {
    const wrong = errors(definition([version('v1', { schema: { openAPIV3Schema: { ...schema, 'x-kubernetes-validations': [{ rule: 'true', fieldPath }] } } })]))
    expect(wrong).toEqual(isGood ? [] : [`${ROOT}.x-kubernetes-validations[0].fieldPath: Invalid value: ${JSON.stringify(fieldPath)}: must be a valid path`])
  })
})

test('a name that is to be made is judged, too; columns come before selectable fields', () => {
  const subject = definition([version('v1', { selectableFields: [{ jsonPath: '' }], additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '' }] })])
  expect(errors({ ...subject, metadata: { generateName: 'w-', name: 'w-x' } })).toEqual([
    'metadata.generateName: Invalid value: "w-": must be spec.names.plural+"."+spec.group',
    'metadata.name: Invalid value: "w-x": must be spec.names.plural+"."+spec.group',
    'spec.additionalPrinterColumns[0].JSONPath: Required value',
    'spec.selectableFields[0].jsonPath: Required value',
  ])
})

test('who preserves unknown fields has neither defaults nor conversions', () => {
  const subject = withSchema({ type: 'string', default: 'a' })
  expect(errors({ ...subject, spec: { ...subject.spec, preserveUnknownFields: true, conversion: { strategy: 'Webhook', webhook: { clientConfig: { service: { name: '', namespace: 'n', port: 1, path: '/A_/' } }, conversionReviewVersions: ['v1'] } } } } as unknown as CustomResourceDefinition).map((text) => text.slice(0, 150))).toEqual([
    'spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema',
    'spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true',
    'spec.conversion.webhookClientConfig.service.namespace: Required value',
    `spec.conversion.webhookClientConfig.service.path: Invalid value: "/A_/": segment[0]: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`.slice(0, 150),
    'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'.slice(0, 150),
  ])
})

test('versions of conversion reviews', () => {
  const subject = definition([version('v1')])
  const conversion = { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x.example' }, conversionReviewVersions: ['v1', 'v1', 'V'] } }
  expect(errors({ ...subject, spec: { ...subject.spec, conversion } } as unknown as CustomResourceDefinition)).toEqual([
    'spec.conversion.conversionReviewVersions[1]: Invalid value: "v1": duplicate version',
    `spec.conversion.conversionReviewVersions[2]: Invalid value: "V": ${LABEL}`,
  ])
})

describe('defaults', () => {
  const EMBEDDED = 'spec.validation.openAPIV3Schema.properties[x]'
  const path = 'spec.validation.openAPIV3Schema.properties[x].default'
  test.each<[JsonObject, readonly string[]]>([
    [{ type: 'object', properties: { a: { type: 'string' } }, default: { a: 1, b: 2 } }, [`${path}: Invalid value: {"a":1,"b":2}: must not have unknown fields`, `${path}.a: Invalid value: "integer": a in body must be of type string: "integer"`]],
    [{ type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', default: ['a', 'a'] }, []],
    [{ type: 'object', required: ['a'], properties: { a: { type: 'string', default: 'z' } }, default: {} }, [`${path}.a: Required value`]],
    [
      { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { apiVersion: { type: 'string', default: 'a/b/c' }, metadata: { type: 'object', properties: { name: { type: 'string', default: 'a/b' }, labels: { type: 'object', default: { 'a b': '' }, additionalProperties: { type: 'string' } } } } } },
      [
        `${EMBEDDED}.properties[apiVersion].default: Invalid value: "a/b/c": must result in valid metadata: apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`,
        `${EMBEDDED}.properties[metadata].properties[labels].default: Invalid value: {"a b":""}: must result in valid metadata: metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        `${EMBEDDED}.properties[metadata].properties[name].default: Invalid value: "a/b": must result in valid metadata: metadata.name: Invalid value: "a/b": may not contain '/'`,
      ],
    ],
    [{ type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true, default: { kind: 'K', metadata: { name: 'a/b' } } }, [`${path}.apiVersion: Required value`, `${path}.metadata.name: Invalid value: "a/b": may not contain '/'`]],
  ])('%j', (schema, wanted) => expect(errors(withSchema(schema))).toEqual(wanted))
})

test.each<[JsonObject, readonly string[]]>([
  [{ type: 'integer', format: 'int32' }, []],
  [{ type: 'integer', format: 'double' }, ['unrecognized format "double"']],
  [{ type: 'string', format: 'int32' }, ['unrecognized format "int32"']],
  [{ type: 'number', format: 'float' }, []],
  [{ type: 'boolean', format: 'date' }, ['unrecognized format "date"']],
  [{ type: 'string', format: 'date-time' }, []],
])('formats belong to types: %j', (schema, wanted) => expect(definitionWarnings(withSchema(schema))).toEqual(wanted))
