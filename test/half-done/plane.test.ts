import { describe, expect, test } from 'vitest'
import { allDeaths } from './plane/run.ts'
import { scenarios } from './plane/scenarios.ts'

/**
 * The control plane is killed right before and right after each write of each of its parts (controllers, scheduler, dispatch, the API itself), all found by
 * running a scenario without any death first. The storage survives; caches, queues and expectations do not. What is stored afterwards is what that first
 * run stored. A sample here (`GANTRY_SAMPLE=3` tries another); every write in the long tests.
 */
const sample = Number(process.env['GANTRY_SAMPLE'] ?? '0')

describe('a control plane that is killed at any write leaves nothing half-done', { timeout: 1_200_000 }, () => {
  test.each(scenarios)('$name', async (scenario) => {
    expect(await allDeaths(scenario, 13, sample * 5)).toEqual([])
  })
})
