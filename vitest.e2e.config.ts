import { defineConfig } from 'vitest/config'

/** Labs with real parts: one file after the other, because they share the host. */
export default defineConfig({
  test: { include: ['test/e2e/**/*.test.ts'], setupFiles: ['test/e2e/aftermath.ts'], pool: 'forks', fileParallelism: false, testTimeout: 120_000, hookTimeout: 180_000, passWithNoTests: true },
})
