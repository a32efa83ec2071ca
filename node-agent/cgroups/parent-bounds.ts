import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Holds all pods together to what the node does not keep for itself. Written at each start of an agent, also to lift a bound that an agent before it set.
 *
 * @param parent the group of all pods, `/gantry/lab/n1/pods`. Answers the file that was written, if one was.
 */
export async function boundPods(version: 1 | 2, parent: string, { memoryBytes, root = '/sys/fs/cgroup' }: { readonly memoryBytes: number | undefined; readonly root?: string }): Promise<string | undefined> {
  const [file, value] = version === 2 ? [join(root, parent, 'memory.max'), memoryBytes ?? 'max'] : [join(root, 'memory', parent, 'memory.limit_in_bytes'), memoryBytes ?? -1]
  if (memoryBytes !== undefined) await mkdir(dirname(file), { recursive: true })
  return writeFile(file, String(value)).then(
    () => file,
    () => undefined,
  )
}
