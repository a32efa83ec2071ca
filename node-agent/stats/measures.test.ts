import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { diskUse } from '../host/disk-use.ts'
import { parseTraffic } from '../host/net-dev.ts'
import { hugePagesIn, parseMemoryRoom } from '../host/room.ts'
import { bootedIn } from '../host/usage.ts'
import { newRecord, withContainer } from '../pods/record.ts'
import { hostMeasures } from './measures.ts'

const KI = 1024
let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gantry-measures-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a folder: blocks of each file once, links not followed', async () => {
  const at = join(folder, 'walk')
  await mkdir(join(at, 'deep/er'), { recursive: true })
  await writeFile(join(at, 'deep/er/file'), Buffer.alloc(256 * KI, 1))
  await link(join(at, 'deep/er/file'), join(at, 'again'))
  await symlink('/', join(at, 'everything'))
  const { bytes, inodes } = await diskUse(at)
  expect(inodes).toBe(5)
  expect(bytes).toBeGreaterThanOrEqual(256 * KI)
  expect(bytes).toBeLessThan(400 * KI)
  expect(await diskUse(join(folder, 'nowhere'))).toEqual({ bytes: 0, inodes: 0 })
})

test('what the kernel writes', () => {
  expect([bootedIn('cpu 1 2\nbtime 1795367000\nprocesses 3\n'), bootedIn('')]).toEqual([1_795_367_000_000, undefined])
  expect(parseMemoryRoom('MemTotal:        4000 kB\nMemFree:          100 kB\nInactive(file):    50 kB\n')).toEqual({ available: 150 * KI, capacity: 4000 * KI })
  expect(parseTraffic('Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 1500 10 2 0 0 0 0 0 700 5 1 0 0 0 0 0\n')).toEqual([{ name: 'eth0', rxBytes: 1500, rxErrors: 2, txBytes: 700, txErrors: 1 }])
  expect(hugePagesIn([{ kilobytes: 2048, pages: 3 }, { kilobytes: 1_048_576, pages: 0 }, { kilobytes: 64, pages: 1 }])).toEqual({ '2Mi': 3 * 2 ** 21, '1Gi': 0, '64Ki': 64 * KI })
})

const measuresOf = (share?: { readonly storageBytes: number }): ReturnType<typeof hostMeasures> =>
  hostMeasures({
    cgroups: { podPath: (uid) => `/node/pod${uid}`, usage: async (path) => (path.startsWith('/node') ? { cpuNanos: 1, memoryBytes: 300 * KI, processes: 7 } : undefined) },
    snapshots: { usage: async () => ({ bytes: 1000 * KI, inodes: 1 }) },
    logFolder: join(folder, 'logs'),
    stateFolder: join(folder, 'state'),
    imageFolder: folder,
    ...(share && { share: { cgroup: '/node', memoryBytes: 1000 * KI, ...share } }),
    clock: new VirtualClock(),
  })

test('a machine of its own is looked at as a whole', async () => {
  await mkdir(join(folder, 'state'), { recursive: true })
  const seen = await measuresOf().observe()
  for (const signal of ['memory.available', 'nodefs.available', 'imagefs.available', 'pid.available'] as const) {
    expect(seen[signal]?.capacity).toBeGreaterThan(0)
    expect(seen[signal]?.available).toBeLessThanOrEqual(seen[signal]?.capacity ?? 0)
  }
})

test('one that is a part of its host is held against what it uses itself, however full the host is', async () => {
  await mkdir(join(folder, 'state/logs'), { recursive: true })
  await writeFile(join(folder, 'state/logs/file'), Buffer.alloc(512 * KI, 1))
  // Less than anybody has used of this file system.
  const seen = await measuresOf({ storageBytes: 1024 * KI }).observe()
  expect(seen).toMatchObject({ 'memory.available': { available: 700 * KI, capacity: 1000 * KI }, 'nodefs.available': { capacity: 1024 * KI } })
  expect(seen['nodefs.available']?.available).toBeLessThanOrEqual(512 * KI)
  expect(seen['nodefs.available']?.available).toBeGreaterThan(400 * KI)
  expect(seen['imagefs.available']).toBeUndefined()
})

test('what a pod uses, by container', async () => {
  const volume = join(folder, 'volume')
  const log = join(folder, 'logs/ns_p_u/c')
  await Promise.all([volume, log].map((path) => mkdir(path, { recursive: true })))
  await Promise.all([writeFile(join(volume, 'f'), Buffer.alloc(128 * KI, 1)), writeFile(join(log, '0.log'), Buffer.alloc(64 * KI, 1))])
  const pod = { metadata: { namespace: 'ns', name: 'p', uid: 'u' }, spec: { containers: [{ name: 'c' }, { name: 'gone' }], volumes: [{ name: 'd', emptyDir: {} }, { name: 'm', emptyDir: { medium: 'Memory' } }] } }
  const record = { ...withContainer(newRecord(0), 'c', { now: { kind: 'running', id: 'id', startedMs: 0, hook: 'none' } }), volumes: { kind: 'ready' as const, paths: { d: volume, m: volume } } }
  const use = await measuresOf().use({ pod, record })
  expect(use).toMatchObject({ memoryBytes: 300 * KI, processes: 7, containers: [{ name: 'c', memoryBytes: 300 * KI }] })
  expect(use?.containers[0]?.storageBytes).toBeGreaterThanOrEqual(1064 * KI)
  expect(use?.storageBytes).toBeGreaterThanOrEqual(1192 * KI)
  expect(use?.storageBytes).toBeLessThan(1300 * KI)
})
