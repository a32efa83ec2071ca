import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFault } from '../../../shared/kit/faults.ts'
import { decodeContinue, encodeContinue } from './continue-token.ts'

const token = fc.record({ revision: fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })), after: fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !text.endsWith('\u0000')) })

test('safety: a continue token that is written is read as the same', () => {
  fc.assert(
    fc.property(token, (one) => {
      expect(decodeContinue(encodeContinue(one))).toEqual(one)
    }),
  )
})

test('safety: whatever a client sends as a token is read or refused', () => {
  const text = fc.oneof(fc.string(), fc.base64String(), fc.json().map((json) => Buffer.from(json).toString('base64url')), fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64url')))
  fc.assert(
    fc.property(text, (one) => {
      try {
        expect(decodeContinue(one).after).not.toBe('')
      } catch (error) {
        expect(isFault(error, 'invalid')).toBe(true)
      }
    }),
  )
})
