import { expect, test } from 'vitest'
import { fieldErrorText } from '../../shared/model/field-error.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { isBlocking, validateCustom } from './validate-custom.ts'

const open: PropsSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' }
const errors = (schema: PropsSchema, object: JsonObject, subresource = ''): readonly string[] => validateCustom({ schema, scale }, { object, old: subresource === '' ? undefined : object, subresource }).map(fieldErrorText)

test('what a scale reads must be of its kind; through a status the spec is not looked at', () => {
  expect(errors(open, { spec: { replicas: 'two' }, status: { replicas: 1.5, selector: 7 } })).toEqual([
    '.spec.replicas: Invalid value: 0: .spec.replicas accessor error: two is of the type string, expected int64',
    '.status.replicas: Invalid value: 0: .status.replicas accessor error: 1.5 is of the type float64, expected int64',
    '.status.selector: Invalid value: "": .status.selector accessor error: 7 is of the type int64, expected string',
  ])
  expect(errors(open, { spec: [1], status: null })).toEqual(['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: [1] is of the type []interface {}, expected map[string]interface{}'])
  expect(errors(open, { spec: { replicas: null } })).toEqual(['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: <nil> is of the type <nil>, expected int64'])
  expect(errors(open, { spec: { replicas: -1 }, status: { replicas: 2 ** 31 } })).toEqual(['.spec.replicas: Invalid value: -1: should be a non-negative integer', '.status.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647'])
  expect(errors(open, { spec: { replicas: -1 }, status: { replicas: -2 } }, 'status')).toEqual(['.status.replicas: Invalid value: -2: should be a non-negative integer'])
})

test('embedded objects are judged, and not through a status; their names need only fit into a path', () => {
  const schema: PropsSchema = { type: 'object', properties: { spec: { type: 'object', properties: { o: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } } } } }
  const holding = (o: JsonObject): JsonObject => ({ spec: { o } })
  const whole = { apiVersion: 'v1', kind: 'K' }
  expect(errors(schema, holding({ ...whole, metadata: { name: 'a/b', namespace: 'A' } }))).toEqual([
    `spec.o.metadata.name: Invalid value: "a/b": may not contain '/'`,
    `spec.o.metadata.namespace: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
  ])
  expect(errors(schema, holding({ ...whole, metadata: { name: 'Not Valid', namespace: 'n' } }))).toEqual([])
  expect(errors(schema, holding({ kind: 'K' }), 'status')).toEqual([])
})

test('a value that is none of several keeps rules from being asked', () => {
  const schema: PropsSchema = { type: 'object', properties: { spec: { type: 'object', properties: { e: { type: 'string', enum: ['a'] }, n: { type: 'integer', minimum: 1 } } } } }
  expect(validateCustom({ schema, scale: undefined }, { object: { spec: { e: 'b', n: 0 } }, old: undefined, subresource: '' }).map(isBlocking)).toEqual([true, false])
})
