/**
 * The rules of fencing against everything that can happen, in a model that is the protocol and nothing else (`test/fencing-model`): the real deciders, clocks
 * that begin anywhere and run up to 0.1 % wrong, messages that are lost, late and overtake each other, parts that stand still, die and boot. That each
 * rule is needed is shown by `test/fencing-model/mistakes.test.ts`.
 */
import { expect, test } from 'vitest'
import { walkSafely, walkWithoutPlanes, type Walk } from '../../test/fencing-model/run.ts'

const WALKS = Number(process.env['GANTRY_FENCING_WALKS'] ?? 150)

function all(walk: (seed: number) => Walk): { readonly steps: number; readonly verdicts: number } {
  let [steps, verdicts] = [0, 0]
  for (let seed = 1; seed <= WALKS; seed++) {
    const result = walk(seed)
    expect(result.violations, `seed ${seed}\n${result.story.slice(-60).join('\n')}`).toEqual([])
    steps += result.steps
    verdicts += result.verdicts
  }
  return { steps, verdicts }
}

test('safety: when a node is judged its pods are dead, and they stay so until it is admitted; liveness: a dead node is judged within a lease and a moment', { timeout: 600_000 }, () => {
  const { steps, verdicts } = all(walkSafely)
  expect(steps).toBeGreaterThan(WALKS * 5_000)
  expect(verdicts).toBeGreaterThan(WALKS / 4)
})

test('liveness: no right ends because the control planes are away, however they go and come back', { timeout: 600_000 }, () => {
  all(walkWithoutPlanes)
})
