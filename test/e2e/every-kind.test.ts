/** Every verb on every kind through one kubectl of this machine, the newest; all of them in the long tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { WALK_TIMEOUT_MS, walkEveryKind } from './every-kind.ts'
import { kubectls, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const [newest] = kubectls().toReversed()
const folder = mkdtempSync(join(tmpdir(), 'gantry-every-kind-'))
let cluster: TestLab
let attempts = 0

labOfTests({ name: 'e2e-kinds', nodes: 0, prepare: (lab) => void (cluster = lab) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.skipIf(newest === undefined)('kubectl does everything with every kind', { timeout: WALK_TIMEOUT_MS }, async () => {
  expect(newest).toBeDefined()
  await walkEveryKind({ program: newest ?? '', kubeconfig: cluster.kubeconfig, folder, prefix: `every-kind-${++attempts}` })
})
