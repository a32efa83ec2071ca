import { defineConfig } from 'vitest/config'

/** Tests run inside the virtual machine (`test/vm`): everything takes several times as long there. */
export default defineConfig({
  test: { retry: 1, include: ['test/vm/**/*.vm.ts', 'test/contract/**/*.test.ts', 'test/e2e/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 1_200_000, hookTimeout: 1_200_000, expect: { poll: { timeout: 300_000 } }, passWithNoTests: true },
})
