/** Each rule of fencing is needed: without it a walk finds two lives, or pods that stop for nothing. */
import { describe, expect, test } from 'vitest'
import { mistakes, timidities, type Rules } from './rules.ts'
import { walkSafely, walkWithoutPlanes, type Walk } from './run.ts'

/** Walks that each mistake gets at most. */
const WALKS = 5_000

function firstViolation(walk: (seed: number, mistake: Partial<Rules>) => Walk, mistake: Partial<Rules>): string | undefined {
  for (let seed = 1; seed <= WALKS; seed++) {
    const { violations } = walk(seed, mistake)
    if (violations.length > 0) return `seed ${seed}: ${violations[0]}`
  }
  return undefined
}

/** Minutes: with the long tests only. */
describe.runIf(Number(process.env['GANTRY_SIM_SEEDS'] ?? 0) >= 1_000)('every rule is needed', () => {
  test.each(Object.entries(mistakes))('safety needs it: %s', { timeout: 900_000 }, (name, mistake) => {
    const found = firstViolation(walkSafely, mistake)
    console.log(`${name}: ${found}`)
    expect(found).toMatch(/is judged|is fenced/)
  })

  test.each(Object.entries(timidities))('liveness needs it: %s', { timeout: 900_000 }, (name, mistake) => {
    const found = firstViolation(walkWithoutPlanes, mistake)
    console.log(`${name}: ${found}`)
    expect(found).toMatch(/though only the control planes are away/)
  })
})
