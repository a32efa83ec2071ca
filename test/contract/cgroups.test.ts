import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { boundHugePages } from '../../node-agent/cgroups/huge-pages.ts'
import type { Cgroups } from '../../node-agent/cgroups/port.ts'
import { systemClock } from '../../shared/kit/clock.ts'

/** Control groups as this host has them: version 1, hybrid or 2. */

const PARENT = `/gantry-test-cg-${process.pid}`
let cgroups: Cgroups
const processes = new Set<ChildProcess>()

beforeAll(async () => {
  cgroups = await openCgroups({ parent: PARENT, clock: systemClock })
})
afterEach(() => {
  for (const one of processes) one.kill('SIGKILL')
  processes.clear()
})
afterAll(() => cgroups.remove(PARENT))

const fileOf = (path: string, version1: string, version2: string): string => (cgroups.version === 2 ? `/sys/fs/cgroup${path}/${version2}` : `/sys/fs/cgroup/${version1.split('.')[0]}${path}/${version1}`)
const procsOf = (path: string, controller = 'memory'): string => (cgroups.version === 2 ? `/sys/fs/cgroup${path}/cgroup.procs` : `/sys/fs/cgroup/${controller}${path}/cgroup.procs`)

/** A process inside a pod's group, as the runtime puts it there: in a group of its own below it, which version 2 asks for. */
function inside(pod: string, script: string, controllers: readonly string[] = ['memory']): ChildProcess {
  const path = cgroups.version === 2 ? `${pod}/container` : pod
  if (cgroups.version === 2) mkdirSync(`/sys/fs/cgroup${path}`, { recursive: true })
  const child = spawn('sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  processes.add(child)
  for (const controller of controllers) writeFileSync(procsOf(path, controller), String(child.pid))
  child.stdin?.end('go\n')
  return child
}
const gone = (child: ChildProcess): Promise<void> => new Promise((resolve) => void child.once('exit', () => resolve()))

test('a pod’s group has its limits, is listed, and goes', async () => {
  await cgroups.createPod('one', { cpuShares: 256, cpuQuotaMicros: 50_000, memoryBytes: 64 << 20, pids: 50 })
  const path = cgroups.podPath('one')
  expect(path).toBe(`${PARENT}/podone`)
  expect(readFileSync(fileOf(path, 'memory.limit_in_bytes', 'memory.max'), 'utf8').trim()).toBe(String(64 << 20))
  expect(readFileSync(fileOf(path, 'pids.max', 'pids.max'), 'utf8').trim()).toBe('50')
  expect(readFileSync(fileOf(path, 'cpu.cfs_quota_us', 'cpu.max'), 'utf8')).toMatch(/^50000/)
  await cgroups.createPod('one', { cpuShares: 256 })
  expect(await cgroups.list()).toEqual(['one'])
  await cgroups.remove(path)
  await cgroups.remove(path)
  expect(await cgroups.list()).toEqual([])
  expect(existsSync(procsOf(path))).toBe(false)
})

test('limits of a group that is there are changed, and taken away', async () => {
  await cgroups.createPod('five', { cpuShares: 256, cpuQuotaMicros: 50_000, memoryBytes: 64 << 20, pids: 50 })
  const path = cgroups.podPath('five')
  const read = (): readonly string[] => [fileOf(path, 'cpu.cfs_quota_us', 'cpu.max'), fileOf(path, 'memory.limit_in_bytes', 'memory.max'), fileOf(path, 'pids.max', 'pids.max')].map((file) => readFileSync(file, 'utf8').trim().split(' ')[0] ?? '')
  await cgroups.setLimits(path, { cpuShares: 512, cpuQuotaMicros: 150_000, memoryBytes: 96 << 20 })
  expect(read()).toEqual(['150000', String(96 << 20), '50'])
  await cgroups.setLimits(path, { cpuShares: 512 })
  const [quota, memory, pids] = read()
  expect(['-1', 'max']).toContain(quota)
  expect(memory === 'max' || Number(memory) > 2 ** 40).toBe(true)
  expect(pids).toBe('50')
  await cgroups.remove(path)
  await expect(cgroups.setLimits(path, { cpuShares: 2 })).rejects.toThrow()
})

/** Where the kernel counts huge pages by group, in whichever tree. */
const COUNTING = ['/sys/fs/cgroup/hugetlb', '/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((folder) => (folder.endsWith('hugetlb') ? existsSync(`${folder}/cgroup.procs`) : wordsOf(`${folder}/cgroup.controllers`).includes('hugetlb')))
const PAGE = 2 << 20
const SET_ASIDE = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'

function wordsOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : []
}

/** The kernel's settings, and what they were before. */
function changed(file: string, value: string, back: string): Disposable {
  writeFileSync(file, value)
  return { [Symbol.dispose]: () => writeFileSync(file, back) }
}

/** Asks for so many huge pages and touches each; 12 where the kernel promises none. */
const TAKE = `import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
at = libc.mmap(ctypes.c_void_p(0), ctypes.c_size_t(int(sys.argv[1]) * ${PAGE}), 3, 0x40022, -1, ctypes.c_long(0))
if at == ctypes.c_void_p(-1).value: sys.exit(ctypes.get_errno())
for page in range(int(sys.argv[1])): ctypes.memset(at + page * ${PAGE}, 1, 1)
`

test.skipIf(COUNTING === undefined || !existsSync(SET_ASIDE) || !existsSync('/usr/bin/python3'))('huge pages: a group has as many as it may', async () => {
  const before = readFileSync(SET_ASIDE, 'utf8')
  using _pages = changed(SET_ASIDE, String(Number(before) + 4), before)
  const tree = COUNTING ?? ''
  const version = tree.endsWith('hugetlb') ? 1 : 2
  using _controller = version === 1 || wordsOf(`${tree}/cgroup.subtree_control`).includes('hugetlb') ? undefined : changed(`${tree}/cgroup.subtree_control`, '+hugetlb', '-hugetlb')
  const group = `${tree}${PARENT}-huge`
  mkdirSync(group)
  const taken = async (pages: number): Promise<number | null> => {
    const child = spawn('sh', ['-c', `read go; exec python3 -c "$0" ${pages}`, TAKE], { stdio: ['pipe', 'ignore', 'ignore'] })
    const end = new Promise<number | null>((resolve) => void child.once('exit', resolve))
    writeFileSync(`${group}/cgroup.procs`, String(child.pid))
    child.stdin.end('go\n')
    return await end
  }
  try {
    await boundHugePages(group, version, { [PAGE]: 2 * PAGE })
    expect([await taken(2), await taken(3)]).toEqual([0, 12])
    await boundHugePages(group, version, { [PAGE]: 0 })
    expect(await taken(1)).toBe(12)
  } finally {
    rmdirSync(group)
  }
})

test('memory: what is kept for a pod is granted by the groups above it, where it is slowed it is told; and all of it is taken away again', async () => {
  const parent = `${PARENT}-kept/pods`
  const kept = await openCgroups({ parent, clock: systemClock, protectsMemory: true })
  try {
    await kept.createPod('eight', { cpuShares: 2, memoryBytes: 64 << 20, memoryMinBytes: 32 << 20 })
    await kept.createPod('nine', { cpuShares: 2, memoryLowBytes: 16 << 20 })
    // Version 1 knows none of it.
    if (kept.version === 1) return
    const read = (path: string): readonly string[] => ['memory.min', 'memory.low', 'memory.high'].map((file) => readFileSync(`/sys/fs/cgroup${path}/${file}`, 'utf8').trim())
    expect([read(kept.podPath('eight')), read(kept.podPath('nine')), read(parent), read(`${PARENT}-kept`)]).toEqual([[String(32 << 20), '0', 'max'], ['0', String(16 << 20), 'max'], [String(32 << 20), String(16 << 20), 'max'], [String(32 << 20), String(16 << 20), 'max']])
    await kept.setLimits(kept.podPath('eight'), { cpuShares: 2, memoryHighBytes: 48 << 20 })
    expect([read(kept.podPath('eight')), read(parent)]).toEqual([['0', '0', String(48 << 20)], ['0', String(16 << 20), 'max']])
    await kept.setLimits(kept.podPath('eight'), { cpuShares: 2 })
    await kept.remove(kept.podPath('nine'))
    expect([read(kept.podPath('eight')), read(parent), read(`${PARENT}-kept`)]).toEqual([['0', '0', 'max'], ['0', '0', 'max'], ['0', '0', 'max']])
    await kept.createPod('nine', { cpuShares: 2, memoryLowBytes: 16 << 20 })
    await openCgroups({ parent, clock: systemClock })
    expect(read(parent)).toEqual(['0', '0', 'max'])
  } finally {
    await kept.remove(`${PARENT}-kept`)
  }
})

test('everything in a group is killed, what forks as well', async () => {
  await cgroups.createPod('two', { cpuShares: 2 })
  const path = cgroups.podPath('two')
  const child = inside(path, 'while :; do sleep 0.01 & done')
  const end = gone(child)
  await expect.poll(() => readFileSync(procsOf(cgroups.version === 2 ? `${path}/container` : path), 'utf8').split('\n').length).toBeGreaterThan(3)
  await cgroups.killAll(path)
  await end
  await cgroups.remove(path)
  expect(await cgroups.list()).toEqual([])
})

test('removal waits for the last process', async () => {
  await cgroups.createPod('three', { cpuShares: 2 })
  const path = cgroups.podPath('three')
  const child = inside(path, 'exec sleep 1000')
  let isGone = false
  const removed = cgroups.remove(path).then(() => void (isGone = true))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect([isGone, existsSync(procsOf(path))]).toEqual([false, true])
  child.kill('SIGKILL')
  await removed
  expect(existsSync(procsOf(path))).toBe(false)
})

test('a program that cannot be started because no process is left is told as that, and nothing else ends', async () => {
  await cgroups.createPod('six', { cpuShares: 1024, pids: 40 })
  const path = cgroups.podPath('six')
  const folder = mkdtempSync(join(tmpdir(), 'gantry-pids-'))
  const program = `import { launch } from ${JSON.stringify(new URL('../../node-agent/host/processes.ts', import.meta.url).href)}; import { writeFileSync } from 'node:fs'; let count = 0; try { for (; count < 100; count++) await launch('/bin/sleep', ['1000']) } catch (error) { writeFileSync('said', error.code + ': ' + error.message + ', after ' + (count > 3)) } process.exit()`
  writeFileSync(join(folder, 'program.mjs'), program)
  await gone(inside(path, `cd ${folder}; exec ${process.execPath} --disable-warning=ExperimentalWarning program.mjs`, ['memory', 'pids']))
  expect(readFileSync(join(folder, 'said'), 'utf8')).toBe('exhausted: cannot run /bin/sleep: resource temporarily unavailable (no process is left), after true')
  await cgroups.killAll(path)
  await cgroups.remove(path)
  rmSync(folder, { recursive: true })
})

test('processes killed for want of memory are counted; usage is told', async () => {
  await cgroups.createPod('four', { cpuShares: 2, memoryBytes: 16 << 20 })
  const path = cgroups.podPath('four')
  expect(await cgroups.oomKills(path)).toBe(0)
  await gone(inside(path, 'exec tail /dev/zero'))
  expect(await cgroups.oomKills(path)).toBe(1)
  const peak = await cgroups.memoryPeak(path)
  expect(peak === undefined || (peak > 8 << 20 && peak <= 16 << 20)).toBe(true)
  const usage = await cgroups.usage(path)
  expect(Object.entries(usage ?? {}).filter(([, value]) => !Number.isFinite(value))).toEqual([])
  expect(usage).toMatchObject({ processes: 0 })
  expect(usage?.memoryUsageBytes).toBeGreaterThanOrEqual(usage?.memoryBytes ?? Number.POSITIVE_INFINITY)
  expect(await cgroups.pids(path)).toEqual([])
  const { swapBytes = 0, pressures } = await cgroups.detail(path)
  expect(swapBytes).toBe(0)
  for (const { some, full } of Object.values(pressures)) expect(some.total).toBeGreaterThanOrEqual(full.total)
  expect(Object.keys(pressures)).toEqual(cgroups.version === 2 && existsSync(`/sys/fs/cgroup${path}/cpu.pressure`) ? ['cpu', 'memory', 'io'] : [])
  await cgroups.remove(path)
  expect(await cgroups.detail(path)).toEqual({ pressures: {} })
  expect(await cgroups.oomKills(path)).toBe(0)
  expect(await cgroups.usage(path)).toBeUndefined()
})
