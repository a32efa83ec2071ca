import { expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { createTurns } from '../../shared/kit/turns.ts'
import { fieldErrorText } from '../../shared/model/field-error.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import { defaultRuleErrors } from './default-rules.ts'

const turns = createTurns({ clock: systemClock })
const errors = async (x: PropsSchema): Promise<readonly string[]> => (await turns.through(defaultRuleErrors({ schema: { type: 'object', properties: { x } }, path: 's', hasStatus: false }))).map(fieldErrorText)

test('a default keeps the rules at its place and below, and those that look back see itself', async () => {
  expect(await errors({ type: 'string', default: 'b', 'x-kubernetes-validations': [{ rule: "self == 'a'" }] })).toEqual([`s.properties[x].default: Invalid value: "b": failed rule: self == 'a'`])
  expect(await errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: "self == 'a'" }] })).toEqual([])
  expect(await errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: 'oldSelf == self' }] })).toEqual([])
  expect(await errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: "oldSelf == 'z'" }] })).toEqual([`s.properties[x].default: Invalid value: "a": failed rule: oldSelf == 'z'`])
  expect(await errors({ type: 'string', default: 'a', 'x-kubernetes-validations': [{ rule: "oldSelf.hasValue() || self == 'z'", optionalOldSelf: true }] })).toEqual([`s.properties[x].default: Invalid value: "a": failed rule: oldSelf.hasValue() || self == 'z'`])
  const inner: PropsSchema = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 5', message: 'too small' }] }
  expect(await errors({ type: 'object', properties: { a: inner }, default: { a: 1 } })).toEqual(['s.properties[x].default.a: Invalid value: 1: too small'])
  expect(await errors({ type: 'array', items: inner, default: [7, 1] })).toEqual(['s.properties[x].default[1]: Invalid value: 1: too small'])
})
