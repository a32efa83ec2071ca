import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** The whole cluster in one process, under seeds. */
export default defineConfig({
  resolve: seededProperties,
  test: { include: ['test/sim/**/*.test.ts', 'test/fencing-model/**/*.test.ts', 'test/scenarios/**/*.test.ts', 'test/half-done/**/*.test.ts'], pool: 'forks', fileParallelism: true, testTimeout: 120_000, hookTimeout: 180_000, passWithNoTests: true },
})
