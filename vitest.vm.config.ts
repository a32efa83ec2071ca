import { defineConfig } from 'vitest/config'
import { seededProperties } from './test/seeded-properties.ts'

/** Of one kind of tests. */
const project = (name: string, include: readonly string[], setupFiles: readonly string[]) => ({
  extends: true as const,
  test: { name, include: [...include], setupFiles: ['test/vm/setup.ts', ...setupFiles] },
})

/** Tests run inside the virtual machine (`test/vm`): everything takes several times as long there. */
export default defineConfig({
  resolve: seededProperties,
  test: {
    retry: 1,
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    expect: { poll: { timeout: 300_000 } },
    passWithNoTests: true,
    projects: [project('contract', ['test/contract/**/*.test.ts'], []), project('labs', ['test/vm/**/*.vm.ts', 'test/e2e/**/*.test.ts'], ['test/e2e/aftermath.ts'])],
  },
})
