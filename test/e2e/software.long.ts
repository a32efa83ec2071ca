/** Software that people run, of Debian's packages: started, probed, served, looked into, stopped cleanly, and begun again with its data. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'
import type { Node } from '../../shared/model/gen/api.ts'
import { isWell, testLab, type TestLab } from './harness.ts'
import { softwareArchive } from './software/images.ts'
import { javaTests } from './software/java.ts'
import { nginxTests } from './software/nginx.ts'
import { nodeTests } from './software/node.ts'
import { postgresTests } from './software/postgres.ts'
import { redisTests } from './software/redis.ts'
import { removeSoftware } from './software/tools.ts'

// Images are brought, databases and virtual machines begin.
vi.setConfig({ testTimeout: 300_000 })

const ALL = ['nginx', 'redis', 'postgres', 'node', 'java'] as const
const folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-software-'))
let opened: TestLab | undefined
const cluster = (): TestLab => {
  if (opened === undefined) throw new Error('there is no lab')
  return opened
}

beforeAll(async () => {
  // Made once, and kept: packages are fetched the first time.
  for (const software of ALL) softwareArchive(software)
  opened = await testLab('e2e-software', { nodes: 2 })
  await opened.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 2 && nodes.every(isWell))
}, 900_000)
afterAll(async () => {
  if (opened !== undefined) await removeSoftware(opened, ALL)
  await opened?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

nginxTests(cluster)
redisTests(cluster, () => join(folder, 'redis'))
postgresTests(cluster, () => join(folder, 'postgres'))
nodeTests(cluster)
javaTests(cluster)
