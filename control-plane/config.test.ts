import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readControlPlaneConfig, termsOf } from './config.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

const read = async (settings: unknown): ReturnType<typeof readControlPlaneConfig> => {
  const file = join(folder, 'config.json')
  await writeFile(file, JSON.stringify(settings))
  return readControlPlaneConfig(file)
}

test('what is left out has a default', async () => {
  expect(await read({})).toMatchObject({ identity: hostname(), leaderLeaseMs: 800, virtualIp: undefined })
})

test('what is given is taken', async () => {
  const given = { identity: 'cp2', leaderLeaseMs: 500, virtualIp: { address: '10.0.0.9/24', device: 'eth0' } }
  expect(await read(given)).toMatchObject(given)
})

test('the times of fencing follow from one, and may be set one by one', async () => {
  expect(termsOf(await read({}))).toMatchObject({ leaseMs: 1_200, heartbeatPeriodMs: 100 })
  expect(termsOf(await read({ nodeLeaseMs: 2_400, fencing: { killMs: 250 } }))).toMatchObject({ leaseMs: 2_400, heartbeatPeriodMs: 200, seenMs: 800, killMs: 250 })
})

test.each([
  [{ leaderLeaseMs: 50 }, '"leaderLeaseMs" must be from 200 to 60000'],
  [{ leaderLeaseMs: '1s' }, '"leaderLeaseMs" must be from 200 to 60000'],
  [{ etcdCallMs: 0 }, '"etcdCallMs" must be from 100 to 600000'],
  [{ identity: '' }, '"identity" must be a name'],
  [{ virtualIp: { address: '10.0.0.9', device: 'eth0' } }, '"virtualIp" looks like'],
  [{ virtualIp: '10.0.0.9/24' }, '"virtualIp" looks like'],
  [{ nodeLeaseMs: 300 }, 'times of fencing: '],
  [{ fencing: { seenMs: 100 } }, 'seenMs 100 must be at least three heartbeat periods'],
  [{ fencing: { vision: 1 } }, 'unknown time "fencing.vision": the times are heartbeatPeriodMs, leaseMs, '],
  [{ serviceCidr: '10.96.0.0' }, '"serviceCidr" looks like'],
  [{ leaderLease: 1 }, 'unknown setting "leaderLease"'],
])('%j is refused', async (settings, sentence) => {
  await expect(read(settings)).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(sentence) as string })
})
