import { readlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * crun links `/dev/core` to the kernel's memory, which no other runtime shows. Taken away before the container's process begins, where `/dev` is the container's own
 * (a volume there may be the node's).
 */
export async function withoutCore(pid: number, config: Readonly<Record<string, unknown>>): Promise<void> {
  const mounts = (config['mounts'] ?? []) as ReadonlyArray<{ readonly destination?: string; readonly type?: string }>
  if (!mounts.every(({ destination, type }) => destination !== '/dev' || type === 'tmpfs')) return
  const path = join(`/proc/${pid}/root`, 'dev/core')
  // Not there (runc), or its process is gone: nothing to take away.
  if ((await readlink(path).catch(() => '')) === '/proc/kcore') await unlink(path).catch(() => {})
}
