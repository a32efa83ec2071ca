import { cpus, freemem, totalmem } from 'node:os'

/** What the whole machine has used of its processors since it began, and uses of its memory now. */
export function machineUsage(): { readonly cpuNanos: number; readonly memoryBytes: number; readonly memoryTotalBytes: number } {
  const busyMs = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  const total = totalmem()
  return { cpuNanos: busyMs * 1e6, memoryBytes: total - freemem(), memoryTotalBytes: total }
}
