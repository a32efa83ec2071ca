import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** Unit, property and fake-backed contract tests: nothing of the host is touched. */
export default defineConfig({
  resolve: seededProperties,
  test: {
    include: ['shared/**/*.test.ts', 'control-plane/**/*.test.ts', 'node-agent/**/*.test.ts', 'cli/**/*.test.ts', 'dashboard/**/*.test.ts', 'deploy/**/*.test.ts', 'test/house.test.ts', 'test/documents.test.ts', 'test/history/**/*.test.ts', 'test/vm/**/*.test.ts'],
    pool: 'threads',
    // A module is read once in a thread, not once for each file: nothing here leaves anything behind in one.
    isolate: false,
    // Unless told so the runner leaves one processor alone: of two that is half.
    maxWorkers: '100%',
    // No test is a judge of how busy the host is.
    testTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
