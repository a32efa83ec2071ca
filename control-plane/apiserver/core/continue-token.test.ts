import { expect, test } from 'vitest'
import { decodeContinue, encodeContinue } from './continue-token.ts'

test('a token says where the next page starts', () => {
  const token = { revision: 5 * 1024 + 1023, after: 'ns/name' }
  expect(decodeContinue(encodeContinue(token))).toEqual(token)
})

test.each([
  ['!', 'continue key is not valid: illegal base64 data at input byte 0'],
  ['eyJ2IjoibWV0YS5rOHMuaW8vdjkiLCJydiI6MSwic3RhcnQiOiJhIn0', 'continue key is not valid: server does not recognize this encoded version meta.k8s.io/v9'],
])('%s is refused', (text, message) => {
  expect(() => decodeContinue(text)).toThrow(message)
})
