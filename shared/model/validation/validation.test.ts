import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ObjectMeta } from '../gen/api.ts'
import { duplicate, fieldErrorText, fieldErrorsText, invalid, notSupported, required, tooLong, tooMany } from '../field-error.ts'
import { cidrContains, cidrProblems, formatCidr, formatIp, ipProblems, parseCidr, parseIp } from './ip.ts'
import { configKeyProblems, envNameProblems, nameProblems } from './names.ts'
import { portNameProblems } from './numbers.ts'
import { validateFieldManager, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts'

interface Cause {
  readonly reason: string
  readonly field: string
  readonly message: string
}
interface Step {
  readonly do?: string
  readonly body?: { readonly kind?: string; readonly metadata?: ObjectMeta }
  readonly answer?: { readonly status: number; readonly body?: { readonly details?: { readonly causes?: readonly Cause[] } } }
}

const folder = join(import.meta.dirname, '../../../test/conformance/recorded')
const cases = readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as ReadonlyArray<{ readonly case: string; readonly steps: readonly Step[] }>)

/** Refused creates whose body can be judged as it stands: no values from elsewhere, no masked answers. */
const refused = cases.flatMap(({ case: name, steps }) =>
  steps.flatMap((step) => {
    const causes = step.answer?.body?.details?.causes
    const meta = step.body?.metadata
    if (!step.do?.startsWith('POST') || step.body?.kind === 'Namespace' || step.answer?.status !== 422 || !causes || !meta || JSON.stringify([meta, causes]).match(/\$|\{\{|<any>|<uid/)) return []
    return [[name, meta, causes] as const]
  }),
)
const judged = /^metadata\.(labels|annotations|ownerReferences|finalizers|managedFields)/

test.each(refused)('%s: the same objections as recorded', (_name, meta, causes) => {
  const errors = validateObjectMeta(meta, { namespaced: true, nameRule: 'any', anyFinalizer: !causes.some((cause) => cause.message.includes('neither a standard')) })
  const ours = errors.filter((error) => judged.test(error.field)).map((error) => ({ reason: error.type, field: error.field, message: error.message }))
  const theirs = causes.filter((cause) => judged.test(cause.field) && !cause.field.includes('['))
  expect(ours.filter((error) => !error.field.includes('['))).toEqual(theirs.map(({ reason, field, message }) => ({ reason, field, message })))
})

test('names', () => {
  expect(nameProblems('dns-subdomain', 'a.b-c')).toEqual([])
  expect(nameProblems('dns-label', 'a.b')).toEqual(['must not contain dots'])
  expect(nameProblems('dns-subdomain', 'web-', true)).toEqual([])
  expect(nameProblems('path-segment', 'a/b%')).toEqual(["may not contain '/'", "may not contain '%'"])
  expect(nameProblems('path-segment', '..')).toEqual(["may not be '..'"])
  expect(nameProblems('dns1035-label', '1a')[0]).toContain('a DNS-1035 label must consist of')
  expect(configKeyProblems('..a')).toEqual(["must not start with '..'"])
  expect(envNameProblems('A=B')).toEqual(["a valid environment variable name must consist only of printable ASCII characters other than '='"])
  expect(portNameProblems('12--')).toEqual(['must contain at least one letter (a-z)', 'must not contain consecutive hyphens', 'must not begin or end with a hyphen'])
})

test('addresses', () => {
  expect(['01.2.3.4', '1.2.3', '::1', '1::2::3', '::ffff:1.2.3.4', '2001:DB8::1', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::8', ':1'].map((text) => ipProblems(text).length)).toEqual([1, 1, 0, 1, 1, 0, 0, 1, 1])
  expect(['2001:DB8:0:0:1:0:0:1', '0:0:0:0:0:0:0:0', '1:0:0:0:0:0:0:2', '01.2.3.4'].map((text) => formatIp(parseIp(text) ?? { family: 4, bytes: [] }))).toEqual(['2001:db8::1:0:0:1', '::', '1::2', '1.2.3.4'])
  expect(cidrProblems('10.0.0.1/8')).toEqual(['must not have bits set beyond the prefix length'])
  expect(cidrProblems('10.0.0.0/33')).toEqual(['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'])
  const range = parseCidr('10.244.3.7/20')
  const inside = parseIp('10.244.15.255')
  const outside = parseIp('10.244.16.0')
  if (!range || !inside || !outside) throw new Error('not parsed')
  expect([formatCidr(range), cidrContains(range, inside), cidrContains(range, outside)]).toEqual(['10.244.0.0/20', true, false])
})

test('messages', () => {
  expect(notSupported('f', 'x', ['a', 'b']).message).toBe('Unsupported value: "x": supported values: "a", "b"')
  expect(invalid('f', { a: '<' }, 'no').message).toBe('Invalid value: {"a":"\\u003c"}: no')
  expect(invalid('f', null, 'no').message).toBe('Invalid value: null: no')
  expect(invalid('f', 'a\u0000"☃', 'no').message).toBe('Invalid value: "a\\x00\\"☃": no')
  expect([tooLong('f', 1).message, tooMany('f', 9, 8).message, duplicate('f', 1).message]).toEqual(['Too long: may not be more than 1 byte', 'Too many: 9: must have at most 8 items', 'Duplicate value: 1'])
  expect(fieldErrorsText([required('a'), required('a'), required('b', 'x')])).toBe('[a: Required value, b: Required value: x]')
})

test('updates of metadata', () => {
  const old: ObjectMeta = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1', generation: 2, deletionTimestamp: '2020-01-01T00:00:00Z' }
  const meta: ObjectMeta = { name: 'a', namespace: 'n', uid: 'v', resourceVersion: '', generation: 1, finalizers: ['ex.io/b'] }
  expect(validateObjectMetaUpdate(meta, old).map((error) => `${error.field}: ${error.message}`)).toEqual([
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"ex.io/b"}',
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    'metadata.generation: Invalid value: 1: must not be decremented',
    'metadata.uid: Invalid value: "v": field is immutable',
    'metadata.deletionTimestamp: Invalid value: null: field is immutable',
  ])
})

test('a manager that is much too long is told once, with whatever is in it', () => {
  expect(validateFieldManager('\t'.repeat(100_000), 'm')).toHaveLength(1)
  expect(validateFieldManager('a\t', 'm').map(fieldErrorText)).toEqual(['m: Invalid value: "a\\t": invalid character U+0009 (at position 1)'])
})
