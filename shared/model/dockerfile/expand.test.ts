import { expect, test } from 'vitest'
import { expandText, expandWord } from './expand.ts'

const known = { A: 'one', EMPTY: '', PATH: '/a/b/c.tar.gz', U_1: 'u', V: '1.2.3' }

test.each<readonly [string, string]>([
  ['plain', 'plain'],
  ['$A', 'one'],
  ['${A}b $U_1-$NO.', 'oneb u-.'],
  ['"$A b"', 'one b'],
  ["'$A b'", '$A b'],
  ['\\$A', '$A'],
  ['"\\$A \\" \\n"', '$A " \\n'],
  ['a\\ b', 'a b'],
  ['${NO:-x}', 'x'],
  ['${EMPTY:-x}', 'x'],
  ['${EMPTY-x}', ''],
  ['${NO-x}', 'x'],
  ['${A:+x}', 'x'],
  ['${EMPTY:+x}', ''],
  ['${EMPTY+x}', 'x'],
  ['${NO:-${A}/"b c"}', 'one/b c'],
  ['${A:?must}', 'one'],
  ['${V%.*}', '1.2'],
  ['${V%%.*}', '1'],
  ['${V#*.}', '2.3'],
  ['${V##*.}', '3'],
  ['${V/./-}', '1-2.3'],
  ['${V//./-}', '1-2-3'],
  ['${PATH##*/}', 'c.tar.gz'],
  ['$', '$'],
  ['a$', 'a$'],
  ['${constructor}', ''],
])('%s', (word, text) => {
  expect(expandWord(word, known)).toEqual({ kind: 'ok', text })
})

test.each<readonly [string, string]>([
  ['${A', 'unsupported modifier in substitution: ${A'],
  ['${A:-x', 'syntax error: missing "}"'],
  ['"a', 'unexpected end of statement while looking for the matching double-quote'],
  ["'a", 'unexpected end of statement while looking for the matching single-quote'],
  ['${NO:?give it}', 'NO: give it'],
  ['${A!}', 'unsupported modifier in substitution: ${A!}'],
])('%s is refused', (word, message) => {
  expect(expandWord(word, known)).toEqual({ kind: 'invalid', message })
})

test('in a text below quotes are nothing special, and a dollar can be escaped', () => {
  expect(expandText('it\'s "$A" \\$A \\n `x`\n', known)).toEqual({ kind: 'ok', text: 'it\'s "one" $A \\n `x`\n' })
  expect(expandWord('`$A', known, '`')).toEqual({ kind: 'ok', text: '$A' })
})
