import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { exists } from '../host/files.ts'
import { pressuresIn } from '../host/pressure.ts'
import { watchPath } from '../host/watch.ts'
import { boundHugePages } from './huge-pages.ts'
import { POD_PREFIX, type Cgroups, type PodLimits } from './port.ts'
import { ParentProtection, withdrawProtection } from './protection.ts'
import { handDown, handDownFromRoot } from './room.ts'
import { amountIn, childGroups, counter, killOnce, processesIn, readGroupFile, tryRemove, untilDone, writeGroupFile } from './tree.ts'
import type { CgroupOptions } from './version1.ts'

const CONTROLLERS = ['cpu', 'cpuset', 'hugetlb', 'io', 'memory', 'pids']
const PERIOD_MICROS = 100_000

/** One tree for all controllers. Who has left is told by the kernel (`cgroup.events`), nothing is polled. */
export async function cgroupsVersion2({ parent, clock, root = '/sys/fs/cgroup', patienceMs = 10_000, protectsMemory = false }: CgroupOptions): Promise<Cgroups> {
  await delegate(root, parent)
  const hasHugePages = await handsDown(join(root, parent), 'hugetlb')
  const protection = protectsMemory ? await ParentProtection.open(root, parent) : undefined
  if (!protectsMemory) await withdrawProtection(root, parent)
  const at = (path: string): string => join(root, path)
  const podPath = (uid: string): string => join(parent, `${POD_PREFIX}${uid}`)
  const empty = (path: string): Promise<void> =>
    untilEmpty(at(path), async (signal) => {
      await sleep(clock, patienceMs, signal)
      throw new Fault('timeout', `cgroup ${path}: not empty within ${patienceMs} ms`)
    })
  return {
    version: 2,
    hasHugePages,
    boundsSwap: await exists(join(root, parent, 'memory.swap.max')),
    podPath,
    async createPod(uid, limits) {
      const folder = at(podPath(uid))
      await mkdir(folder, { recursive: true })
      await enable(folder)
      for (const [file, value] of settings(limits)) await writeGroupFile(folder, file, value)
      if (hasHugePages) await boundHugePages(folder, 2, limits.hugePageBytes)
      await protection?.changed(podPath(uid), limits)
    },
    async setLimits(path, limits) {
      const said = settings(limits)
      const unsaid = UNLIMITED.filter(([file]) => !said.some(([name]) => name === file))
      for (const [file, value] of [...said, ...unsaid]) await writeGroupFile(at(path), file, value)
      await protection?.changed(path, limits)
    },
    async remove(path) {
      await empty(path)
      if (!(await tryRemove(at(path)))) throw new Fault('conflict', `cgroup ${path} is still in use`)
      await protection?.removed(path)
    },
    async killAll(path) {
      const folder = at(path)
      if ((await readGroupFile(folder, 'cgroup.events')) === undefined) return
      // Linux before 5.14 has no such file.
      if (!(await exists(join(folder, 'cgroup.kill')))) return await untilDone(() => killOnce(folder), { clock, limitMs: patienceMs, what: `kill all in cgroup ${path}` })
      await writeGroupFile(folder, 'cgroup.kill', 1)
      await empty(path)
    },
    oomKills: async (path) => counter(await readGroupFile(at(path), 'memory.events'), 'oom_kill'),
    memoryPeak: async (path) => amountIn(await readGroupFile(at(path), 'memory.peak')),
    async usage(path) {
      const [cpu, bytes, stat, processes] = await Promise.all([readGroupFile(at(path), 'cpu.stat'), readGroupFile(at(path), 'memory.current'), readGroupFile(at(path), 'memory.stat'), readGroupFile(at(path), 'pids.current')])
      if (cpu === undefined || bytes === undefined) return undefined
      return {
        cpuNanos: counter(cpu, 'usage_usec') * 1000,
        memoryBytes: Math.max(0, Number(bytes) - counter(stat, 'inactive_file')),
        memoryUsageBytes: Number(bytes),
        rssBytes: counter(stat, 'anon'),
        pageFaults: counter(stat, 'pgfault'),
        majorPageFaults: counter(stat, 'pgmajfault'),
        processes: amountIn(processes),
      }
    },
    async detail(path) {
      const [swap, most, pressures] = await Promise.all([readGroupFile(at(path), 'memory.swap.current'), readGroupFile(at(path), 'memory.swap.max'), pressuresIn((of) => join(at(path), `${of}.pressure`))])
      return { swapBytes: amountIn(swap), swapLimitBytes: most?.trim() === 'max' ? undefined : amountIn(most), pressures }
    },
    pids: (path) => processesIn(at(path)),
    list: async () => (await childGroups(at(parent))).filter((name) => name.startsWith(POD_PREFIX)).map((name) => name.slice(POD_PREFIX.length)),
  }
}

/** Makes the parent and hands the controllers down to it, level by level. */
async function delegate(root: string, parent: string): Promise<void> {
  await enable(root, handDownFromRoot)
  let folder = root
  for (const name of parent.split('/').filter((part) => part !== '')) {
    folder = join(folder, name)
    await mkdir(folder, { recursive: true })
    await enable(folder)
  }
}

async function enable(folder: string, give = handDown): Promise<void> {
  const offered = ((await readGroupFile(folder, 'cgroup.controllers')) ?? '').trim().split(' ')
  const active = ((await readGroupFile(folder, 'cgroup.subtree_control')) ?? '').trim().split(' ')
  const missing = CONTROLLERS.filter((name) => offered.includes(name) && !active.includes(name))
  if (missing.length > 0) await give(folder, missing)
}

const handsDown = async (folder: string, controller: string): Promise<boolean> => ((await readGroupFile(folder, 'cgroup.subtree_control')) ?? '').trim().split(' ').includes(controller)

/** Where nothing is said of it. */
const UNLIMITED: ReadonlyArray<readonly [string, string | number]> = [
  ['cpu.max', `max ${PERIOD_MICROS}`],
  ['memory.max', 'max'],
  ['memory.high', 'max'],
  ['memory.low', 0],
  ['memory.min', 0],
]

function settings(limits: PodLimits): ReadonlyArray<readonly [string, string | number]> {
  return [
    ['cpu.weight', weightOf(limits.cpuShares)],
    ...(limits.cpuQuotaMicros === undefined ? [] : [['cpu.max', `${limits.cpuQuotaMicros} ${PERIOD_MICROS}`] as const]),
    ...(limits.memoryBytes === undefined ? [] : [['memory.max', limits.memoryBytes] as const]),
    ...(limits.memoryHighBytes === undefined ? [] : [['memory.high', limits.memoryHighBytes] as const]),
    ...(limits.memoryLowBytes === undefined ? [] : [['memory.low', limits.memoryLowBytes] as const]),
    ...(limits.memoryMinBytes === undefined ? [] : [['memory.min', limits.memoryMinBytes] as const]),
    ...(limits.pids === undefined ? [] : [['pids.max', limits.pids] as const]),
  ]
}

/** Shares (2 … 262144) as weight (1 … 10000), as the OCI runtimes convert them. */
export const weightOf = (shares: number): number => 1 + Math.floor(((shares - 2) * 9999) / 262_142)

/** Resolves when no process is left in the group or below it, or when the group is gone. */
async function untilEmpty(folder: string, patience: (signal: AbortSignal) => Promise<never>): Promise<void> {
  const isEmpty = async (): Promise<boolean> => counter(await readGroupFile(folder, 'cgroup.events'), 'populated') === 0
  if (await isEmpty()) return
  let stop = (): void => {}
  const over = new AbortController()
  const left = new Promise<void>((resolve, reject) => {
    const look = (): void => void isEmpty().then((empty) => void (empty && resolve()), reject)
    stop = watchPath(join(folder, 'cgroup.events'), look, reject)
    look()
  })
  try {
    await Promise.race([left, patience(over.signal)])
  } finally {
    stop()
    over.abort(new Fault('cancelled', 'no longer waited for'))
  }
}
