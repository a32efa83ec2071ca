import { readFile } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'

/** What the whole machine has used of its processors since it began, and uses of its memory now. */
export function machineUsage(): { readonly cpuNanos: number; readonly memoryBytes: number; readonly memoryTotalBytes: number } {
  const busyMs = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  const total = totalmem()
  return { cpuNanos: busyMs * 1e6, memoryBytes: total - freemem(), memoryTotalBytes: total }
}

/** When this machine was booted, as its kernel tells it: the same at each call while nobody sets the clock. */
export const bootedMs = async (): Promise<number | undefined> => bootedIn(await readFile('/proc/stat', 'utf8'))

export function bootedIn(stat: string): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
