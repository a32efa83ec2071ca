import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** Contract suites against real parts of the host: etcd, crun, overlayfs, nftables. One file after the other, because they share the host. */
export default defineConfig({
  resolve: seededProperties,
  test: {
    include: ['test/contract/**/*.test.ts', 'test/half-done/**/*.contract.ts'],
    globalSetup: 'test/contract/left-over.ts',
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
