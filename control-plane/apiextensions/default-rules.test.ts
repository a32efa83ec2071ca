import { expect, test } from 'vitest'
import { fieldErrorText } from '../../shared/model/field-error.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { defaultRuleErrors } from './default-rules.ts'

const errors = (x: PropsSchema): readonly string[] => defaultRuleErrors({ schema: { type: 'object', properties: { x } }, path: 's', hasStatus: false }).map(fieldErrorText)

test('a default keeps the rules at its place and below, and those that look back see itself', () => {
  expect(errors({ type: 'string', default: 'b', 'x-kubernetes-validations': [{ rule: "self == 'a'" }] })).toEqual([`s.properties[x].default: Invalid value: "b": failed rule: self == 'a'`])
  expect(errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: "self == 'a'" }] })).toEqual([])
  expect(errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: 'oldSelf == self' }] })).toEqual([])
  expect(errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: "oldSelf == 'z'" }] })).toEqual([`s.properties[x].default: Invalid value: "a": failed rule: oldSelf == 'z'`])
  expect(errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: "oldSelf.hasValue() || self == 'z'", optionalOldSelf: true }] })).toEqual([`s.properties[x].default: Invalid value: "a": failed rule: oldSelf.hasValue() || self == 'z'`])
  const inner: PropsSchema = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 5', message: 'too small' }] }
  expect(errors({ type: 'object', properties: { a: inner }, default: { a: 1 } })).toEqual(['s.properties[x].default.a: Invalid value: 1: too small'])
  expect(errors({ type: 'array', items: inner, default: [7, 1] })).toEqual(['s.properties[x].default[1]: Invalid value: 1: too small'])
})
