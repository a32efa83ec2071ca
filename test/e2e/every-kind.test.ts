/** Every verb on every kind through one kubectl of this machine, the newest; all of them in the long tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { walkEveryKind } from './every-kind.ts'
import { kubectls, testLab, type TestLab } from './harness.ts'

const [newest] = kubectls().toReversed()
const folder = mkdtempSync(join(tmpdir(), 'gantry-every-kind-'))
let cluster: TestLab
let attempts = 0

beforeAll(async () => {
  cluster = await testLab('e2e-kinds', { nodes: 0 })
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await cluster[Symbol.asyncDispose]()
})

test.skipIf(newest === undefined)('kubectl does everything with every kind', { timeout: 300_000 }, async () => {
  expect(newest).toBeDefined()
  await walkEveryKind({ program: newest ?? '', kubeconfig: cluster.kubeconfig, folder, prefix: `every-kind-${++attempts}` })
})
