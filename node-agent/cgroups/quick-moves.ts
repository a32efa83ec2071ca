import { open, readFile, writeFile } from 'node:fs/promises'
import { sleep, type Clock } from '../../shared/kit/clock.ts'

/** Before the kernel closes the way again: it waits for a grace period of at least one tick (4 to 10 ms). */
const AGAIN_MS = 3

/**
 * Work during which processes are moved between groups, made quicker: the kernel lets the first move wait for all processors (7 to 16 ms), and those
 * that follow closely go at once. So this process is moved, to where it is, from the beginning of the work on, and the wait falls in
 * the time in which the runtime is still being started.
 */
export interface QuickMoves {
  during<T>(work: () => Promise<T>): Promise<T>
}

export const plainMoves: QuickMoves = { during: (work) => work() }

/** Where moves cannot be made (no such file, no right to write it) the work is done as it is. */
export async function quickMoves(clock: Clock, root = '/sys/fs/cgroup'): Promise<QuickMoves> {
  const file = ownGroupFile(await readFile('/proc/self/cgroup', 'utf8').catch(() => ''), root)
  const own = String(process.pid)
  try {
    await writeFile(file, own)
  } catch {
    return plainMoves
  }
  let working = 0
  const keepMoving = async (): Promise<void> => {
    await using group = await open(file, 'w')
    while (working > 0) {
      await group.write(own)
      await sleep(clock, AGAIN_MS)
    }
  }
  return {
    async during(work) {
      if (++working === 1) keepMoving().catch(() => {})
      try {
        return await work()
      } finally {
        working--
      }
    },
  }
}

/** Of a version 1 hierarchy, or of the single version 2 one: all share what is waited for. */
export function ownGroupFile(ownGroups: string, root: string): string {
  const lines = ownGroups.split('\n').map((line) => line.split(':'))
  const [, controller = '', path = '/'] = lines.find(([, name]) => name === 'freezer') ?? lines.find(([, name]) => name === '') ?? []
  return [root, controller, path === '/' ? '' : path.slice(1), 'cgroup.procs'].filter((part) => part !== '').join('/')
}
