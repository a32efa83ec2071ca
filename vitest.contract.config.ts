import { defineConfig } from 'vitest/config'

/** Contract suites against real parts of the host: etcd, crun, overlayfs, nftables. One file after the other, because they share the host. */
export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts', 'test/half-done/**/*.contract.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
