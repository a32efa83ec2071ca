import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** Labs with real parts: one file after the other, because they share the host. */
export default defineConfig({
  resolve: seededProperties,
  test: { include: ['test/e2e/**/*.test.ts'], setupFiles: ['test/e2e/aftermath.ts'], pool: 'forks', fileParallelism: false, testTimeout: 120_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000 } }, passWithNoTests: true },
})
