/** Every verb on every kind through every kubectl of this machine, and through the methods of a client library. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { WALK_TIMEOUT_MS, walkEveryKind } from './every-kind.ts'
import { walkByClient } from './every-kind-client.ts'
import { kubectlMinor, kubectls, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const clients = kubectls().map((program) => ({ program, minor: kubectlMinor(program) ?? 0 }))
const folder = mkdtempSync(join(tmpdir(), 'gantry-every-kind-'))
let cluster: TestLab
let attempts = 0

labOfTests({ name: 'e2e-kinds-all', nodes: 0, prepare: (lab) => void (cluster = lab) })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

if (clients.length === 0) test.skip('no kubectl from 1.27 on is on this machine (kubectl.1.NN, or kubectl, in the PATH)', () => {})

test.each(clients)('kubectl 1.$minor does everything with every kind', { timeout: WALK_TIMEOUT_MS }, async ({ program, minor }) => {
  await walkEveryKind({ program, kubeconfig: cluster.kubeconfig, folder, prefix: `every-kind-${minor}-${++attempts}` })
})

test('a client library does everything with every kind', { timeout: 600_000 }, async () => {
  expect((await walkByClient({ kubeconfig: cluster.kubeconfig, prefix: `every-kind-client-${++attempts}` })).length).toBeGreaterThan(55)
})
