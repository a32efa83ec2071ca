import { expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { createTurns } from '../../shared/kit/turns.ts'
import { fieldErrorText } from '../../shared/model/field-error.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { PropsSchema, ValidationRule } from '../../shared/model/structural/schema.ts'
import { compileRules } from './compile-rules.ts'

const LOOP = 'self.items.all(x, self.items.all(y, self.items.all(z, x + y + z >= 0)))'

const schema = (rules: readonly ValidationRule[]): PropsSchema => ({
  type: 'object',
  properties: { parts: { type: 'array', items: { type: 'object', properties: { items: { type: 'array', items: { type: 'integer' } } }, 'x-kubernetes-validations': rules } } },
})

const turns = createTurns({ clock: systemClock })
const problems = async (rules: readonly ValidationRule[], object: JsonObject): Promise<readonly string[]> => (await turns.through(compileRules(schema(rules)).judge(object, undefined))).errors.map(fieldErrorText)

const part = (count: number): JsonObject => ({ items: Array.from({ length: count }, (_, at) => at) })

test('a rule that costs too much is not run to its end, and no further one is run', async () => {
  expect(await problems([{ rule: LOOP }, { rule: 'false' }], { parts: [part(100), part(1)] })).toEqual([
    `parts[0]: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${LOOP}`,
  ])
  expect(await problems([{ rule: `${LOOP} || true`, message: 'too long' }], { parts: [part(100)] })).toEqual([
    `parts[0]: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: too long`,
  ])
})

test('all rules of an object have one budget', async () => {
  const parts = Array.from({ length: 200 }, () => part(25))
  expect(await problems([{ rule: LOOP }], { parts: parts.slice(0, 5) })).toEqual([])
  const [last, ...more] = await problems([{ rule: LOOP }], { parts })
  expect(last).toMatch(/^parts\[\d+\]: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run$/)
  expect(more).toEqual([])
})

test('messages cost, too', async () => {
  expect(await problems([{ rule: 'false', messageExpression: `${LOOP} ? 'yes' : 'no'` }, { rule: 'false' }], { parts: [part(100)] })).toEqual([
    `parts[0]: Invalid value: "object": no further validation rules will be run due to call cost exceeds limit for messageExpression: "${LOOP} ? 'yes' : 'no'"`,
  ])
  expect(await problems([{ rule: 'false', messageExpression: `${LOOP} ? '"' : 'no'`, fieldPath: '.items' }], { parts: [part(100)] })).toEqual([
    `parts[0].items: Invalid value: "object": no further validation rules will be run due to call cost exceeds limit for messageExpression: "${LOOP} ? '\\"' : 'no'"`,
  ])
})

test('a rule that unchanged parts break is warned of; one that has no value for them is an error, as ever', async () => {
  const judged = async (rule: string): Promise<readonly (readonly string[])[]> => {
    const spec = { type: 'object', properties: { items: { type: 'array', items: { type: 'integer' } } }, 'x-kubernetes-validations': [{ rule }] }
    const { errors, warnings } = await turns.through(compileRules({ type: 'object', properties: { spec, text: { type: 'string' } } }).judge({ spec: part(1), text: 'b' }, { spec: part(1), text: 'a' }))
    return [errors.map(fieldErrorText), warnings]
  }
  expect(await judged('self.items[0] == 1')).toEqual([[], ['spec: Invalid value: failed rule: self.items[0] == 1']])
  expect(await judged('self.items[1] == 1')).toEqual([['spec: Invalid value: "object": index out of bounds: 1 evaluating rule: self.items[1] == 1'], []])
})

test('a pattern that is made of what an object says is read in Go, and its mistakes are told', async () => {
  const rules = [{ rule: `self.items.all(x, string(x).matches('(' + string(x)))` }]
  expect(await problems(rules, { parts: [part(1)] })).toEqual([`parts[0]: Invalid value: "object": error parsing regexp: missing closing ): \`(0\` evaluating rule: ${rules[0]?.rule}`])
})

test('what stood there before is told by what is around it, where the parts of that cannot be told', async () => {
  const below = 'self > 1'
  const item = { type: 'object', properties: { n: { type: 'integer', 'x-kubernetes-validations': [{ rule: below }] } } }
  const judged = async (list: JsonObject, now: JsonObject, old: JsonObject): Promise<readonly (readonly string[])[]> => {
    const subject = { type: 'object', properties: { list: { type: 'array', items: item, ...list }, other: { type: 'integer' } } }
    const { errors, warnings } = await turns.through(compileRules(subject as PropsSchema).judge(now, old))
    return [errors.map(fieldErrorText), warnings]
  }
  const refusal = `list[0].n: Invalid value: 1: failed rule: ${below}`
  const old = { list: [{ n: 1 }] }
  expect(await judged({}, { ...old, other: 1 }, old)).toEqual([[], [refusal]])
  expect(await judged({}, { list: [{ n: 1 }, { n: 5 }] }, old)).toEqual([[refusal], []])
})

test('members of an atomic map are known again', async () => {
  const subject = { type: 'object', properties: { m: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] } } } } }
  expect((await turns.through(compileRules(subject as PropsSchema).judge({ m: { a: 1 } }, { m: { a: 2 } }))).errors.map(fieldErrorText)).toEqual(['m.a: Invalid value: 1: failed rule: self >= oldSelf'])
})

test('a failure is told where its rule says: fields after dots, keys of maps in brackets; what is there twice shows no objects', async () => {
  const subject = { type: 'object', properties: { p: { type: 'object', properties: { m: { type: 'object', additionalProperties: { type: 'integer' } } }, 'x-kubernetes-validations': [{ rule: 'false', fieldPath: ".m['a.b']", message: 'no' }, { rule: 'false', reason: 'FieldValueDuplicate' }] } } }
  expect((await turns.through(compileRules(subject as PropsSchema).judge({ p: {} }, undefined))).errors.map(fieldErrorText)).toEqual(['p.m[a.b]: Invalid value: no', 'p: Duplicate value'])
})

test('the message beside a rule that asks whether anything was there knows what was there as it is', async () => {
  const judged = async (messageExpression: string, old: number | undefined): Promise<readonly string[]> => {
    const subject = { type: 'object', properties: { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'oldSelf.hasValue() && false', optionalOldSelf: true, message: 'plain', messageExpression }] } } }
    return (await turns.through(compileRules(subject as PropsSchema).judge({ a: 1 }, old === undefined ? {} : { a: old }))).errors.map(fieldErrorText)
  }
  expect(await judged("'was ' + string(oldSelf.orValue(7))", 2)).toEqual(['a: Invalid value: 1: plain'])
  expect(await judged("'was ' + string(oldSelf.orValue(7))", undefined)).toEqual(['a: Invalid value: 1: plain'])
  expect(await judged("'is ' + string(self)", 2)).toEqual(['a: Invalid value: 1: is 1'])
})
