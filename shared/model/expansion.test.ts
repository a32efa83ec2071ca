import { expect, test } from 'vitest'
import { expandVariables } from './expansion.ts'

test.each([
  ['$(A)', 'one'],
  ['$(A)-two', 'one-two'],
  ['$(LATER)', '$(LATER)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$(A', '$(A'],
  ['$(UNKNOWN) $A ${A}', '$(UNKNOWN) $A ${A}'],
  ['pre$(A)post', 'preonepost'],
  ['$(A)$(A)', 'oneone'],
  ['$()', '$()'],
  ['$', '$'],
  ['a$$', 'a$'],
])('%s becomes %s', (text, expanded) => {
  expect(expandVariables(text, { A: 'one' })).toBe(expanded)
})
