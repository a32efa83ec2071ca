import { describe, expect, test } from 'vitest'
import { compileRe2, re2Patterns } from './re2.ts'

const SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'

test.each([
  ['^(?P<n>a+)[[:digit:]]$', 'aa1', true],
  ['^(?<n>a+)$', 'aa', true],
  ['(?i)^abc$', 'ABC', true],
  ['a(?i)b', 'aB', true],
  ['a(?i)b', 'AB', false],
  [SUBDOMAIN, 'my-example.com', true],
  [SUBDOMAIN, 'my-example..com', false],
  // White space is that of ASCII, and a dot is anything but a new line.
  ['^\\s$', '\u00a0', false],
  ['^\\s$', '\v', false],
  ['^.$', '\r', true],
  ['^.$', '\u2028', true],
  ['^.$', '\n', false],
  ['^.$', '😀', true],
  ['^\\pL+\\z', 'äß', true],
  ['^a$', 'a\n', false],
  ['\\Qa.b\\E', 'a.b', true],
  ['^\\x{1F600}$', '😀', true],
  ['^[^a-c]$', 'd', true],
  ['x{,5}', 'x{,5}', true],
  ['', 'a', true],
])('%s in %j: %s', (pattern, text, occurs) => {
  expect(re2Patterns.occursIn(pattern, text)).toBe(occurs)
})

test.each([
  ['[a-', 'missing closing ]: `[a-`'],
  ['^(?!x)', 'invalid or unsupported Perl syntax: `(?!`'],
  ['^(?=x)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['x(?<=x)', 'invalid named capture: `(?<=x)`'],
  ['(?P=n)', 'invalid or unsupported Perl syntax: `(?P`'],
  ['(a)\\1', 'invalid escape sequence: `\\1`'],
  ['(a', 'missing closing ): `(a`'],
  ['a)', 'unexpected ): `a)`'],
  ['*', 'missing argument to repetition operator: `*`'],
  ['a**', 'invalid nested repetition operator: `**`'],
  ['a++', 'invalid nested repetition operator: `++`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['a{2,1}', 'invalid repeat count: `{2,1}`'],
  ['[z-a]', 'invalid character class range: `z-a`'],
  ['\\p{Nonsense}', 'invalid character class range: `\\p{Nonsense}`'],
  ['\\y', 'invalid escape sequence: `\\y`'],
  ['a\\', 'trailing backslash at end of expression: ``'],
  ['(?P<n>a)(?P<n>b)', 'duplicate capture group name: `n`'],
])('%s is refused in the words of Go', (pattern, problem) => {
  expect(re2Patterns.problemOf(pattern)).toBe(`error parsing regexp: ${problem}`)
})

test('too deep and too long patterns are refused', () => {
  expect(re2Patterns.problemOf(`${'('.repeat(2000)}${')'.repeat(2000)}`)).toMatch(/^error parsing regexp: expression nests too deeply: `\(/)
  expect(re2Patterns.problemOf('[[:'.repeat(100_000))).toMatch(/^error parsing regexp: expression too large: `\[/)
})

test.each(['\\pL{1000}'.repeat(50), 'x{1000}'.repeat(200), '(?:a|[\\p{Han}]){1000}'.repeat(20), 'x{0,1000}'.repeat(120), '(x{1000}y{1000}){2}'.repeat(30)])('%s becomes too large', (pattern) => {
  expect(re2Patterns.problemOf(pattern)).toBe(`error parsing regexp: expression too large: \`${pattern}\``)
})

test.each(['\\pL{1,1000}', '^[a-z]{1000}$', `(${SUBDOMAIN.slice(1, -1)}){1,253}`, '[]{1000}]{50}', '\\{1000}', '(?:[[:alpha:]{]{10}){100}'])('%s is not', (pattern) => {
  expect(re2Patterns.problemOf(pattern)).toBeUndefined()
})

const found = (pattern: string, text: string, limit = -1): readonly string[] => {
  const read = compileRe2(pattern)
  return read.kind === 'pattern' ? read.pattern.findAll(text, limit) : [read.problem]
}

test.each([
  ['a*', 'baaau', -1, ['', 'aaa', '']],
  ['a', 'banana', 2, ['a', 'a']],
  ['a', 'banana', 0, []],
  ['\\b\\w', 'on a day', -1, ['o', 'a', 'd']],
  ['^a', 'aaa', -1, ['a']],
  ['', '😀x', -1, ['', '', '']],
  ['x', 'abc', -1, []],
] as const)('%s found in %j, at most %s', (pattern, text, limit, parts) => {
  expect(found(pattern, text, limit)).toEqual(parts)
})

// A backtracking engine would not come back from the first, and take hours for the others.
describe('no text keeps a server busy', () => {
  test.each(['^(a+)+$', '^(a|a)*$', '^(a?){30}a{30}$', 'a*a*a*a*b', '(.*)(.*)(.*)x', '^([a-z]+)*\\d$'])('%s', (pattern) => {
    const text = `${'a'.repeat(300_000)}!`
    expect(re2Patterns.occursIn(pattern, text)).toBe(false)
  })
})

test('what was read is remembered, but not for ever', () => {
  const first = compileRe2('^first$')
  expect(compileRe2('^first$')).toBe(first)
  compileRe2('x'.repeat(1_000_000))
  expect(compileRe2('^first$')).toBe(first)
  for (let at = 0; at < 600; at++) compileRe2(`^${at}$`)
  expect(compileRe2('^first$')).not.toBe(first)
  expect(compileRe2('^599$')).toBe(compileRe2('^599$'))
})

test('of patterns that are short but become long only some are remembered', () => {
  const long = (name: string) => compileRe2(`${'x{1000}'.repeat(60)}${name}`)
  const [small, first] = [compileRe2('^small$'), long('first')]
  expect(long('first')).toBe(first)
  for (const name of ['a', 'b', 'c']) long(name)
  expect(compileRe2('^small$')).not.toBe(small)
  expect(long('first')).not.toBe(first)
})

test('what looks to the end of the text for each match is not looked for very often', () => {
  const all = (pattern: string, text: string): number => {
    const read = compileRe2(pattern)
    return read.kind === 'pattern' ? read.pattern.findAll(text, -1).length : -1
  }
  for (const pattern of ['b.*?c|b', 'b(?:.*z)?', '(?:b*c|b)', 'b{1,900}c|b']) {
    expect(all(pattern, 'b '.repeat(500))).toBeGreaterThan(0)
    expect(() => all(pattern, 'b '.repeat(20_000)), pattern).toThrow(RangeError)
  }
  for (const pattern of ['b', '[b*]+', '(b+)', 'b\\+?', 'foo|b']) expect(all(pattern, 'b '.repeat(20_000)), pattern).toBe(20_000)
})
