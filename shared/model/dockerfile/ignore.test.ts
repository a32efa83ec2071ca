import { expect, test } from 'vitest'
import { ignoreRules, parseIgnore } from './ignore.ts'

test.each<readonly [patterns: string, ignored: string, kept: string]>([
  ['# a comment\n\n*.md\n', 'a.md', 'd/a.md #a'],
  ['*/temp*', 'd/temporary/x d/temp', 'temp d/e/temp'],
  ['**/temp?', 'tempa d/e/tempb/x', 'temp tempab'],
  ['/foo/bar', 'foo/bar foo/bar/x', 'd/foo/bar foo'],
  ['foo/', 'foo foo/x', 'food'],
  ['foo/../bar', 'bar', 'foo'],
  ['**/*.go', 'a.go d/b.go', 'a.gox'],
  ['foo/**', 'foo/x foo/d/x', 'foo'],
  ['*.md\n!README.md', 'a.md', 'README.md'],
  ['*\n!src\nsrc/x*', 'a src/x1', 'src src/a'],
  ['README*.md\n!README-secret.md\nREADME*.md', 'README-secret.md', 'a'],
  ['[a-c]x', 'ax cx', 'dx'],
  ['a\\*b', 'a*b', 'acb'],
  ['[', '', '['],
  ['.', '', 'a'],
  ['a.b', 'a.b', 'axb'],
])('%j', (patterns, ignored, kept) => {
  const rules = parseIgnore(patterns)
  expect(ignored.split(' ').filter((path) => path !== '' && !rules.ignores(path))).toEqual([])
  expect(kept.split(' ').filter((path) => rules.ignores(path))).toEqual([])
})

test('whether folders that are ignored may hold what is not', () => {
  expect([ignoreRules(['a']).hasExceptions, ignoreRules(['a', '!a/b']).hasExceptions]).toEqual([false, true])
})
