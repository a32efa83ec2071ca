import { expect, test } from 'vitest'
import { Fault } from '../../../shared/kit/faults.ts'
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

const tokenOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

test.each([
  [{ v: 'meta.k8s.io/v1', rv: 0, start: 'a' }, 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
  [{ v: 'meta.k8s.io/v1', start: 'a' }, 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
  [{ v: 'meta.k8s.io/v1', rv: 1.5, start: 'a' }, 'json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64'],
  [{ v: 'meta.k8s.io/v1', rv: '1', start: 'a' }, 'json: cannot unmarshal string into Go struct field continueToken.rv of type int64'],
  [{ v: 'meta.k8s.io/v1', rv: 1, start: '' }, 'encoded start key empty (version meta.k8s.io/v1)'],
  [{ v: 'meta.k8s.io/v1', rv: 1, start: 3 }, 'json: cannot unmarshal number into Go struct field continueToken.start of type string'],
  [{ v: 'meta.k8s.io/v1', rv: 1, start: '../a' }, '../a'],
  [{ v: 'meta.k8s.io/v1', rv: 1, start: 'a//b' }, 'a//b'],
  [[], 'json: cannot unmarshal array into Go value of type storage.continueToken'],
  [null, 'server does not recognize this encoded version '],
  [{ v: 5 }, 'json: cannot unmarshal number into Go struct field continueToken.v of type string'],
  [{ v: 'meta.k8s.io/v9', rv: '1' }, 'json: cannot unmarshal string into Go struct field continueToken.rv of type int64'],
])('a token of %j is refused', (token, message) => {
  expect(() => decodeContinue(tokenOf(token))).toThrow(new Fault('invalid', `continue key is not valid: ${message}`))
})

test('any revision below zero means the newest', () => {
  expect(decodeContinue(tokenOf({ v: 'meta.k8s.io/v1', rv: -5, start: 'a\u0000' }))).toEqual({ revision: -1, after: 'a' })
})
