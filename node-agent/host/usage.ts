import { readFile } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'

/** What the whole machine has used of its processors since it began, and uses of its memory now. */
export function machineUsage(): { readonly cpuNanos: number; readonly memoryBytes: number; readonly memoryTotalBytes: number } {
  const busyMs = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  const total = totalmem()
  return { cpuNanos: busyMs * 1e6, memoryBytes: total - freemem(), memoryTotalBytes: total }
}

/** Of the whole machine: what kubelet reads from the root of the control groups. Bytes, and faults since it was booted. */
export interface MachineMemory {
  readonly rssBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  readonly swapBytes: number
  readonly swapLimitBytes: number
}

export async function machineMemory(): Promise<MachineMemory> {
  const [meminfo, vmstat] = await Promise.all([readFile('/proc/meminfo', 'utf8'), readFile('/proc/vmstat', 'utf8')])
  return parseMachineMemory(meminfo, vmstat)
}

export function parseMachineMemory(meminfo: string, vmstat: string): MachineMemory {
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024
  const count = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(vmstat)?.[1] ?? 0)
  return { rssBytes: bytes('AnonPages'), pageFaults: count('pgfault'), majorPageFaults: count('pgmajfault'), swapBytes: bytes('SwapTotal') - bytes('SwapFree'), swapLimitBytes: bytes('SwapTotal') }
}

/** When this machine was booted, as its kernel tells it: the same at each call while nobody sets the clock. */
export const bootedMs = async (): Promise<number | undefined> => bootedIn(await readFile('/proc/stat', 'utf8'))

export function bootedIn(stat: string): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
