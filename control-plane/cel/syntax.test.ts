import { expect, test } from 'vitest'
import { compile } from './cel.ts'
import { readExpression } from './syntax.ts'
import { DYN } from './types.ts'

const LITERALS = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const OPERAND = `{'[', '{', '(', '.', '-', '!', ${LITERALS}`

test.each<[string, ...string[]]>([
  ['', `1:1: Syntax error: mismatched input '<EOF>' expecting ${OPERAND}`],
  ['a ==', `1:5: Syntax error: mismatched input '<EOF>' expecting ${OPERAND}`],
  ['*@a | b', `1:1: Syntax error: extraneous input '*' expecting ${OPERAND}`, "1:2: Syntax error: token recognition error at: '@'", "1:5: Syntax error: token recognition error at: '| '", "1:7: Syntax error: extraneous input 'b' expecting <EOF>"],
  ['a = 1', "1:3: Syntax error: token recognition error at: '= '", "1:5: Syntax error: extraneous input '1' expecting <EOF>"],
  ['a not in b', "1:3: Syntax error: mismatched input 'not' expecting <EOF>"],
  ['(1', "1:3: Syntax error: missing ')' at '<EOF>'"],
  ["'asdf'.contains('x'", "1:20: Syntax error: missing ')' at '<EOF>'"],
  ['a.f([b)', "1:7: Syntax error: mismatched input ')' expecting {']', ','}"],
  ['"%s".format(a])', "1:14: Syntax error: extraneous input ']' expecting ')'"],
  ['{', `1:2: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '}', '(', '.', ',', '-', '!', '?', ${LITERALS}`],
  ['{1:305 2:569}', "1:8: Syntax error: mismatched input '2' expecting {'}', ','}"],
  ['b.filter(l, !(lin c.labels))', "1:19: Syntax error: mismatched input 'c' expecting ')'", "1:28: Syntax error: extraneous input ')' expecting <EOF>"],
  ['a.', "1:3: Syntax error: no viable alternative at input '.'"],
  ['a.in', "1:3: Syntax error: no viable alternative at input '.in'", `1:5: Syntax error: mismatched input '<EOF>' expecting ${OPERAND}`],
  ['(a){}', "1:4: Syntax error: mismatched input '{' expecting <EOF>"],
  ['x{.', "1:3: Syntax error: mismatched input '.' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}"],
  ['"hello\nworld"', "1:1: Syntax error: token recognition error at: '\"hello", "2:6: Syntax error: token recognition error at: '\"'"],
  ['a.`b-c`', "1:3: unsupported syntax: '`'"],
  ['9223372036854775808', '1:1: invalid int literal'],
  ['1.99e90000009', '1:1: invalid double literal'],
  ['a.all(1, true)', '1:7: argument must be a simple name'],
  ['a.all(x.y, true)', '1:8: argument must be a simple name'],
])('%j', (text, ...wanted) => {
  const compiled = compile(text, new Map([['a', DYN], ['b', DYN], ['c', DYN]]))
  const lines = compiled.kind === 'refused' ? compiled.message.split('\n').filter((line) => line.startsWith('ERROR: <input>:')) : []
  expect(lines.map((line) => line.slice('ERROR: <input>:'.length))).toEqual(wanted)
})

// What is read all the same has no words for what is wrong.
test('commas after the last argument and mixed signs are none of the language', () => {
  expect(readExpression('foo(a,b,)').problems).toEqual([{ at: 8, message: `Syntax error: mismatched input ')' expecting ${OPERAND}` }])
  expect(readExpression('-!a').problems).toEqual([{ at: 1, message: "Syntax error: no viable alternative at input '-!'" }])
})

test.each(['-9223372036854775808', 'a.b[0].c(b, {"x": [1, 2,],}) ? !b : -c', 'r"\\d" + b"x" + \'\'\'a\nb\'\'\'', 'a.?b[?c].orValue(1u) // why'])('%j is an expression', (text) => {
  expect(readExpression(text).problems).toEqual([])
  expect(compile(text, new Map([['a', DYN], ['b', DYN], ['c', DYN]]))).not.toMatchObject({ message: expect.stringContaining('Syntax error') as string })
})

test('of many problems only some are told, each of which repeats its line', () => {
  const lines = (text: string): readonly string[] => {
    const compiled = compile(text, new Map())
    return compiled.kind === 'refused' ? compiled.message.split('\n') : []
  }
  expect(lines('#'.repeat(3000))).toHaveLength(301)
  expect(lines('#'.repeat(3000)).at(-1)).toBe('1 more errors were truncated')
  expect(lines(`true${' && x'.repeat(101)}`).at(-1)).toBe('1 more errors were truncated')
  expect(lines('#'.repeat(99)).at(-1)).toMatch(/\^$/)
})

