import { describe, expect, test } from 'vitest'
import { runSeed } from './scenario.ts'

/** How many seeds run: `GANTRY_SIM_SEEDS=2000 vitest run -c vitest.sim.config.ts test/sim/seeds.test.ts` looks further. `FROM:COUNT` begins elsewhere. */
const [from = 1, count = 50] = ((text) => (text.includes(':') ? text.split(':').map(Number) : [1, Number(text)]))(process.env['GANTRY_SIM_SEEDS'] ?? '50')

describe('a cluster in trouble comes to rest, and no invariant is broken on the way', () => {
  test.each(Array.from({ length: count }, (_, index) => from + index))('seed %i', async (seed) => {
    const { violations } = await runSeed(seed)
    expect(violations, `replay it: npm run sim -- --seed ${seed}`).toEqual([])
  })
})
