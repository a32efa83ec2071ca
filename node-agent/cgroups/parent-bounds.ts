import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cpuShares } from '../runtime/oci-resources.ts'
import { weightOf } from './version2.ts'

export interface PodsBounds {
  /** Undefined: no bound. */
  readonly memoryBytes: number | undefined
  /** Thousandths of a processor that are for pods where others want them too, as kubelet counts; undefined: the share every group has. */
  readonly cpuMillis: number | undefined
  readonly root?: string
}

/**
 * Holds all pods together to what the node does not keep for itself. Written at each start of an agent, also to lift a bound that an agent before it set.
 *
 * @param parent the group of all pods, `/gantry/lab/n1/pods`. Answers the files that were written.
 */
export async function boundPods(version: 1 | 2, parent: string, { memoryBytes, cpuMillis, root = '/sys/fs/cgroup' }: PodsBounds): Promise<readonly string[]> {
  const shares = cpuMillis === undefined ? undefined : cpuShares(cpuMillis)
  const bounds: ReadonlyArray<readonly [file: string, bound: number | undefined, none: number | string]> =
    version === 2
      ? [
          [join(root, parent, 'memory.max'), memoryBytes, 'max'],
          [join(root, parent, 'cpu.weight'), shares === undefined ? undefined : weightOf(shares), 100],
        ]
      : [
          [join(root, 'memory', parent, 'memory.limit_in_bytes'), memoryBytes, -1],
          [join(root, 'cpu', parent, 'cpu.shares'), shares, 1024],
        ]
  const written = await Promise.all(
    bounds.map(async ([file, bound, none]) => {
      if (bound !== undefined) await mkdir(dirname(file), { recursive: true })
      return writeFile(file, String(bound ?? none)).then(
        () => [file],
        () => [],
      )
    }),
  )
  return written.flat()
}
