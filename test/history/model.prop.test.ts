import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check } from './check.ts'
import { choices, modelHistory } from './model.ts'
import { mutations } from './mutations.ts'

const numbers = fc.array(fc.nat(1_000_000), { minLength: 500, maxLength: 1_000 })

test('no false alarm: whatever clients of a store with one order do and see, nothing is wrong with it', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 10, max: 300 }), (chosen, steps) => {
      expect(check(modelHistory(chosen, steps))).toEqual([])
    }),
    { numRuns: 200 },
  )
})

describe('no mistake passes', () => {
  test.each(Object.entries(mutations))('%s', (_name, mutate) => {
    let broken = 0
    fc.assert(
      fc.property(numbers, fc.nat(1_000_000), (chosen, which) => {
        const bad = mutate(modelHistory(chosen, 300), choices([which, which >> 3, which >> 5]))
        if (!bad) return
        broken++
        expect(check(bad)).not.toEqual([])
      }),
      { numRuns: 60 },
    )
    expect(broken).toBeGreaterThan(10)
  })
})
