import { expect, test } from 'vitest'
import { type Clock, systemClock } from '../../shared/kit/clock.ts'
import { createTurns } from '../../shared/kit/turns.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { authorizerValue } from '../cel/authorizer.ts'
import type { Value } from '../cel/values.ts'
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

/** Time that passes by what expressions look at; whoever waits is called in the next turn. */
class LookClock implements Clock {
  #nowMs = 0
  readonly #soon: Array<() => void> = []
  nowMs = (): number => this.#nowMs
  monotonicMs = (): number => this.#nowMs

  look(): void {
    this.#nowMs++
  }

  after(_delayMs: number, run: () => void): () => void {
    this.#soon.push(run)
    return () => {}
  }

  /** @returns how long the loop was held. */
  async turn(): Promise<number> {
    const sinceMs = this.#nowMs
    for (const run of this.#soon.splice(0)) run()
    await new Promise(setImmediate)
    return this.#nowMs - sinceMs
  }
}

test('however many judgments go on at the same time, the loop is held no longer than one of them may hold it', async () => {
  const clock = new LookClock()
  class Looked extends Map<Value, Value> {
    override get(name: Value): Value | undefined {
      clock.look()
      return super.get(name)
    }
  }
  const many = Array.from({ length: 20 }, (_, index) => ({ name: `c${index}`, expression: 'object.a == 1' }))
  const policy = compilePolicy({ matchConditions: many, validations: many, auditAnnotations: many.map(({ name }) => ({ key: name, valueExpression: 'string(object.a)' })) })
  const shared = createTurns({ clock, holdMs: 8 })
  let done = 0
  for (let count = 0; count < 100; count++) void shared.through(judge(policy, new Map([['object', new Looked([['a', 1n]])]]))).then(() => done++)
  const held: number[] = []
  while (done < 100) held.push(await clock.turn())
  expect(Math.max(...held)).toBe(8)
  expect(held.reduce((sum, one) => sum + one)).toBeGreaterThan(100 * 60 - 10)
})

/** Costs some 900,000. */
const LONG = 'lists.range(64000).map(i, i).size() > 0'

test('all expressions of a policy cost together, its variables too, and so do its conditions', async () => {
  const said = 'validation failed due to running out of cost budget, no further validation rules will be run'
  const times = (count: number): ReadonlyArray<{ readonly name: string; readonly expression: string }> => Array.from({ length: count }, (_, index) => ({ name: `c${index}`, expression: LONG }))
  expect(messages(await says({ validations: times(11) }, {}))).toEqual([])
  expect(await says({ validations: times(12) }, {})).toEqual({ kind: 'failed', message: said })
  expect(await says({ variables: times(6), validations: [...times(6), { expression: times(6).map(({ name }) => `variables.${name}`).join(' && ') }] }, {})).toEqual({ kind: 'failed', message: said })
  expect(messages(await says({ matchConditions: times(2), validations: times(11) }, {}))).toEqual([])
  expect(await says({ matchConditions: times(3), validations: [{ expression: 'true' }] }, {})).toEqual({ kind: 'failed', message: said })
  expect(messages(await says({ validations: [...times(10), { expression: 'false' }, { expression: 'false', messageExpression: `${LONG} ? "a" : "b"` }, { expression: 'false', messageExpression: `${LONG} ? "a" : "b"` }] }, {}))).toEqual(['failed expression: false', 'a', `failed messageExpression: ${said}`])
})

test('conditions are not told of the namespace, messages and annotations cannot ask about rights', async () => {
  const rights = authorizerValue({ check: () => ({ allowed: true, reason: '' }) })
  const given = new Map<string, Value>([['object', new Map()], ['namespaceObject', new Map([['metadata', new Map()]])], ['authorizer', rights]])
  const verdict = (spec: PolicySpec): Promise<Verdict> => turns.through(judge(compilePolicy(spec), given))
  expect(messages(await verdict({ matchConditions: [{ name: 'a', expression: 'namespaceObject == null' }], validations: [{ expression: 'namespaceObject == null', message: 'given' }] }))).toEqual(['given'])
  expect(await verdict({ matchConditions: [{ name: 'a', expression: 'namespaceObject.metadata.name == "x"' }, { name: 'b', expression: 'namespaceObject.metadata.name == "x"' }], validations: [] })).toEqual({ kind: 'failed', message: `expression 'namespaceObject.metadata.name == "x"' resulted in error: no such key: metadata` })
  const variables = [{ name: 'may', expression: 'authorizer.path("/x").check("get").allowed()' }]
  expect(messages(await verdict({ variables, validations: [{ expression: '!variables.may', message: 'own', messageExpression: 'string(variables.may)' }] }))).toEqual(['own'])
  expect(await verdict({ variables, validations: [], auditAnnotations: [{ key: 'a', valueExpression: 'string(variables.may)' }] })).toEqual({
    kind: 'judged',
    objections: [{ message: `expression 'string(variables.may)' resulted in error: composited variable "may" fails to evaluate: no such attribute(s): authorizer`, reason: 'Invalid', isFailure: true, isConfiguration: true }],
  })
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
  const errors = policyErrors({
    matchConditions: [{ name: 'a', expression: '1' }],
    variables: [{ name: 'a', expression: 'variables.b' }, { name: 'q', expression: 'quantity("1")' }],
    validations: [
      { expression: 'params.x == 1' },
      { expression: 'true', messageExpression: '1' },
      { expression: 'object.spec.paused' },
      { expression: 'object.?a.?b.orValue(true)' },
      { expression: 'namespaceObject.metadata.uid == "x"' },
      { expression: 'variables.q' },
      { expression: 'jsonpatch.escapeKey("a") == ""' },
    ],
    auditAnnotations: [{ key: 'k', valueExpression: '1' }, { key: 'l', valueExpression: 'object.a' }],
  })
  expect(errors.map(({ field, message }) => `${field}: ${message.split('\n')[0]}`)).toEqual([
    'spec.matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int',
    `spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field 'b'`,
    `spec.validations[0].expression: Invalid value: "params.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')`,
    'spec.validations[1].messageExpression: Invalid value: "1": must evaluate to string but got int',
    'spec.validations[2].expression: Invalid value: "object.spec.paused": must evaluate to bool but got dyn',
    'spec.validations[3].expression: Invalid value: "object.?a.?b.orValue(true)": must evaluate to bool but got dyn',
    `spec.validations[4].expression: Invalid value: "namespaceObject.metadata.uid == \\"x\\"": compilation failed: ERROR: <input>:1:25: undefined field 'uid'`,
    'spec.validations[5].expression: Invalid value: "variables.q": must evaluate to bool but got dyn',
    `spec.validations[6].expression: Invalid value: "jsonpatch.escapeKey(\\"a\\") == \\"\\"": compilation failed: ERROR: <input>:1:1: undeclared reference to 'jsonpatch' (in container '')`,
    'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
    'spec.auditAnnotations[1].valueExpression: Invalid value: "object.a": must evaluate to one of [string null_type] but got dyn',
  ])
})
