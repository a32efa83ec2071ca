import { describe, expect, test } from 'vitest'
import { runReplicas } from './replicas.ts'

/** Half a minute each, in a fraction of a second. */
const SEEDS = Number(process.env['GANTRY_SIM_SEEDS'] ?? 0) >= 1_000 ? 500 : 50

describe('clients of several API servers over one storage, in trouble, are answered what is true', () => {
  test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))('seed %i', async (seed) => {
    const { violations, operations } = await runReplicas(seed)
    expect(violations).toEqual([])
    expect(operations.length).toBeGreaterThan(100)
  })
})
