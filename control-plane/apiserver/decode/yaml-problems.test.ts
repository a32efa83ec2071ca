import { expect, test } from 'vitest'
import { readYaml } from './yaml.ts'

// As libyaml's port to Go says it: what is wrong with the text by lines from 1, what is wrong with its order by lines from 0, and never by the first.
test.each([
  ['a: [1', "line 1: did not find expected ',' or ']'"],
  ['a: [1\n', "line 1: did not find expected ',' or ']'"],
  ['x: 1\na:\n  b: [1, 2\n  c: 3\n', "line 3: did not find expected ',' or ']'"],
  ['x: 1\na: {b: c\nd: e\n', "line 2: did not find expected ',' or '}'"],
  ['{"a" 1}\n', "did not find expected ',' or '}'"],
  ['{"a"', "line 1: did not find expected ',' or '}'"],
  ['a: "x', 'found unexpected end of stream'],
  ["a: 'x\nb: c\n", 'line 3: found unexpected end of stream'],
  ['- a\nb: c\n', "line 1: did not find expected '-' indicator"],
  ['a: 1\n- b\n', 'line 1: did not find expected key'],
  ['a:\n  b: 1\n c: 2\n', 'line 2: did not find expected key'],
  ['a:\n  - b\n - c\n', 'line 2: did not find expected key'],
  ['a: "1" 2\n', 'did not find expected key'],
  ['a:\n  b: 1\n   c: 2\n', 'line 3: mapping values are not allowed in this context'],
  ["a: '1' b: 2\n", 'mapping values are not allowed in this context'],
  ['--- a: 1\n', 'mapping values are not allowed in this context'],
  ['x: 1\na: *b\n', "unknown anchor 'b' referenced"],
  ['a: ]\n', 'did not find expected node content'],
  ['{"a": 1} x\n', 'did not find expected <document start>'],
  ['\ta: 1\n', 'found character that cannot start any token'],
  ['a: 1\n\tb: 2\n', 'line 2: found a tab character that violates indentation'],
])('%j', (text, message) => {
  expect(readYaml(text)).toEqual({ kind: 'problem', message: `yaml: ${message}` })
})
