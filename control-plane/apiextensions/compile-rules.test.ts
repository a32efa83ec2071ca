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
