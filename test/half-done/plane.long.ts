import { expect, test } from 'vitest'
import { allDeaths } from './plane/run.ts'
import { scenarios } from './plane/scenarios.ts'

/** As `plane.test.ts`, every write, both sides. */
test.each(scenarios)('every death: $name', { timeout: 1_200_000 }, async (scenario) => {
  expect(await allDeaths(scenario, 1, 0)).toEqual([])
})
