import { expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { createTurns } from '../../shared/kit/turns.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { compilePolicy, type PolicySpec } from './compiled.ts'
import { policyErrors } from './expression-errors.ts'
import { judge, type Verdict } from './judge.ts'
import { valueOfJson } from './values.ts'

const turns = createTurns({ clock: systemClock })
const says = (spec: PolicySpec, object: JsonObject, params?: JsonObject): Promise<Verdict> =>
  turns.through(judge(compilePolicy(spec), new Map([['object', valueOfJson(object)], ...(params ? [['params', valueOfJson(params)] as const] : [])])))
const messages = (verdict: Verdict): readonly string[] => (verdict.kind === 'judged' ? verdict.objections.map(({ message }) => message) : [verdict.kind])

test('what is not true is an objection: with its message, that of its expression, or the expression itself', async () => {
  const spec: PolicySpec = {
    variables: [
      { name: 'count', expression: 'object.items.size()' },
      { name: 'most', expression: 'params.most' },
    ],
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [
      { expression: 'variables.count <= variables.most', messageExpression: '"too many: " + string(variables.count)' },
      { expression: 'variables.count > 5', message: 'few' },
      { expression: 'false', messageExpression: '""' },
    ],
  }
  expect(messages(await says(spec, { items: [1, 2, 3] }, { most: 2 }))).toEqual(['too many: 3', 'few', 'failed expression: false'])
})

test('what cannot be told is said, and is no answer', async () => {
  const verdict = await says({ validations: [{ expression: 'object.a.b == 1' }] }, { a: {} })
  expect(verdict).toEqual({ kind: 'judged', objections: [{ message: "expression 'object.a.b == 1' resulted in error: no such key: b", reason: 'Invalid', isFailure: true }] })
})

test('a variable that cannot be told says so, and which others need it', async () => {
  const variables = [
    { name: 'a', expression: 'object.none' },
    { name: 'b', expression: 'variables.a' },
  ]
  expect(messages(await says({ variables, validations: [{ expression: 'variables.b' }] }, {}))).toEqual(["expression 'variables.b' resulted in error: composited variable \"b\" fails to evaluate: composited variable \"a\" fails to evaluate: no such key: none"])
})

test.each([
  ['object.text', 'x'.repeat(5120), 'x'.repeat(5120)],
  ['object.text', 'x'.repeat(5121), 'own'],
  ['object.text', ' a\rb ', 'a\rb'],
  ['object.text', 'a\nb', 'own'],
])('a message that is made is short and one line: %s', async (messageExpression, text, told) => {
  expect(messages(await says({ validations: [{ expression: 'false', message: 'own', messageExpression }] }, { text }))).toEqual([told])
})

test('an expression that is not understood any more holds nothing to be well', async () => {
  expect(await says({ validations: [{ expression: 'object.' }] }, {})).toEqual({ kind: 'judged', objections: [{ message: "expression 'object.' cannot be compiled", reason: 'Invalid', isFailure: true }] })
})

test('one condition that is false leaves the object alone, even if another cannot be told', async () => {
  const conditions = (...expressions: readonly string[]): PolicySpec => ({ matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })), validations: [{ expression: 'false' }] })
  expect(messages(await says(conditions('object.none == 1', 'false'), {}))).toEqual(['not-concerned'])
  expect(await says(conditions('object.none == 1', 'true'), {})).toEqual({ kind: 'failed', message: "expression 'object.none == 1' resulted in error: no such key: none" })
})

test('a variable that nobody names is never looked at', async () => {
  expect(messages(await says({ variables: [{ name: 'bad', expression: 'object.none.none' }], validations: [{ expression: 'true' }] }, {}))).toEqual([])
})

test('expressions are refused when they make no sense or are of another type than wanted', () => {
  const errors = policyErrors({ matchConditions: [{ name: 'a', expression: '1' }], variables: [{ name: 'a', expression: 'variables.b' }], validations: [{ expression: 'params.x == 1' }, { expression: 'true', messageExpression: '1' }], auditAnnotations: [{ key: 'k', valueExpression: '1' }] })
  expect(errors.map(({ field, message }) => `${field}: ${message.split('\n')[0]}`)).toEqual([
    'spec.matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int',
    `spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field 'b'`,
    `spec.validations[0].expression: Invalid value: "params.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')`,
    'spec.validations[1].messageExpression: Invalid value: "1": must evaluate to string but got int',
    'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
  ])
})
