import { expect, test } from 'vitest'
import { compile } from './cel.ts'
import { messageKey } from './check.ts'
import { jsonOf } from './json.ts'
import { DYN } from './types.ts'

const types = new Map([[messageKey('Object'), DYN], [messageKey('Object.*'), DYN], ['x', DYN]])
function ask(expression: string): unknown {
  const compiled = compile(expression, types)
  return compiled.kind === 'refused' ? compiled.message : jsonOf(compiled.program.run(new Map([['x', new Map([['a', 'A']])]])))
}

test.each<readonly [string, unknown]>([
  ['Object{}', {}],
  ['[9007199254740992 + 1, 9223372036854775807, -9223372036854775808, 5]', [9007199254740993n, 9223372036854775807n, -9223372036854775808n, 5]],
  ['[9007199254740993u, 18446744073709551615u]', [9007199254740993n, 2 ** 64]],
  ['Object{spec: Object.spec{a: [Object.spec.a{b: {"c": 1}}]}}', { spec: { a: [{ b: { c: 1 } }] } }],
  ['Object { spec : Object . spec { n : 1 } }', { spec: { n: 1 } }],
  ['Object{?a: x.?a, ?b: x.?b}', { a: 'A' }],
  ['{?"a": x.?a, ?"b": x.?b, "c": true ? 1 : 2}', { a: 'A', c: 1 }],
  ['[?x.?b, ?x.?a, "c"]', ['A', 'c']],
  ['Object{a: "{?b", c: {"d{": \'}\'}} // Object{', { a: '{?b', c: { 'd{': '}' } }],
  ['x[?"b"].orValue("none")', 'none'],
  ['true ? {"a": 1} : {}', { a: 1 }],
  ['[1, 2].map(i, Object{n: i})', [{ n: 1 }, { n: 2 }]],
])('%s', (expression, expected) => {
  expect(ask(expression)).toEqual(expected)
})

test('what is wrong is shown where it was written', () => {
  expect(ask('Object{a: nope}')).toBe("ERROR: <input>:1:11: undeclared reference to 'nope' (in container '')\n | Object{a: nope}\n | ..........^")
  expect(ask('Other{a: 1}')).toBe("ERROR: <input>:1:6: undeclared reference to 'Other' (in container '')\n | Other{a: 1}\n | .....^")
  expect(ask('{?"a": x.?a, "b": nope}')).toContain('<input>:1:19: undeclared')
})
