import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { isFolder, namesIn } from '../host/files.ts'
import { boundHugePages } from './huge-pages.ts'
import { POD_PREFIX, type CgroupUsage, type Cgroups, type PodLimits } from './port.ts'
import { amountIn, childGroups, counter, killOnce, processesIn, readGroupFile, tryRemove, untilDone, writeGroupFile } from './tree.ts'

export interface CgroupOptions {
  /** This agent's own group for pods, `/gantry/NODE`: made when missing. */
  readonly parent: string
  readonly clock: Clock
  /** Where the hierarchies are mounted. */
  readonly root?: string
  /** How long to wait for the last process of a group to leave it. */
  readonly patienceMs?: number
  /** Groups above those of pods are told of the memory that is kept for these: version 2 alone. */
  readonly protectsMemory?: boolean
}

/** Controllers whose pod groups we make ourselves, for their limits and counts; the OCI runtime makes the others. */
const OURS = ['cpu', 'cpuacct', 'hugetlb', 'memory', 'pids'] as const
const PERIOD_MICROS = 100_000
const UNLIMITED = -1

/** One hierarchy per controller (version 1, and hybrid hosts, whose version 2 tree is left alone). */
export async function cgroupsVersion1({ parent, clock, root = '/sys/fs/cgroup', patienceMs = 10_000 }: CgroupOptions): Promise<Cgroups> {
  const hierarchies = await hierarchiesIn(root)
  const at = (controller: string, path: string): string => join(root, controller, path)
  // Every process is in every hierarchy: one of them tells who is there.
  const census = hierarchies.includes('memory') ? 'memory' : (hierarchies[0] ?? 'memory')
  const podPath = (uid: string): string => join(parent, `${POD_PREFIX}${uid}`)
  return {
    version: 1,
    hasHugePages: hierarchies.includes('hugetlb'),
    boundsSwap: false,
    podPath,
    async createPod(uid, limits) {
      const usable = OURS.filter((controller) => hierarchies.includes(controller))
      await Promise.all(
        usable.map(async (controller) => {
          const folder = at(controller, podPath(uid))
          await mkdir(folder, { recursive: true })
          for (const [file, value] of settings(controller, limits)) await writeGroupFile(folder, file, value)
          if (controller === 'hugetlb') await boundHugePages(folder, 1, limits.hugePageBytes)
        }),
      )
    },
    async setLimits(path, limits) {
      for (const controller of OURS.filter((one) => hierarchies.includes(one))) for (const [file, value] of changedSettings(controller, limits)) await writeGroupFile(at(controller, path), file, value)
    },
    async remove(path) {
      await Promise.all(hierarchies.map((controller) => untilDone(() => tryRemove(at(controller, path)), { clock, limitMs: patienceMs, what: `remove cgroup ${controller}:${path}` })))
    },
    killAll: (path) => untilDone(() => killOnce(at(census, path)), { clock, limitMs: patienceMs, what: `kill all in cgroup ${path}` }),
    oomKills: async (path) => counter(await readGroupFile(at('memory', path), 'memory.oom_control'), 'oom_kill'),
    memoryPeak: async (path) => amountIn(await readGroupFile(at('memory', path), 'memory.max_usage_in_bytes')),
    usage: (path) => usageOf({ cpu: at('cpuacct', path), memory: at('memory', path), pids: at('pids', path) }),
    async detail(path) {
      const stat = await readGroupFile(at('memory', path), 'memory.stat')
      return { swapBytes: stat !== undefined && /^total_swap /m.test(stat) ? counter(stat, 'total_swap') : undefined, pressures: {} }
    },
    pids: (path) => processesIn(at(census, path)),
    async list() {
      const names = await Promise.all(hierarchies.map((controller) => childGroups(at(controller, parent))))
      return [...new Set(names.flat())].filter((name) => name.startsWith(POD_PREFIX)).map((name) => name.slice(POD_PREFIX.length))
    },
  }
}

/** Names of the mounted hierarchies; `cpu,cpuacct` and the like are links to one of them and appear under each name. */
async function hierarchiesIn(root: string): Promise<readonly string[]> {
  const names = (await namesIn(root)).filter((name) => name !== 'unified' && !name.includes(','))
  const folders = await Promise.all(names.map(async (name) => ((await isFolder(join(root, name))) ? [name] : [])))
  return folders.flat()
}

function settings(controller: (typeof OURS)[number], limits: PodLimits): ReadonlyArray<readonly [string, number]> {
  switch (controller) {
    case 'cpu':
      return [['cpu.shares', limits.cpuShares], ...(limits.cpuQuotaMicros === undefined ? [] : ([['cpu.cfs_period_us', PERIOD_MICROS], ['cpu.cfs_quota_us', limits.cpuQuotaMicros]] as const))]
    case 'memory':
      return limits.memoryBytes === undefined ? [] : [['memory.limit_in_bytes', limits.memoryBytes]]
    case 'cpuacct':
    case 'hugetlb':
      return []
    case 'pids':
      return limits.pids === undefined ? [] : [['pids.max', limits.pids]]
  }
}

/** Those of a group that had others before: what is unlimited now must be said. */
function changedSettings(controller: (typeof OURS)[number], limits: PodLimits): ReadonlyArray<readonly [string, number]> {
  return settings(controller, { ...limits, cpuQuotaMicros: limits.cpuQuotaMicros ?? UNLIMITED, memoryBytes: limits.memoryBytes ?? UNLIMITED })
}

async function usageOf({ cpu, memory, pids }: { readonly cpu: string; readonly memory: string; readonly pids: string }): Promise<CgroupUsage | undefined> {
  const [used, bytes, stat, processes] = await Promise.all([readGroupFile(cpu, 'cpuacct.usage'), readGroupFile(memory, 'memory.usage_in_bytes'), readGroupFile(memory, 'memory.stat'), readGroupFile(pids, 'pids.current')])
  if (used === undefined || bytes === undefined) return undefined
  return {
    cpuNanos: Number(used),
    memoryBytes: Math.max(0, Number(bytes) - counter(stat, 'total_inactive_file')),
    memoryUsageBytes: Number(bytes),
    rssBytes: counter(stat, 'total_rss'),
    pageFaults: counter(stat, 'total_pgfault'),
    majorPageFaults: counter(stat, 'total_pgmajfault'),
    processes: amountIn(processes),
  }
}

