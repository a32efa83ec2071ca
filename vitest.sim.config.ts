import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** The whole cluster in one process, under seeds. Its time is virtual; how long it really takes depends on what the other tests leave over. */
export default defineConfig({
  resolve: seededProperties,
  test: { include: ['test/sim/**/*.test.ts', 'test/fencing-model/**/*.test.ts', 'test/scenarios/**/*.test.ts', 'test/half-done/**/*.test.ts'], pool: 'forks', maxWorkers: '100%', testTimeout: 1_200_000, hookTimeout: 1_200_000, passWithNoTests: true },
})
