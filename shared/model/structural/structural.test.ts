import { describe, expect, test } from 'vitest'
import { fieldErrorText } from '../field-error.ts'
import type { Json, JsonObject } from '../json.ts'
import { withDefaults } from './defaults.ts'
import { hasFormat } from './formats.ts'
import { validateListTypes } from './list-types.ts'
import { hasPattern, patternProblemOf, usePatterns } from './patterns.ts'
import { pruned } from './prune.ts'
import { structuralReader } from './reader.ts'
import type { PropsSchema } from './schema.ts'
import { validateValue } from './validate.ts'

const spec = (properties: Readonly<Record<string, PropsSchema>>, more: Partial<PropsSchema> = {}): PropsSchema => ({ type: 'object', properties: { spec: { type: 'object', properties, ...more } } })
const errors = (schema: PropsSchema, value: Json, old?: Json): readonly string[] => validateValue(schema, value, { before: old === undefined ? undefined : { old } }).map(fieldErrorText)

test('what the schema does not know goes, and is named', () => {
  const schema = spec({ a: { type: 'string' }, l: { type: 'array', items: { type: 'object', properties: { x: { type: 'integer' } } } }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } })
  const { value, unknown } = pruned(schema, { kind: 'K', spec: { a: '1', b: 2, l: [{ x: 1, y: 2 }], free: { any: [1] } }, extra: 1 }, true)
  expect(value).toEqual({ kind: 'K', spec: { a: '1', l: [{ x: 1 }], free: { any: [1] } } })
  expect(unknown).toEqual(['extra', 'spec.b', 'spec.l[0].y'])
})

test('maps of anything hold values of which nothing is known; what is open around a list is open in it', () => {
  const any = spec({ m: { type: 'object', additionalProperties: true }, no: { type: 'object', additionalProperties: false } })
  expect(pruned(any, { spec: { m: { a: 1, b: { c: 1 }, l: [{ d: 1 }, 'x'] }, no: { a: 1 } } }, true)).toEqual({ value: { spec: { m: { a: 1, b: {}, l: [{}, 'x'] }, no: { a: 1 } } }, unknown: ['spec.m.b.c', 'spec.m.l[0].d'] })
  const open = spec({ l: { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items: { type: 'object', properties: { a: { type: 'object' } } } } })
  expect(pruned(open, { spec: { l: [{ a: { b: 1 }, c: 1 }] } }, true)).toEqual({ value: { spec: { l: [{ a: {}, c: 1 }] } }, unknown: ['spec.l[0].a.b'] })
})

test('null makes room for a default, or goes', () => {
  const schema = spec({ a: { type: 'string', default: 'x' }, n: { type: 'string', default: 'y', nullable: true }, q: { type: 'string' }, o: { type: 'object', properties: { b: { type: 'integer', default: 3 } }, default: {} } })
  expect(withDefaults(schema, { spec: { a: null, n: null, q: null } })).toEqual({ spec: { a: 'x', n: null, o: { b: 3 } } })
  const whole = { spec: { a: '1', n: '2', q: '3', o: { b: 4 } } }
  expect(withDefaults(schema, whole)).toBe(whole)
})

test('metadata is read as that of every object', () => {
  const reader = structuralReader({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true })
  expect(reader.read({ metadata: { name: 'x', lables: {} } as JsonObject }).strictErrors).toEqual(['unknown field "metadata.lables"'])
  expect(reader.read({ metadata: { labels: { a: 1 } } as JsonObject }).typeError).toBe('json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string')
})

describe('values', () => {
  test.each<readonly [PropsSchema, Json, readonly string[]]>([
    [{ type: 'integer', maximum: 3 }, 4, ['spec.v: Invalid value: 4: spec.v in body should be less than or equal to 3']],
    [{ type: 'integer' }, 'a', ['spec.v: Invalid value: "string": spec.v in body must be of type integer: "string"']],
    [{ type: 'string', enum: ['a', 'b'] }, 'c', ['spec.v: Unsupported value: "c": supported values: "a", "b"']],
    [{ type: 'array', items: { type: 'integer' }, maxItems: 1 }, [1, 2], ['spec.v: Too many: 2: must have at most 1 item']],
    [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, {}, ['spec.v.a: Required value']],
    [{ type: 'string', not: { enum: ['x'] } }, 'x', ['<nil>: Invalid value: "": "spec.v" must not validate the schema (not)']],
    [{ type: 'number' }, 1, []],
    // Formats of numbers say nothing.
    [{ type: 'number', format: 'float' }, 1e39, []],
    [{ type: 'integer', format: 'int32' }, 2147483648, []],
    [{ type: 'integer', format: 'int32' }, 1.5, ['spec.v: Invalid value: "number": spec.v in body must be of type integer: "number"']],
    // Formats of texts are told in the place of types, and lists pass for texts.
    [{ type: 'string', format: 'date' }, 5, ['spec.v: Invalid value: "int64": spec.v in body must be of type date: "int64"']],
    [{ type: 'string', format: 'date' }, 1.5, ['spec.v: Invalid value: "float64": spec.v in body must be of type date: "float64"']],
    [{ type: 'string', format: 'date' }, true, ['spec.v: Invalid value: "": spec.v in body must be of type date: ""']],
    [{ type: 'string', format: 'date' }, ['a'], []],
    [{ type: 'string', format: 'date' }, null, ['spec.v: Invalid value: "null": spec.v in body must be of type string: "null"']],
    [{ type: 'boolean', format: 'date' }, '2024-01-01', []],
    [{ type: 'string', format: 'no-such' }, 5, ['spec.v: Invalid value: "integer": spec.v in body must be of type string: "integer"']],
    // Nothing at all is never one of several.
    [{ type: 'string', nullable: true, enum: ['a', null] }, null, ['spec.v: Unsupported value: null: supported values: "a", "null"']],
    [{ type: 'object', additionalProperties: false }, { b: 1, a: 2 }, ['spec.v: Invalid value: "a": spec.v.a in body is a forbidden property', 'spec.v: Invalid value: "b": spec.v.b in body is a forbidden property']],
    [{ type: 'number', minimum: 1.5, maximum: 0.5 }, 1, ['spec.v: Invalid value: 1: spec.v in body should be less than or equal to 0']],
    [{ type: 'number', minimum: 5, maximum: 1 }, 3, ['spec.v: Invalid value: 3: spec.v in body should be greater than or equal to 5', 'spec.v: Invalid value: 3: spec.v in body should be less than or equal to 1']],
    [{ type: 'number', multipleOf: 0.01 }, 0.29, ['spec.v: Invalid value: 0.29: spec.v in body should be a multiple of 0.01']],
    [{ type: 'number', multipleOf: 0.1 }, 1.1, []],
    [{ type: 'number', multipleOf: 0.5 }, 3, []],
    [{ type: 'integer', allOf: [{ minimum: 3 }, { minimum: 4 }] }, 1, ['spec.v: Invalid value: 1: spec.v in body should be greater than or equal to 3', 'spec.v: Invalid value: 1: spec.v in body should be greater than or equal to 4', '<nil>: Invalid value: "": "spec.v" must validate all the schemas (allOf). None validated']],
    // Of several that fail the one that looks at most is followed.
    [{ type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' } }, anyOf: [{ required: ['b'] }, { properties: { a: { minimum: 5 } } }] }, { a: 1 }, ['<nil>: Invalid value: "": "spec.v" must validate at least one schema (anyOf)', 'spec.v.a: Invalid value: 1: spec.v.a in body should be greater than or equal to 5']],
    [{ type: 'integer' }, 1e20, ['spec.v: Invalid value: "number": spec.v in body must be of type integer: "number"']],
    [{ type: 'integer' }, 2n ** 62n, []],
    // Written with a point or an exponent: no whole number beyond what a double holds exactly.
    [{ type: 'integer' }, 2 ** 62, ['spec.v: Invalid value: "number": spec.v in body must be of type integer: "number"']],
    [{ type: 'number' }, 9007199254740993n, []],
    [{ type: 'string' }, 9007199254740993n, ['spec.v: Invalid value: "integer": spec.v in body must be of type string: "integer"']],
    [{ type: 'integer', maximum: 9007199254740992 }, 9007199254740993n, ['spec.v: Invalid value: 9007199254740993: spec.v in body should be less than or equal to 9007199254740992']],
    [{ type: 'integer', minimum: -9007199254740992 }, -9007199254740993n, ['spec.v: Invalid value: -9007199254740993: spec.v in body should be greater than or equal to -9007199254740992']],
    [{ type: 'integer', maximum: 9007199254740992, exclusiveMaximum: true }, 9007199254740992n, ['spec.v: Invalid value: 9007199254740992: spec.v in body should be less than 9007199254740992']],
    [{ type: 'integer', multipleOf: 2 }, 9007199254740993n, ['spec.v: Invalid value: 9007199254740993: spec.v in body should be a multiple of 2']],
    [{ type: 'integer', multipleOf: 3 }, 9007199254740993n, []],
    [{ type: 'integer', format: 'int64' }, 9223372036854775807n, []],
    [{ type: 'integer', enum: [9007199254740992n, 1] }, 9007199254740993n, ['spec.v: Unsupported value: 9007199254740993: supported values: "9007199254740992", "1"']],
    [{ type: 'integer', enum: [9007199254740993n] }, 9007199254740993n, []],
    [{ 'x-kubernetes-int-or-string': true }, 9007199254740993n, []],
    [{ type: 'array', items: { type: 'integer' }, uniqueItems: false, maxItems: 2 }, [9007199254740993n, 9007199254740992n], []],
    [{ 'x-kubernetes-int-or-string': true }, 1.5, ['spec.v: Invalid value: "number": spec.v in body must be of type integer,string: "number"']],
  ])('%j of %j', (schema, value, wanted) => expect(errors(spec({ v: schema }), { spec: { v: value } })).toEqual(wanted))

  test('what has not changed is not judged again; items of maps are known by their keys', () => {
    const schema = spec({ a: { type: 'string', maxLength: 1 }, b: { type: 'string' }, m: { type: 'array', items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'string', maxLength: 1 } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] } })
    const old = { spec: { a: 'long', b: '1', m: [{ k: 'x', v: 'long' }] } }
    expect(errors(schema, { spec: { a: 'long', b: '2', m: [{ k: 'y' }, { k: 'x', v: 'long' }] } }, old)).toEqual([])
    expect(errors(schema, { spec: { a: 'longer', b: '2', m: [{ k: 'y', v: 'long' }] } }, old)).toHaveLength(2)
  })

  test('sets and maps hold nothing twice', () => {
    const set = spec({ s: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' } })
    expect(validateListTypes(set, { spec: { s: ['a', 'b', 'a', 'a'] } }).map(fieldErrorText)).toEqual(['spec.s[2]: Duplicate value: "a"'])
    const map = spec({ m: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] } })
    expect(validateListTypes(map, { spec: { m: [{ k: 'a' }, 'a', { k: 'a' }] } }).map(fieldErrorText)).toEqual(['spec.m[1]: Invalid value: "a": must be an object for an array of list-type map'])
    expect(validateListTypes(map, { spec: { m: [null, {}] } }).map(fieldErrorText)).toEqual(['spec.m[1]: Duplicate value: {}'])
  })
})

test('there may be more mistakes than a stack holds', { timeout: 60_000 }, () => {
  const many = Array.from({ length: 150_000 }, () => 1)
  const inside: PropsSchema = { type: 'array', items: { type: 'string' } }
  for (const schema of [inside, { anyOf: [inside] }, { oneOf: [inside] }, { allOf: [inside] }] satisfies readonly PropsSchema[]) expect(validateValue(schema, many).length).toBeGreaterThanOrEqual(many.length)
})

test('very many values may be held against very many, and the answer tells of them once', () => {
  const values = Array.from({ length: 20_000 }, (_, index) => ({ b: [index], a: `value ${index}` }))
  const schema: PropsSchema = { type: 'array', items: { enum: values } }
  expect(validateValue(schema, values.map(({ a, b }) => ({ a, b })))).toEqual([])
  const wrong = validateValue(schema, Array.from({ length: 20_000 }, () => ({ a: 'none' })))
  expect(wrong.length).toBe(20_000)
  expect(wrong.at(-1)?.message.length).toBeGreaterThan(500_000)
})

test('patterns are judged by the engine that somebody brings, and by nobody before', () => {
  const before = usePatterns(undefined)
  try {
    expect([patternProblemOf('('), hasPattern('^a$', 'b')]).toEqual([undefined, true])
    usePatterns({ problemOf: (pattern) => `no ${pattern}`, occursIn: (pattern, text) => text.includes(pattern) })
    expect([patternProblemOf('('), hasPattern('a', 'bab'), hasPattern('c', 'bab')]).toEqual(['no (', true, false])
  } finally {
    usePatterns(before)
  }
})

test.each([
  ['date-time', '2024-02-29T12:00:00Z', true],
  ['date-time', '2024-02-30T12:00:00Z', false],
  ['duration', '1h30m', true],
  ['duration', '5', false],
  ['uri', 'https://x.example/a', true],
  ['email', 'a@', false],
  ['ipv6', '::1', true],
  ['date-time', '2024-02-29 12:00:00Z', false],
  ['date-time', '2024-02-29T24:00:00Z', false],
  ['date-time', '2024-02-29T12:00:60Z', false],
  ['date-time', '2024-02-29t12:00:00.5+99:00', true],
  ['ipv4', '010.0.0.1', false],
  ['ipv4', '10.0.0.1', true],
  ['ipv4', '::ffff:10.0.0.1', true],
  ['ipv4', '::1', false],
  ['cidr', '010.0.0.0/8', false],
  ['mac', '00:1b:44:11:3a:b7', true],
  ['mac', '00:1b:44:11:3a:b7:01', false],
  ['mac', '00:1b:44:11:3a:b7:01:02', true],
  ['mac', '001b.4411.3ab7', true],
  ['mac', '00:1b-44:11:3a:b7', false],
  ['hostname', 'example.com', true],
  ['hostname', 'a.b', false],
  ['hostname', 'example.com.', false],
  ['hostname', 'a-host', true],
  ['hostname', 'my-host', false],
  ['hostname', 'has-two-dashes', false],
  ['hostname', 'has-two-dashes.example', true],
  ['uri', '*', true],
  ['uri', '/a b', true],
  ['uri', 'http://a b', false],
  ['uri', 'http://a:port/', false],
  ['uri', 'http://[::1]:80/x', true],
  ['uri', 'http://user:word@x.example:1/a?b=c#d', true],
  ['uri', 'x.example/a', false],
  ['uri', '/a%zz', false],
  ['uri', 'mailto:a b', true],
  ['email', '"a b"@x.example', true],
  ['email', 'A b  <a@x.example>', true],
  ['email', '"A, b" <a@x.example>', true],
  ['duration', '0', true],
  ['duration', '2 weeks', true],
  ['duration', 'P1D', true],
  ['duration', '1 minutely', true],
  ['duration', '1 wk', true],
  ['duration', '1 mess and 2 days', true],
  ['duration', '1 mess', false],
  ['duration', '1 hrs', false],
  ['duration', '1 n', false],
  ['duration', '99999999999999999999 days', false],
  ['duration', 'days', false],
  ['hostname', 'a'.repeat(63), true],
  ['hostname', `a-${'a'.repeat(62)}`, false],
  ['hostname', `x.${'a-'.repeat(40)}a`, false],
  ['no-such', 'anything', true],
])('format %s of %s', (format, value, fits) => expect(hasFormat(format, value)).toBe(fits))

test.each<[string, string]>([
  ['email', `a${' '.repeat(300_000)}b`],
  ['duration', '1'.repeat(300_000)],
  ['duration', '1'.repeat(150_000) + ' '.repeat(150_000)],
])('a long text that is no %s is soon seen to be none', (format, text) => expect(hasFormat(format, text)).toBe(false))
