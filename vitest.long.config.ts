import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** End-to-end tests that take minutes. */
export default defineConfig({
  resolve: seededProperties,
  // A host with other things to do can be late once. What fails and then passes is marked in the report, and told with its lab.
  test: { retry: 1, include: ['test/e2e/**/*.long.ts', 'test/half-done/**/*.long.ts'], setupFiles: ['test/e2e/aftermath.ts'], pool: 'forks', fileParallelism: false, testTimeout: 120_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000 } }, passWithNoTests: true },
})
