/** What others need for the same pods: hands (the kernel's and the runtime's own means, nothing else), and podman. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { enterGroup } from '../../deploy/lab/cgroups.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Cluster } from './cluster.ts'
import { run } from './run.ts'

const UNIFIED = '/sys/fs/cgroup/unified'

export interface Starts {
  /** Until all ran. */
  readonly allMs: number
  readonly eachMs: readonly number[]
}

/**
 * Pods made by hand, so many at once, with the lab's share of the processors, by a process in a mount namespace of its own (without the version 2 tree, which
 * crun refuses on hybrid hosts).
 */
export const floorPods = (lab: Cluster, pods: number, parallel: number): Promise<Starts> => startsOf(lab, 'floor-pods.ts', [String(pods), String(parallel), `${layoutOf(lab.spec).cgroup}/floor`])

/** The same by `podman run`, one after another. */
export const podmanPods = (lab: Cluster, pods: number): Promise<Starts> => startsOf(lab, 'podman-pods.ts', [String(pods), `${layoutOf(lab.spec).cgroup}/podman`])

async function startsOf(lab: Cluster, script: string, args: readonly string[]): Promise<Starts> {
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, script), ...args]
  const hide = existsSync(`${UNIFIED}/cgroup.procs`) ? `umount ${UNIFIED} && ` : ''
  const text = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `${enterGroup(`${layoutOf(lab.spec).cgroup}/supervisor`)}\n${hide}exec "$@"`, 'sh', ...words])
  const [allMs = Number.NaN, ...eachMs] = text.trim().split(' ').map(Number)
  return { allMs, eachMs }
}
