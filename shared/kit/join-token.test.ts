import { expect, test } from 'vitest'
import { checkJoinSecret, issueJoinToken } from './join-token.ts'

const ROOT = 'gantry1.abcdef.the-secret-of-this-cluster\n'
const NOW_MS = 1_800_000_000_000
const shownBy = (token: string): string => token.split('.').at(-1) ?? ''

test('a token is valid until it ends, and then it says so', () => {
  const token = issueJoinToken(ROOT, NOW_MS + 60_000)
  expect(token).toMatch(/^gantry1\.abcdef\.[0-9a-z]+-[\w-]+$/)
  expect(checkJoinSecret(ROOT, shownBy(token), NOW_MS)).toBe('valid')
  expect(checkJoinSecret(ROOT, shownBy(token), NOW_MS + 59_999)).toBe('valid')
  expect(checkJoinSecret(ROOT, shownBy(token), NOW_MS + 60_000)).toBe('expired')
})

test('nobody makes a token without the secret, nor lengthens one', () => {
  const shown = shownBy(issueJoinToken(ROOT, NOW_MS + 60_000))
  expect(checkJoinSecret('gantry1.abcdef.another-secret', shown, NOW_MS)).toBe('unknown')
  const mac = shown.slice(shown.indexOf('-') + 1)
  expect(checkJoinSecret(ROOT, `${((NOW_MS + 120_000) / 1_000).toString(36)}-${mac}`, NOW_MS)).toBe('unknown')
  for (const wrong of ['', '-', 'x', `${shown}x`, shown.slice(0, -1), 'the-secret-of-this-cluster', shownBy(ROOT)]) expect(checkJoinSecret(ROOT, wrong, NOW_MS)).toBe('unknown')
})
