import { expect, test } from 'vitest'
import { MOST_LOOKED, MOST_SAID, newBudget } from './budget.ts'
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
  expect(expandWord('`$A', known, { escape: '`' })).toEqual({ kind: 'ok', text: '$A' })
})

const enormous = { A: 'x'.repeat(1 << 20), H: 'x'.repeat(1 << 19), NONE: '' }

test('what one budget is given to stops where that is used up, and not behind it', () => {
  const budget = newBudget()
  const words = Array.from({ length: 100 }, () => expandWord('$A', enormous, { budget }))
  expect(words.filter(({ kind }) => kind === 'ok')).toHaveLength(16)
  expect(words.at(-1)).toEqual({ kind: 'invalid', message: 'its variables make more than 16777216 characters' })
  expect(budget.made).toBeGreaterThan(MOST_SAID)
  const text = newBudget()
  expect(expandText('$H$H$H$H$H$H$H$H', enormous, { budget: text })).toEqual({ kind: 'invalid', message: 'its variables make more than 1048576 characters of one word' })
  expect(text.made).toBe(1 << 20)
})

test.each(['${A//x/}', '${A//x*/}', '${A//y/}', '${A##*y}', '${A%%y*}', '${NONE:+${A//x/}}${A//x/}', '"${A//x/}"'])('many of %s look for no more than one budget has', (pattern) => {
  const budget = newBudget()
  expect(expandWord(pattern.repeat(1000), enormous, { budget })).toMatchObject({ kind: 'invalid', message: expect.stringMatching(/^its (patterns look for more than 16777216 characters in its variables|variables make more than 1048576 characters of one word)$/) })
  // The one that was too much was counted, and none after it.
  expect(budget.looked).toBeLessThanOrEqual(MOST_LOOKED + (1 << 22))
})

test('what is put in for nothing at all, between all characters, is counted as it is made', () => {
  expect(expandWord('${A///yyyy}', { A: 'x'.repeat(500_000) })).toEqual({ kind: 'invalid', message: 'its variables make more than 1048576 characters of one word' })
  expect(expandWord('${A///-}', { A: 'ab' })).toEqual({ kind: 'ok', text: '-a-b-' })
})

test('nothing is looked at behind a mistake', () => {
  const budget = newBudget()
  expect(expandWord('${NO:?give it}${A//x/}"$A${A//x/}"', enormous, { budget })).toEqual({ kind: 'invalid', message: 'NO: give it' })
  expect(budget).toEqual({ made: 0, looked: 0 })
})

test('variables that stand in one another end somewhere', () => {
  expect(expandWord('${A:-'.repeat(100_000), {})).toEqual({ kind: 'invalid', message: 'its variables stand in one another more than 100 deep' })
  expect(expandWord(`${'${B:-'.repeat(100)}x${'}'.repeat(100)}`, {})).toEqual({ kind: 'ok', text: 'x' })
})
